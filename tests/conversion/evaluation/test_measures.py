"""Spectral statistics and stored measures."""

from __future__ import annotations

import numpy as np
import pytest
from voiced import contours

from ser.conversion.evaluation.from_contours import measure_contours
from ser.conversion.evaluation.measures import ClipMeasures, spectral_statistics


def test_statistics_do_not_depend_on_the_level() -> None:
    logmel = contours(100).logmel
    for one, louder in zip(
        spectral_statistics(logmel), spectral_statistics(logmel + 2), strict=True
    ):
        np.testing.assert_allclose(one, louder, atol=1e-3)


def test_pauses_do_not_count() -> None:
    phrase = contours(100)
    speech = phrase.logmel[phrase.voiced]
    pause = np.full((50, speech.shape[1]), speech.max() - 20, np.float32)
    padded = np.concatenate([pause, speech, pause])
    cepstra, bands = spectral_statistics(speech)
    padded_cepstra, padded_bands = spectral_statistics(padded)
    assert bands.shape == (120,)
    # Means and deviations; differences between frames have one more at the edge.
    np.testing.assert_allclose(padded_cepstra[:49], cepstra[:49], atol=1e-4)
    np.testing.assert_allclose(padded_bands[:80], bands[:80], atol=1e-4)


def test_one_frame_has_no_differences() -> None:
    cepstra, bands = spectral_statistics(np.zeros((1, 80), np.float32))
    assert np.isfinite(cepstra).all()
    assert not bands[80:].any()


def test_measures_are_restored_from_arrays() -> None:
    measures = measure_contours(contours(150))
    arrays = measures.to_arrays()
    again = ClipMeasures.from_arrays(arrays)
    assert all(getattr(again, name) is value for name, value in arrays.items())
    assert again.seconds == pytest.approx(1.5)
