"""The learning curves of a training: loss and scores per epoch, training and validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ser.colors import FAINT, INK
from ser.errors import SerError
from ser.viz.figure import check_target, house_style, new_figure, save_figure, shorten, show_spines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_VALIDATION = "val_"
_COLORS = ("#1B4A9C", "#C8420A", "#159B5A", "#67245F")
# Columns that a history has beside scores.
_NOT_SCORES = ("epoch", "lr", "learning_rate", "seconds", "time")


def draw_curves(
    target: Path, history: Mapping[str, Sequence[float]], title: str = "", subtitle: str = ""
) -> None:
    """Draws learning curves and writes the picture.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        history: Values per epoch by name, as Keras gives them: ``loss``, ``val_loss``,
            ``accuracy``, ``val_uar`` ... Names with ``val_`` are of the validation clips. Values
            that are not finite leave a gap.
        title: A heading.
        subtitle: A smaller line beside it, such as corpus and seed.

    Raises:
        SerError: The history holds no curve, the suffix is unknown, or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    names = list(
        dict.fromkeys(
            name.removeprefix(_VALIDATION)
            for name in history
            if name not in _NOT_SCORES and len(history[name])
        )
    )
    losses = [name for name in names if "loss" in name]
    scores = [name for name in names if "loss" not in name]
    panels = [panel for panel in (("loss", losses), ("score", scores)) if panel[1]]
    if not panels:
        raise SerError("training history", "holds no curves", "train for at least one epoch")
    with house_style():
        figure = new_figure(5.2 * len(panels) + 0.4, 3.9)
        for axes, (kind, group) in zip(
            figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
        ):
            _draw_panel(axes, history, group, kind)
        if title:
            figure.suptitle(shorten(title, 60), x=0.01, ha="left", fontsize=13, fontweight="bold")
        if subtitle:
            figure.text(0.995, 0.985, shorten(subtitle, 70), ha="right", va="top", color=FAINT)
        save_figure(figure, target)


def _draw_panel(
    axes: Axes, history: Mapping[str, Sequence[float]], names: Sequence[str], kind: str
) -> None:
    from matplotlib.ticker import MaxNLocator

    for i, name in enumerate(names):
        color = _COLORS[i % len(_COLORS)]
        trained = np.asarray(history.get(name, ()), float)
        validated = np.asarray(history.get(_VALIDATION + name, ()), float)
        if len(trained):
            axes.plot(
                np.arange(1, len(trained) + 1),
                trained,
                color=color,
                linewidth=1.4,
                alpha=0.55,
                linestyle=(0, (4, 2)),
                label=f"{_display_name(name)}, training",
                marker="." if len(trained) == 1 else None,
            )
        if len(validated):
            axes.plot(
                np.arange(1, len(validated) + 1),
                validated,
                color=color,
                linewidth=2.0,
                label=f"{_display_name(name)}, validation",
                marker="." if len(validated) == 1 else None,
            )
            # Accuracy and UAR often peak in the same epoch: their labels go apart.
            _mark_best(axes, validated, lowest=kind == "loss", color=color, below=i % 2 == 1)
    axes.set_xlabel("epoch")
    axes.set_ylabel(kind)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if kind == "score":
        axes.set_ylim(0, 1.02)
    axes.grid(color="#E4E7EA", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="best", fontsize=8.5)
    show_spines(axes, "left", "bottom")


def _mark_best(
    axes: Axes, values: np.ndarray, *, lowest: bool, color: str, below: bool = False
) -> None:
    if not np.isfinite(values).any():
        return
    best = int(np.nanargmin(values) if lowest else np.nanargmax(values))
    axes.plot(best + 1, values[best], "o", color=color, markersize=6, markeredgecolor="white")
    axes.annotate(
        f"{values[best]:.3f}",
        (best + 1, values[best]),
        xytext=(0, -7 if below else 7),
        ha="center",
        va="top" if below else "bottom",
        textcoords="offset points",
        fontsize=8.5,
        color=INK,
    )


def _display_name(name: str) -> str:
    return {"uar": "UAR", "macro_f1": "macro F1"}.get(name, name.replace("_", " "))
