"""Feature families against those that NumPy computes, normalized and pooled in every way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from exported import CLIPS, clip_of, tensorflow

from ser.exporting.families import FUNCTIONS, Spectra, feature_matrix, finish
from ser.features.extract import Extractor, fit_frames
from ser.features.spec import FeatureSpec

SPEC = FeatureSpec(n_fft=512, win_length=512, hop_length=160, n_mels=40, n_mfcc=13)


def compared(samples: Any, spec: FeatureSpec, frames: int = 151) -> tuple[Any, Any]:
    """Features as an exported network has them, and as the extractor has them."""
    view = Spectra(tensorflow(), clip_of(samples), spec, None)
    matrix = Extractor(spec).compute(samples)
    expected = fit_frames(matrix, 1 if spec.pool != "none" else frames)
    return np.array(feature_matrix(view, frames)), expected


@pytest.mark.parametrize("clip", ["sad", "whisper", "silence"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_family(name: str, clip: str) -> None:
    mels = {"n_mels": 80, "fmin": 0.0} if name == "whisper" else {}
    found, expected = compared(CLIPS[clip], SPEC.with_changes(families=(name,), **mels))
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3)


@pytest.mark.parametrize("normalise", ["utterance", "coefficient"])
@pytest.mark.parametrize("pool", ["none", "mean", "stats"])
def test_normalized_and_pooled(normalise: str, pool: str) -> None:
    spec = SPEC.with_changes(families=("mfcc", "rms"), normalise=normalise, pool=pool)
    for name in ("sad", "silence"):
        found, expected = compared(CLIPS[name], spec)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_mel_power_and_fewer_frames_than_there_are() -> None:
    spec = SPEC.with_changes(families=("mel",), mel_scale="power")
    found, expected = compared(CLIPS["sad"], spec, frames=50)
    assert found.shape == (50, 40)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_frames_behind_the_clip_are_zero() -> None:
    tf = tensorflow()
    valid = np.array([1, 1, 0], np.float32)
    found = finish(tf, tf.ones((3, 2)), valid, SPEC, 5)
    np.testing.assert_array_equal(found, [[1, 1], [1, 1], [0, 0], [0, 0], [0, 0]])
