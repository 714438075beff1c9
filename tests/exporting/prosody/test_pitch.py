"""The pitch contour against the one that NumPy finds."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SPEC, spectra_of, tensorflow

from ser.exporting.prosody.pitch import track_pitch
from ser.features import banks
from ser.features.prosody import pitch


@pytest.mark.parametrize("name", CLIPS)
def test_the_contour_is_the_same(name: str) -> None:
    power, valid, expected_power = spectra_of(CLIPS[name])
    found = track_pitch(tensorflow(), power, SPEC, valid)
    expected = pitch.track_pitch(
        expected_power, SPEC.sample_rate, banks.hann(SPEC.win_length, SPEC.n_fft)
    )
    count = len(expected_power)
    np.testing.assert_array_equal(found.voiced[:count] > 0, expected.voiced)
    np.testing.assert_allclose(found.semitones[:count], expected.semitones, atol=2e-4)
    np.testing.assert_allclose(found.strength[:count], expected.strength, atol=2e-4)
    assert not np.any(found.voiced[count:])
    assert expected.voiced.any() == (name not in ("silence", "whisper"))


@pytest.mark.parametrize("frames", [1, 2, 3, 9])
def test_of_few_frames(frames: int) -> None:
    power, valid, _ = spectra_of(CLIPS["angry"])
    part = slice(20, 20 + frames)
    found = track_pitch(tensorflow(), power[part], SPEC, valid[part])
    window = banks.hann(SPEC.win_length, SPEC.n_fft)
    expected = pitch.track_pitch(np.array(power[part]), SPEC.sample_rate, window)
    np.testing.assert_array_equal(found.voiced > 0, expected.voiced)
