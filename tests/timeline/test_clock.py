from __future__ import annotations

import pytest

from ser.timeline.clock import clock, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("90", 90), ("1.5", 1.5), ("1:30", 90), ("01:02:03.25", 3723.25), (" 5 ", 5)],
)
def test_times(text: str, seconds: float) -> None:
    assert seconds_of(text) == seconds
    assert seconds_of(clock(seconds)) == pytest.approx(seconds, abs=0.051)


@pytest.mark.parametrize("text", ["", "-1", "1:60", "1:2:3:4", "now", "1e3", "nan", ":30", "1:-5"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        seconds_of(text)
