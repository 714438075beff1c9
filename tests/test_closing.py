"""A with block closes what it is given, also when something goes wrong in it."""

from __future__ import annotations

import pytest

from ser.closing import Closing


class Tap(Closing):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_closed_at_the_end() -> None:
    with Tap() as tap:
        assert tap.closed == 0
    assert tap.closed == 1


def test_closed_after_an_error_which_goes_on() -> None:
    tap = Tap()
    with pytest.raises(ValueError, match="leak"), tap:
        raise ValueError("leak")
    assert tap.closed == 1
