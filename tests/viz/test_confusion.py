"""Pictures of confusion matrices."""

from __future__ import annotations

from pathlib import Path

from ser.viz.confusion import draw_confusion


def test_a_class_that_does_not_occur(tmp_path: Path) -> None:
    draw_confusion(tmp_path / "c.svg", [[5, 1], [0, 0]], ["sad", "calm"])
    assert ">calm  (0)<" in (tmp_path / "c.svg").read_text()
