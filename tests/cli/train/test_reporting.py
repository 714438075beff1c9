"""What ser-train says of an epoch, and the files beside the artifact."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.cli.common import Console
from ser.cli.train.reporting import report_epoch, write_views

ROWS = [
    {"epoch": 1.0, "loss": 1.25, "accuracy": 0.5},
    {"epoch": 2.0, "loss": 0.75, "accuracy": 0.625},
]


def test_an_epoch_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    report_epoch(Console("ser-train"), ROWS[1], 8, "fold 3: ")
    assert capsys.readouterr().err == "fold 3: epoch 2/8: loss 0.750, accuracy 0.625\n"


def test_only_what_was_asked_for_is_written(tmp_path: Path) -> None:
    write_views(None, ROWS, "m.keras", "cnn", "made up", history=None, plot=None, plot_model=None)
    assert list(tmp_path.iterdir()) == []
    history, plot = tmp_path / "h.csv", tmp_path / "c.svg"
    write_views(
        None,
        ROWS,
        "m.keras",
        "cnn",
        "made up",
        history=str(history),
        plot=str(plot),
        plot_model=None,
    )
    assert history.read_text() == "epoch,loss,accuracy\n1,1.25,0.5\n2,0.75,0.625\n"
    drawn = plot.read_text()
    assert "m.keras" in drawn
    assert "made up" in drawn
