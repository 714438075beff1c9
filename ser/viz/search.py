"""The picture of a search: its scores in order, and against each hyperparameter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ser.colors import FAINT, INK
from ser.errors import SerError
from ser.training.tuning.space import SearchRange, Space
from ser.training.tuning.trial import Trial, best_trial
from ser.viz.figure import check_target, house_style, new_figure, save_figure, shorten, show_spines

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COMPLETE = "#1B4A9C"
_PRUNED = "#B9C0C8"
_BEST = "#C8420A"
_COLUMNS = 4
_WIDTH = 2.7


def draw_search(
    target: Path, trials: Sequence[Trial], space: Space, title: str = "", subtitle: str = ""
) -> None:
    """Draws how a search went and writes the picture.

    Above, the score of each trial in order, with the best so far; below, a panel per
    hyperparameter. Trials that were given up stand where they were then, and pale.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        trials: The finished trials in order.
        space: Where was looked.
        title: A heading.
        subtitle: A smaller line below it, such as the protocol.

    Raises:
        SerError: No trial has a score, the suffix is unknown, or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    scored = [trial for trial in trials if trial.score is not None]
    if not scored:
        raise SerError("search", "holds no scores to draw", "let it finish a trial")
    columns = min(_COLUMNS, max(2, len(space)))
    rows = math.ceil(len(space) / columns)
    with house_style():
        figure = new_figure(_WIDTH * columns + 0.5, 3.2 + 2.1 * rows)
        grid = figure.add_gridspec(rows + 1, columns, height_ratios=[1.35, *[1.0] * rows])
        _draw_order(figure.add_subplot(grid[0, :]), scored)
        first: Any = None
        for i, (name, found) in enumerate(space.items()):
            axes = figure.add_subplot(grid[1 + i // columns, i % columns], sharey=first)
            first = first or axes
            _draw_hyperparameter(axes, name, found, scored)
            axes.tick_params(labelleft=i % columns == 0)
        if title:
            figure.suptitle(shorten(title, 60), x=0.01, ha="left", fontsize=13, fontweight="bold")
        if subtitle:
            figure.supxlabel(shorten(subtitle, 130), x=0.01, ha="left", fontsize=8.5, color=FAINT)
        save_figure(figure, target)


def _draw_order(axes: Axes, trials: Sequence[Trial]) -> None:
    from matplotlib.ticker import MaxNLocator

    for outcome, color, label in (
        ("complete", _COMPLETE, "trained on every inner fold"),
        ("pruned", _PRUNED, "given up"),
    ):
        some = [t for t in trials if (t.outcome == "complete") == (outcome == "complete")]
        if some:
            axes.plot(
                [t.number for t in some],
                [t.score or 0.0 for t in some],
                "o",
                color=color,
                markersize=5,
                label=label,
            )
    complete = [t for t in trials if t.outcome == "complete"]
    if complete:
        best = np.maximum.accumulate([t.score or 0.0 for t in complete])
        axes.step(
            [*(t.number for t in complete), max(t.number for t in trials)],
            [*best, best[-1]],
            where="post",
            color=_BEST,
            linewidth=1.6,
            label="best so far",
            zorder=1,
        )
    winner = best_trial(list(trials))
    if winner is not None and winner.score is not None:
        axes.plot(
            winner.number, winner.score, "o", color=_BEST, markersize=7, markeredgecolor="white"
        )
        axes.annotate(
            f"{winner.score:.3f}",
            (winner.number, winner.score),
            xytext=(0, 7),
            textcoords="offset points",
            ha="center",
            va="bottom",
            color=INK,
            fontsize=8.5,
        )
    axes.set_xlabel("trial")
    axes.set_ylabel("UAR on inner folds")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    end = max(t.number for t in trials)
    axes.set_xlim(0.5 - end / 50, end + 0.5 + end / 50)
    axes.margins(y=0.15)
    # Above the panel, where no trial can lie below it.
    axes.legend(
        frameon=False, fontsize=8.5, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), borderpad=0
    )
    _finish(axes)


def _draw_hyperparameter(
    axes: Axes, name: str, found: SearchRange, trials: Sequence[Trial]
) -> None:
    winner = best_trial(list(trials))
    for trial in sorted(trials, key=lambda t: (t is winner, t.outcome == "complete")):
        if name not in trial.values:
            continue
        value: Any = trial.values[name]
        position = found.choices.index(value) if found.choices else value
        color = _COMPLETE if trial.outcome == "complete" else _PRUNED
        axes.plot(
            position,
            trial.score or 0.0,
            "o",
            color=_BEST if trial is winner else color,
            markersize=6 if trial is winner else 4,
            markeredgecolor="white" if trial is winner else "none",
        )
    if found.choices:
        axes.set_xticks(range(len(found.choices)), [str(choice) for choice in found.choices])
        axes.set_xlim(-0.5, len(found.choices) - 0.5)
    else:
        _limit(axes, found)
    axes.set_title(shorten(name, 30), loc="left", fontsize=9.5)
    _finish(axes)


def _limit(axes: Axes, found: SearchRange) -> None:
    """Shows the whole range, and a little more for the points at its ends."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    if not found.log:
        spare = (found.high - found.low) / 25
        axes.set_xlim(found.low - spare, found.high + spare)
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=found.integer))
        return
    ratio = found.high / found.low
    axes.set_xscale("log")
    axes.set_xlim(found.low / ratio**0.04, found.high * ratio**0.04)
    marks = (1, 2, 5) if ratio < 30 else (1, 3) if ratio < 300 else (1,)
    axes.xaxis.set_major_locator(LogLocator(subs=marks, numticks=8))
    # Powers of ten as numbers: formulas are off in the house style.
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _finish(axes: Axes) -> None:
    axes.grid(color="#E4E7EA", linewidth=0.8)
    axes.set_axisbelow(True)
    show_spines(axes, "left", "bottom")
