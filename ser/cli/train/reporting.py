"""What ser-train says during a training, and what it writes beside the artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ser.cli.common import Console


def report_epoch(console: Console, row: Mapping[str, float], epochs: int, prefix: str = "") -> None:
    """Writes the figures of an epoch in a line.

    Args:
        console: The console.
        row: The figures of the epoch.
        epochs: Epochs of the training.
        prefix: What the line begins with.
    """
    figures = ", ".join(f"{key} {value:.3f}" for key, value in row.items() if key != "epoch")
    console.info(f"{prefix}epoch {int(row['epoch'])}/{epochs}: {figures}")


def write_views(
    model: Any,
    rows: Sequence[dict[str, float]],
    name: str,
    architecture: str,
    protocol: str,
    *,
    history: str | None,
    plot: str | None,
    plot_model: str | None,
) -> None:
    """Writes the history and draws the pictures that were asked for.

    Args:
        model: The network.
        rows: Its history.
        name: The name of the artifact.
        architecture: Describes the architecture.
        protocol: The protocol of the figures.
        history: Where to write a CSV row per epoch.
        plot: Where to draw the training curves.
        plot_model: Where to draw the network.
    """
    if history is not None:
        from ser.training.report import write_history

        write_history(history, rows)
    if plot is not None:
        from ser.viz.curves import draw_curves

        columns = {key: [row[key] for row in rows] for key in rows[0]}
        draw_curves(Path(plot), columns, name, protocol)
    if plot_model is not None:
        from ser.viz.network import draw_network

        draw_network(Path(plot_model), model, name, architecture)
