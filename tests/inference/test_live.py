"""Live windows: shown when they are known, and how late that is."""

from __future__ import annotations

import time

import pytest
from timelines import angry, sad

from ser.inference.live import Delays, end, follow, in_step, middle


def test_delays_are_measured_when_a_window_is_shown() -> None:
    origin, delays, order = time.monotonic(), Delays(), []
    windows = [angry(0, 3), sad(1, 4)]
    passing = follow(
        windows,
        # The moment 3.0 was heard 0.2 s ago.
        lambda moment: origin + moment - 3.2,
        end,
        delays,
        before=lambda: order.append("before"),
        show=lambda window, delay: order.append(f"{window.emotion} {delay:.1f}"),
    )
    written = []
    for window in passing:
        time.sleep(0.05)
        written.append(window)
        order.append("written")
    assert written == windows
    # The second one is ahead of its sound, which is no negative delay.
    assert order == ["before", "written", "angry 0.3", "before", "written", "sad 0.0"]
    assert delays.count == 2
    assert 0.25 <= delays.longest < 0.35
    assert delays.mean == pytest.approx(delays.longest / 2)


def test_windows_wait_for_their_middle() -> None:
    asked: list[float] = []

    def wait(moment: float) -> bool:
        asked.append(moment)
        return moment < 3

    windows = [angry(0, 3), angry(1, 4), sad(2, 5), sad(3, 6)]
    assert list(in_step(windows, wait)) == windows[:2]
    assert asked == [1.5, 2.5, 3.5]
    assert middle(windows[0]) == 1.5
