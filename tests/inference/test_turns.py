"""Windows within turns: how they are planned, and how they are cut while sound comes in."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from annotations import write_csv

from ser.audio.selection import DEFAULT
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec
from ser.inference.turns import (
    GivenTurns,
    ListedTurns,
    PlannedWindow,
    clip_turns,
    cut_turns,
    join_turns,
    plan_windows,
)
from ser.inference.windowing import TimeRange, Windowing
from ser.labels import NO_SPEECH
from ser.timeline.readers.registry import TurnFile
from ser.timeline.turn import Turn
from ser.timeline.window import Window

RATE = 16_000
EXTRACTOR = Extractor(FeatureSpec(sample_rate=RATE))


def spans(planned: list[PlannedWindow]) -> list[tuple[float, float]]:
    return [(round(window.start, 3), round(window.end, 3)) for window in planned]


def test_turns_are_divided_evenly() -> None:
    side_by_side = Windowing(3.0, 3.0)
    assert spans(plan_windows([Turn(1, 5)], side_by_side)) == [(1, 5)]
    assert spans(plan_windows([Turn(0, 5)], side_by_side)) == [(0, 2.5), (2.5, 5)]
    assert spans(plan_windows([Turn(2, 2.1)], side_by_side)) == [(2, 2.1)]


def test_windows_that_overlap_end_with_the_turn() -> None:
    found = spans(plan_windows([Turn(10, 15.8)], Windowing(3.0, 1.0)))
    assert found == [(10, 13), (11, 14), (12, 15), (12.8, 15.8)]
    assert spans(plan_windows([Turn(10, 15.2)], Windowing(3.0, 1.0)))[-1] == (12, 15)
    assert spans(plan_windows([Turn(10, 12)], Windowing(3.0, 1.0))) == [(10, 12)]
    assert spans(plan_windows([Turn(0, 6)], Windowing(3.0, 1.0), even=True)) == [(0, 3), (3, 6)]


def test_windows_of_all_turns_come_in_order() -> None:
    found = plan_windows([Turn(0, 9, "a"), Turn(1, 4, "b")], Windowing(3.0, 3.0))
    assert [(window.turn, window.start) for window in found] == [(0, 0), (1, 1), (0, 3), (0, 6)]


def test_turns_are_cut_to_the_part_that_is_analyzed() -> None:
    turns = [Turn(0, 2, "a"), Turn(3, 6, "b"), Turn(8, 9, "a")]
    assert clip_turns(turns, TimeRange(1, 5)) == [Turn(1, 2, "a"), Turn(3, 5, "b")]


def blocks(samples: Any, size: int) -> Iterator[Any]:
    for start in range(0, len(samples), size):
        yield samples[start : start + size]


@pytest.mark.parametrize("size", [100, 7001, 200_000])
@pytest.mark.parametrize("overlapping", [False, True])
def test_each_window_has_its_own_samples(size: int, overlapping: bool) -> None:
    samples = np.arange(10 * RATE, dtype=np.float32)
    turns = [Turn(0.5, 4, "a"), Turn(1, 2, "b"), Turn(6, 9.9, "a")]
    windowing = Windowing(1.0, 0.5 if overlapping else 1.0)
    planned = plan_windows(turns, windowing)
    batches = list(cut_turns(blocks(samples, size), EXTRACTOR, planned, overlapping=overlapping))
    times = [time for batch in batches for time in batch.times]
    assert times == [(window.start, window.end) for window in planned]
    grid = EXTRACTOR.spec.hop_length if overlapping else 1
    for batch in batches:
        if overlapping:
            signal: Any = batch.signal  # type: ignore[attr-defined]
            clips = [signal[start:stop] for start, stop in batch.spans]
        else:
            clips = batch.windows  # type: ignore[attr-defined]
        for clip, (start, end) in zip(clips, batch.times, strict=True):
            assert abs(clip[0] - start * RATE) <= grid
            assert abs(clip[-1] + 1 - end * RATE) <= grid


def test_what_lies_between_turns_is_not_in_a_batch() -> None:
    samples = np.zeros(600 * RATE, np.float32)
    turns = [Turn(float(at), at + 2.0) for at in range(0, 600, 60)]
    planned = plan_windows(turns, Windowing(1.0, 0.5))
    for batch in cut_turns(blocks(samples, RATE), EXTRACTOR, planned, overlapping=True):
        assert len(batch.signal) < 5 * RATE  # type: ignore[attr-defined]


def test_a_recording_that_ends_early() -> None:
    planned = plan_windows([Turn(0, 2), Turn(2, 4), Turn(5, 6)], Windowing(1.0, 1.0))
    (batch,) = cut_turns(
        blocks(np.zeros(int(2.5 * RATE), np.float32), 999), EXTRACTOR, planned, overlapping=False
    )
    assert batch.times == [(0, 1), (1, 2), (2, 2.5)]


def test_times_count_from_the_start_of_the_file() -> None:
    samples = np.arange(4 * RATE, dtype=np.float32)
    planned = plan_windows([Turn(12, 13)], Windowing(1.0, 1.0))
    (batch,) = cut_turns([samples], EXTRACTOR, planned, overlapping=False, offset=10.0)
    assert batch.windows[0][0] == 2 * RATE  # type: ignore[attr-defined]


def window(start: float, end: float, *shares: float) -> Window:
    probabilities = dict(zip(("angry", "sad"), shares, strict=False))
    return Window("a.wav", start, end, "angry" if shares else NO_SPEECH, 0.0, probabilities)


def test_a_record_is_the_mean_of_its_windows() -> None:
    turns = [Turn(0, 4, "a"), Turn(4, 5), Turn(9, 10, "b")]
    windows = [(0, window(0, 3, 0.9, 0.1)), (0, window(3, 4, 0.1, 0.9)), (1, window(4, 5))]
    first, silent, missing = join_turns(turns, windows, "a.wav")
    assert first.probabilities == pytest.approx({"angry": 0.7, "sad": 0.3})
    assert (first.start, first.end, first.emotion, first.speaker) == (0, 4, "angry", "a")
    assert first.confidence == pytest.approx(0.7)
    assert (silent.emotion, silent.speaker, silent.probabilities) == (NO_SPEECH, None, {})
    assert (missing.start, missing.emotion, missing.speaker) == (9, NO_SPEECH, "b")


def test_turns_that_are_given(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv")
    source = GivenTurns(TurnFile(str(path)))
    assert source.annotation("talk.wav") == str(path)
    assert len(source.turns("talk.wav", "talk.wav", DEFAULT)) == 3
    path.write_text("file,start\ntalk.wav,1\n")
    samples = (np.zeros(3 * RATE, np.float32), RATE)
    assert source.turns(samples, "talk.wav", DEFAULT) == [Turn(1, 3)]
    listed = ListedTurns((Turn(3, 4), Turn(1, 2)))
    assert listed.turns(samples, "talk.wav", DEFAULT) == [Turn(1, 2), Turn(3, 4)]


def test_planned_windows_leave_nothing_of_a_turn_out() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        start, length = rng.uniform(0, 100), rng.uniform(0.1, 30)
        duration = rng.uniform(0.5, 4)
        planned = plan_windows(
            [Turn(start, start + length)], Windowing(duration, duration * rng.uniform(0.2, 1.5))
        )
        assert planned[0].start == start
        assert planned[-1].end == pytest.approx(start + length, abs=0.5)
        assert all(b.start <= a.end + 1e-9 for a, b in itertools.pairwise(planned))
        assert all(math.isfinite(w.end) and w.end > w.start for w in planned)
