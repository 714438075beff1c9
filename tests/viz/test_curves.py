"""Pictures of trainings."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import png_size

from ser.errors import SerError
from ser.viz.curves import draw_curves


@pytest.mark.parametrize(
    "history", [{}, {"epoch": [1, 2]}, {"loss": []}, {"learning_rate": [0.1], "loss": []}]
)
def test_a_history_without_curves_is_an_error(
    history: dict[str, list[float]], tmp_path: Path
) -> None:
    with pytest.raises(SerError, match="no curves"):
        draw_curves(tmp_path / "c.png", history)


def test_a_history_of_one_epoch_and_nan(tmp_path: Path) -> None:
    draw_curves(tmp_path / "c.png", {"loss": [float("nan")], "val_loss": [float("nan")]})
    assert png_size(tmp_path / "c.png")[0] > 400
