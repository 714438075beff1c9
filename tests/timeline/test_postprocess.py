"""Windows joined, and windows mark_uncertain."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from ser.errors import ParameterError, SerError
from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.overlap import emotion_spans
from ser.timeline.postprocess import (
    LAG_SECONDS,
    Postprocessing,
    join_segments,
    mark_uncertain,
    smooth,
)
from ser.timeline.window import Window


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
    found = list(join_segments(windows))
    assert brief(found) == [(0, 6, "angry"), (6, 10, "calm")]
    assert found[0].confidence == pytest.approx(0.8)
    # Longer windows count for more.
    assert found[1].confidence == pytest.approx((3 * 0.6 + 1.0) / 4)
    assert found[1].probabilities == pytest.approx({"calm": 0.7, "angry": 0.3})


def test_overlapping_windows_give_way_in_the_middle() -> None:
    windows = [window(i, i + 3, "angry" if i < 3 else "calm") for i in range(6)]
    assert brief(join_segments(windows)) == [(0, 4, "angry"), (4, 8, "calm")]


def test_gaps_and_silence() -> None:
    windows = [
        window(0, 1, "angry"),
        window(5, 6, "angry"),
        window(6, 7, NO_SPEECH),
        window(7, 8, NO_SPEECH),
        window(8, 9, "angry"),
    ]
    found = list(join_segments(windows))
    assert brief(found) == [(0, 1, "angry"), (5, 6, "angry"), (6, 8, NO_SPEECH), (8, 9, "angry")]
    assert (found[2].confidence, dict(found[2].probabilities)) == (0.0, {})
    assert list(join_segments([])) == []


def test_they_are_the_spans_of_the_picture() -> None:
    rng = np.random.default_rng(0)
    for hop in (0.5, 1.0, 3.0):
        names = rng.choice(["angry", "calm", NO_SPEECH], 60)
        windows = [window(i * hop, i * hop + 1.0, str(name)) for i, name in enumerate(names)]
        spans = [span for span in emotion_spans(windows) if span[2] != NO_SPEECH]
        found = [entry for entry in brief(join_segments(windows)) if entry[2] != NO_SPEECH]
        assert np.array([s[:2] for s in found]) == pytest.approx(np.array([s[:2] for s in spans]))
        assert [s[2] for s in found] == [s[2] for s in spans]


def test_doubt() -> None:
    windows = [window(0, 1, "angry", 0.9), window(1, 2, "calm", 0.55), window(2, 3, NO_SPEECH)]
    found = list(mark_uncertain(windows, 0.6))
    assert [w.emotion for w in found] == ["angry", UNCERTAIN, NO_SPEECH]
    assert found[1].probabilities == windows[1].probabilities
    assert found[1].confidence == 0.55
    assert list(mark_uncertain(windows, 0.0)) == windows
    # Exactly as much is enough.
    assert next(mark_uncertain(windows, 0.9)).emotion == "angry"


def test_uncertain_segments_say_how_much_was_known() -> None:
    windows = [window(0, 1, "calm", 0.55), window(1, 2, "angry", 0.55), window(2, 3, "angry", 0.6)]
    [found] = join_segments(mark_uncertain(windows, 0.7))
    assert (found.start, found.end, found.emotion) == (0, 3, UNCERTAIN)
    assert found.confidence == pytest.approx((0.45 + 0.55 + 0.6) / 3)


# The hidden Markov model: against all paths counted out, and what it is for.

NAMES = ("calm", "happy", "angry")


def weighed(start: float, end: float, *probabilities: float) -> Window:
    best = int(np.argmax(probabilities))
    values = dict(zip(NAMES, probabilities, strict=True))
    return Window("a.wav", start, end, NAMES[best], probabilities[best], values)


def silent(start: float, end: float) -> Window:
    return Window("a.wav", start, end, NO_SPEECH, 0.0, {})


def random(count: int, hop: float = 1.0, length: float = 1.0, seed: int = 0) -> list[Window]:
    rows = np.random.default_rng(seed).dirichlet([1, 1, 1], count).tolist()
    return [weighed(i * hop, i * hop + length, *row) for i, row in enumerate(rows)]


def rows(windows: Any) -> Any:
    return np.array([list(w.probabilities.values()) for w in windows])


def by_all_paths(windows: list[Window], stay: float) -> Any:
    """The posterior of every window's emotion, by counting out all sequences of emotions."""
    kept = stay ** (windows[1].start - windows[0].start)
    step = kept * np.eye(3) + (1 - kept) / 3
    result = np.zeros((len(windows), 3))
    seen = rows(windows)
    for path in itertools.product(range(3), repeat=len(windows)):
        weight = np.prod([seen[i, state] for i, state in enumerate(path)])
        weight *= np.prod([step[a, b] for a, b in itertools.pairwise(path)])
        for i, state in enumerate(path):
            result[i, state] += weight
    return result / result.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("stay", [0.0, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("hop", [1.0, 2.5])
def test_the_posterior_of_all_paths(stay: float, hop: float) -> None:
    windows = random(6, hop, hop)
    found = list(smooth(windows, stay))
    assert rows(found) == pytest.approx(by_all_paths(windows, stay), abs=1e-9)
    assert [(w.start, w.end) for w in found] == [(w.start, w.end) for w in windows]
    for w in found:
        assert w.confidence == max(w.probabilities.values()) == w.probabilities[w.emotion]


def test_a_moment_against_its_neighbours() -> None:
    windows = [weighed(i, i + 1, 0.8, 0.1, 0.1) for i in range(9)]
    windows[4] = weighed(4, 5, 0.4, 0.1, 0.5)
    assert [w.emotion for w in smooth(windows, 0.9)] == ["calm"] * 9
    # What is said clearly stays, and so does what lasts.
    windows[4] = weighed(4, 5, 0.001, 0.001, 0.998)
    assert [w.emotion for w in smooth(windows, 0.9)][4] == "angry"
    later = windows[:4] + [weighed(i, i + 1, 0.3, 0.1, 0.6) for i in range(4, 9)]
    found = [w.emotion for w in smooth(later, 0.9)]
    assert (found[:4], found[5:]) == (["calm"] * 4, ["angry"] * 4)


def test_without_memory_nothing_changes() -> None:
    windows = random(20)
    assert rows(smooth(windows, 0.0)) == pytest.approx(rows(windows), abs=1e-5)


def test_overlap_is_not_counted_twice() -> None:
    # The same sound cut four times as closely says the same, and not four times as much.
    once = [weighed(i, i + 1, 0.6, 0.2, 0.2) for i in range(8)]
    often = [weighed(i / 4, i / 4 + 1, 0.6, 0.2, 0.2) for i in range(32)]
    middle = rows(smooth(once, 0.9))[4]
    assert rows(smooth(often, 0.9))[16] == pytest.approx(middle, abs=0.05)


def test_silence_and_gaps_begin_anew() -> None:
    first, second = (
        random(4, seed=1),
        [weighed(i + 5, i + 6, *w.probabilities.values()) for i, w in enumerate(random(4, seed=2))],
    )
    alone = [*smooth(first, 0.9), *smooth(second, 0.9)]
    assert list(smooth([*first, *second], 0.9)) == alone
    pause = silent(4, 5)
    assert list(smooth([*first, pause, *second], 0.9)) == [*alone[:4], pause, *alone[4:]]
    assert list(smooth([pause, silent(5, 6)], 0.9)) == [pause, silent(5, 6)]
    assert list(smooth([], 0.9)) == []


def test_results_come_while_the_recording_runs() -> None:
    asked = 0

    def live() -> Any:
        nonlocal asked
        for w in random(200):
            asked += 1
            yield w

    for number, _ in enumerate(smooth(live(), 0.9)):
        assert asked - number <= LAG_SECONDS + 2
    assert asked == 200


def test_what_comes_later_than_the_lag_changes_next_to_nothing() -> None:
    windows = random(80)
    whole = rows(smooth(windows, 0.9))
    cut = rows(smooth(windows[:50], 0.9))
    assert cut[:15] == pytest.approx(whole[:15], abs=1e-9)
    assert cut[:25] == pytest.approx(whole[:25], abs=0.02)


@pytest.mark.parametrize("stay", [-0.1, 1.0, float("nan")])
def test_what_is_no_probability(stay: float) -> None:
    with pytest.raises(SerError, match=r"smooth=.*: is not a probability under 1"):
        list(smooth(random(2), stay))


def test_a_window_counts_by_the_share_of_its_sound_that_is_new() -> None:
    first, second = (
        Window("a.wav", start, start + 4, "angry", 0.8, {"calm": 0.2, "angry": 0.8})
        for start in (0, 1)
    )
    # With stay 0 the window before it says nothing about a window: what remains is its own sound,
    # of which a quarter is new.
    found = list(smooth([first, second], 0.0))[1].probabilities["angry"]
    assert found == pytest.approx(0.8**0.25 / (0.8**0.25 + 0.2**0.25))


@pytest.mark.parametrize(
    ("values", "name"),
    [({"stay": 1.0}, "smooth"), ({"stay": -0.1}, "smooth"), ({"min_confidence": 1.5}, "min_conf")],
)
def test_wrong_values_are_refused_before_any_window(values: dict[str, float], name: str) -> None:
    with pytest.raises(ParameterError, match=name):
        Postprocessing(**values)  # type: ignore[arg-type]


def test_the_steps_in_their_order() -> None:
    windows = [
        Window("a.wav", n, n + 1, "angry", 0.6, {"calm": 0.4, "angry": 0.6}) for n in range(4)
    ]
    assert list(Postprocessing()(windows)) == windows
    (segment,) = Postprocessing(min_confidence=0.7, join=True)(windows)
    assert (segment.emotion, segment.start, segment.end) == ("uncertain", 0, 4)
    # Smoothing comes first, and makes the windows sure.
    (segment,) = Postprocessing(0.9, 0.7, True)(windows)
    assert segment.emotion == "angry"
