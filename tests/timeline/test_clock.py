"""Times as text, and text as times."""

from __future__ import annotations

import pytest

from ser.timeline.clock import format_time, parse_time


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5", 1.5), ("1:30", 90), ("01:02:03.25", 3723.25), (" 5 ", 5)],
)
def test_times(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds
    assert parse_time(format_time(seconds)) == pytest.approx(seconds, abs=0.051)


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:2:3:4", "now", "1e3", "nan", ":30", "1:-5"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        parse_time(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00.0"),
        (59.949, "0:59.9"),
        (59.96, "1:00.0"),
        (3599.97, "1:00:00.0"),
        (36_610.5, "10:10:10.5"),
    ],
)
def test_times_are_rounded_to_tenths(seconds: float, text: str) -> None:
    assert format_time(seconds) == text
