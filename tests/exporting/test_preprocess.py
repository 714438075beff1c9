"""Samples before the features: the same part of a clip is kept as by NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SIZE, clip_of, tensorflow

from ser.exporting.preprocess import STEPS, shorten, trim, whole
from ser.preprocess.registry import parse_step
from ser.preprocess.silence import trim_silence


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("before", [0, 700, 5000])
def test_silence_is_cut_off_as_numpy_does(name: str, before: int) -> None:
    samples = np.pad(CLIPS[name], (before, 3000))[:SIZE]
    found = trim(tensorflow(), clip_of(samples), 40.0)
    expected = trim_silence(samples, 40.0)
    assert int(found.length) == len(expected)
    np.testing.assert_array_equal(found.samples[: len(expected)], expected)
    assert not np.any(found.samples[len(expected) :])


def test_a_clip_with_sound_at_its_very_end_alone() -> None:
    samples = np.zeros(SIZE, np.float32)
    samples[-10:] = 0.5
    found = trim(tensorflow(), whole(tensorflow(), samples), 40.0)
    assert int(found.length) == len(trim_silence(samples, 40.0))


def test_clips_are_shortened() -> None:
    tf = tensorflow()
    found = shorten(tf, clip_of(CLIPS["sad"]), 8000)
    assert (found.size, int(found.length)) == (8000, 8000)
    assert int(shorten(tf, clip_of(CLIPS["short"]), 8000).length) == len(CLIPS["short"])
    assert shorten(tf, clip_of(CLIPS["sad"]), 2 * SIZE).size == SIZE


def test_steps_have_the_names_of_specifications() -> None:
    assert [parse_step(name).name for name in STEPS] == list(STEPS)
