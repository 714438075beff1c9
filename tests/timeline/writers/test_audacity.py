"""Label tracks, read as Audacity's manual describes them."""

from __future__ import annotations

import re

from timelines import OVERLAPPING, angry, silence, unsure, written

from ser.timeline.window import Window

LINE = re.compile(r"(\d+\.\d{6})\t(\d+\.\d{6})\t([^\t]*)")


def read(text: str) -> list[tuple[float, float, str]]:
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    assert None not in found
    return [(float(f[1]), float(f[2]), f[3]) for f in found if f]


def test_a_label_per_window_with_speech() -> None:
    assert read(written("audacity", angry(0, 3), silence(3, 6), unsure(6, 9.25))) == [
        (0, 3, "angry 0.83"),
        (6, 9.25, "uncertain"),
    ]


def test_labels_may_overlap() -> None:
    assert len(read(written("audacity", *OVERLAPPING))) == 5


def test_a_label_stays_in_its_column() -> None:
    one = Window("a.wav", 0, 3, "very\tsad\n\\\t1", 0.5, {})
    assert read(written("audacity", one)) == [(0, 3, "very sad \\ 1 0.50")]
