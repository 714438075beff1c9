"""Level and broad envelope, as they were before periods moved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser import audio
from ser.features import banks
from ser.translation.contours import SPEC, contours_of
from ser.translation.correction import correction
from ser.translation.filtering import filtered

RATE = 16_000


def speech(rate: int = RATE) -> Any:
    return np.asarray(render("sad", 3, seed=1, seconds=1.5, sample_rate=rate), np.float32)


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_what_did_not_move_needs_nothing(rate: int) -> None:
    samples = speech(rate)
    contours = contours_of(audio.resample(samples, rate, RATE))
    rows = np.arange(len(contours), dtype=np.float64)
    found = correction(samples, rate, contours, rows, np.zeros(len(rows)))
    assert found.shape == (len(contours), SPEC.n_mels)
    assert np.abs(found).max() < 0.01


def test_a_broad_change_is_found_and_a_fine_one_is_not() -> None:
    samples = speech()
    contours = contours_of(samples)
    rows = np.arange(len(contours), dtype=np.float64)
    basis = banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)
    inner = np.convolve(contours.voiced, np.ones(9), "same") == 9
    assert inner.sum() > 20
    for broad in (True, False):
        curve = 12 * basis[2 if broad else 20]
        gain = np.broadcast_to(curve, (len(rows), SPEC.n_mels)).astype(np.float32)
        changed = filtered(samples, RATE, gain, rows * 160)
        found = correction(changed, RATE, contours, rows, np.zeros(len(rows)))
        expected = -curve if broad else np.zeros(SPEC.n_mels)
        error = np.median(found[inner] - expected, axis=0)
        assert np.abs(error).max() < 1


def test_it_is_bounded_and_only_where_there_is_a_voice() -> None:
    samples = speech()
    contours = contours_of(samples)
    rows = np.arange(len(contours), dtype=np.float64)
    found = correction(samples * np.float32(0.001), RATE, contours, rows, np.zeros(len(rows)))
    assert found.max() <= 9.01
    assert np.median(found[contours.voiced]) > 8
    far = np.convolve(contours.voiced, np.ones(7), "same") == 0
    assert far.any()
    assert not found[far].any()
