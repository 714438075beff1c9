"""Windows joined, and windows doubted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.timeline.doubt import doubted
from ser.timeline.record import NO_SPEECH, UNCERTAIN, Window
from ser.timeline.segments import segments
from ser.timeline.spans import winning_spans


def window(start: float, end: float, emotion: str, confidence: float = 0.8) -> Window:
    if emotion == NO_SPEECH:
        return Window("a.wav", start, end, emotion, 0.0, {})
    other = "calm" if emotion == "angry" else "angry"
    return Window(
        "a.wav", start, end, emotion, confidence, {emotion: confidence, other: 1 - confidence}
    )


def brief(found: Any) -> list[tuple[float, float, str]]:
    return [(w.start, w.end, w.emotion) for w in found]


def test_windows_side_by_side() -> None:
    windows = [
        window(0, 3, "angry", 0.9),
        window(3, 6, "angry", 0.7),
        window(6, 9, "calm", 0.6),
        window(9, 10, "calm", 1.0),
    ]
    found = list(segments(windows))
    assert brief(found) == [(0, 6, "angry"), (6, 10, "calm")]
    assert found[0].confidence == pytest.approx(0.8)
    # Longer windows count for more.
    assert found[1].confidence == pytest.approx((3 * 0.6 + 1.0) / 4)
    assert found[1].probabilities == pytest.approx({"calm": 0.7, "angry": 0.3})


def test_overlapping_windows_give_way_in_the_middle() -> None:
    windows = [window(i, i + 3, "angry" if i < 3 else "calm") for i in range(6)]
    assert brief(segments(windows)) == [(0, 4, "angry"), (4, 8, "calm")]


def test_gaps_and_silence() -> None:
    windows = [
        window(0, 1, "angry"),
        window(5, 6, "angry"),
        window(6, 7, NO_SPEECH),
        window(7, 8, NO_SPEECH),
        window(8, 9, "angry"),
    ]
    found = list(segments(windows))
    assert brief(found) == [(0, 1, "angry"), (5, 6, "angry"), (6, 8, NO_SPEECH), (8, 9, "angry")]
    assert (found[2].confidence, dict(found[2].probabilities)) == (0.0, {})
    assert list(segments([])) == []


def test_they_are_the_spans_of_the_picture() -> None:
    rng = np.random.default_rng(0)
    for hop in (0.5, 1.0, 3.0):
        names = rng.choice(["angry", "calm", NO_SPEECH], 60)
        windows = [window(i * hop, i * hop + 1.0, str(name)) for i, name in enumerate(names)]
        spans = [span for span in winning_spans(windows) if span[2] != NO_SPEECH]
        found = [entry for entry in brief(segments(windows)) if entry[2] != NO_SPEECH]
        assert np.array([s[:2] for s in found]) == pytest.approx(np.array([s[:2] for s in spans]))
        assert [s[2] for s in found] == [s[2] for s in spans]


def test_doubt() -> None:
    windows = [window(0, 1, "angry", 0.9), window(1, 2, "calm", 0.55), window(2, 3, NO_SPEECH)]
    found = list(doubted(windows, 0.6))
    assert [w.emotion for w in found] == ["angry", UNCERTAIN, NO_SPEECH]
    assert found[1].probabilities == windows[1].probabilities
    assert found[1].confidence == 0.55
    assert list(doubted(windows, 0.0)) == windows
    # Exactly as much is enough.
    assert next(doubted(windows, 0.9)).emotion == "angry"


def test_uncertain_segments_say_how_much_was_known() -> None:
    windows = [window(0, 1, "calm", 0.55), window(1, 2, "angry", 0.55), window(2, 3, "angry", 0.6)]
    [found] = segments(doubted(windows, 0.7))
    assert (found.start, found.end, found.emotion) == (0, 3, UNCERTAIN)
    assert found.confidence == pytest.approx((0.45 + 0.55 + 0.6) / 3)
