"""What ser-train says and writes of a training beside the artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser.cli.common import Console


def say_epoch(console: Console, row: Mapping[str, float], epochs: int, before: str = "") -> None:
    """Says the figures of an epoch in a line."""
    figures = ", ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "epoch")
    console.info(f"{before}epoch {int(row['epoch'])}/{epochs}: {figures}")


def write_views(
    model: Any,
    rows: Sequence[dict[str, float]],
    name: str,
    described: str,
    protocol: str,
    *,
    history: str | None,
    plot: str | None,
    plot_model: str | None,
) -> None:
    """Writes what was asked for.

    Args:
        model: The network.
        rows: Its history.
        name: Of the artifact.
        described: The architecture in words.
        protocol: How figures came about, in words.
        history: Where to write a CSV row per epoch.
        plot: Where to draw the curves.
        plot_model: Where to draw the network.
    """
    if history is not None:
        from ser.training.report import write_history

        write_history(history, rows)
    if plot is not None:
        from ser.plots.curves import draw_curves

        columns = {key: [row[key] for row in rows] for key in rows[0]}
        draw_curves(Path(plot), columns, name, protocol)
    if plot_model is not None:
        from ser.plots.network import draw_network

        draw_network(Path(plot_model), model, name, described)
