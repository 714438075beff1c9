"""Spectra by matrix products against those of the Fourier transform."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SPEC, clip_of, spectra_of, tensorflow

from ser.exporting.spectrum import cut_frames, frame_count, power_of_frames
from ser.features.spec import FeatureSpec


@pytest.mark.parametrize(
    ("n_fft", "win_length", "hop"),
    [(1024, 1024, 256), (400, 400, 160), (512, 320, 100), (441, 441, 130), (509, 509, 509)],
)
def test_spectra_of_any_length(n_fft: int, win_length: int, hop: int) -> None:
    spec = FeatureSpec(n_fft=n_fft, win_length=win_length, hop_length=hop)
    power, valid, expected = spectra_of(CLIPS["sad"], spec)
    assert int(sum(valid)) == len(expected)
    assert power.shape[1] == n_fft // 2 + 1
    np.testing.assert_allclose(
        power[: len(expected)], expected, rtol=1e-4, atol=3e-6 * expected.max()
    )


def test_frames_behind_a_clip_are_counted_out() -> None:
    tf = tensorflow()
    for length in (1, 255, 256, 257, 24_000):
        clip = clip_of(np.ones(length, np.float32))
        assert int(frame_count(tf, clip, SPEC)) == 1 + length // 256


def test_frames_overlap() -> None:
    frames = cut_frames(tensorflow(), tensorflow().range(10.0), 4, 2, 5)
    expected = [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8, 9], [8, 9, 0, 0]]
    np.testing.assert_array_equal(frames, expected)


def test_a_tone_is_where_it_is() -> None:
    tone = np.sin(2 * np.pi * 100 * np.arange(1024) / 1024).astype(np.float32)
    power = np.array(power_of_frames(tensorflow(), tone[None], SPEC))
    assert power[0].argmax() == 100
    assert power[0, 110:].max() < 1e-9 * power.max()
