"""The picture of a confusion matrix: recall in per cent, and counts."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser.colors import FAINT, INK, emotion_color
from ser.viz.figure import check_target, house_style, new_figure, save_figure, shorten, show_spines


def draw_confusion(
    target: Path,
    confusion: Sequence[Sequence[int]],
    labels: Sequence[str],
    title: str = "",
    subtitle: str = "",
) -> None:
    """Draws a confusion matrix and writes the picture.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        confusion: Clips, rows true and columns predicted, (labels, labels).
        labels: The names of rows and columns.
        title: A heading.
        subtitle: A smaller line below it: protocol, corpus, number of clips.

    Raises:
        SerError: The suffix is unknown or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    counts = np.asarray(confusion)
    support = counts.sum(axis=1)
    shares = counts / np.maximum(support, 1)[:, None]
    size = len(labels)
    with house_style():
        from matplotlib.colors import LinearSegmentedColormap

        blues = LinearSegmentedColormap.from_list("ser", ["#F7F9FB", "#8FB4D9", "#12376B"])
        width = max(5.0, 2.4 + 0.72 * size)
        figure = new_figure(width, 2.2 + 0.66 * size)
        axes = figure.subplots()
        axes.imshow(shares, cmap=blues, vmin=0, vmax=1, aspect="auto")
        for row, column in np.ndindex(size, size):
            if not counts[row, column]:
                continue
            ink = "white" if shares[row, column] > 0.5 else INK
            weight = "bold" if row == column else "normal"
            place: dict[str, Any] = {"ha": "center", "color": ink}
            axes.text(
                column,
                row - 0.02,
                f"{shares[row, column]:.0%}",
                va="bottom",
                fontweight=weight,
                fontsize=10.5,
                **place,
            )
            axes.text(column, row + 0.08, f"{counts[row, column]}", va="top", fontsize=7.5, **place)
        names = [shorten(label, 14) for label in labels]
        axes.set_xticks(range(size), names, rotation=35, ha="right", rotation_mode="anchor")
        axes.set_yticks(range(size), [f"{n}  ({s})" for n, s in zip(names, support, strict=True)])
        for ticks in (axes.get_xticklabels(), axes.get_yticklabels()):
            for tick, label in zip(ticks, labels, strict=True):
                tick.set_color(emotion_color(label))
                tick.set_fontweight("bold")
        axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
        axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
        axes.grid(which="minor", color="white", linewidth=1.6)
        axes.tick_params(which="both", length=0)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true (clips)")
        show_spines(axes)
        # A letter of the subtitle is about 0.065 inches wide; row names stand to its left.
        room = int((width - 1.6) / 0.065)
        lines = [part for line in subtitle.splitlines() for part in textwrap.wrap(line, room)]
        axes.set_title(
            shorten(title, 60), loc="left", fontsize=13, fontweight="bold", pad=8 + 11 * len(lines)
        )
        axes.annotate(
            "\n".join(lines),
            (0, 1),
            (0, 6),
            "axes fraction",
            "offset points",
            fontsize=8.5,
            color=FAINT,
        )
        save_figure(figure, target)
