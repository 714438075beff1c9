"""What is measured of a clip."""

from __future__ import annotations

import numpy as np
import pytest
from speech import render

from benchmarks.conversion.measures import measure_samples, quantize_16_bit
from ser.conversion.evaluation.measures import ClipMeasures


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return render("happy", 2, seed=1, seconds=1.5)


def test_a_gain_changes_the_level_and_nothing_else(samples: np.ndarray) -> None:
    one, louder = measure_samples(samples), measure_samples(samples * np.float32(10 ** (10 / 20)))
    assert louder.prosody[0] - one.prosody[0] == pytest.approx(10, abs=1e-3)
    for name, value in one.to_arrays().items():
        start = 1 if name == "prosody" else 0
        other = louder.to_arrays()[name]
        np.testing.assert_allclose(value[start:], other[start:], rtol=1e-3, atol=1e-3)


def test_silence_around_speech_is_left_out(samples: np.ndarray) -> None:
    quiet = np.zeros(8000, np.float32)
    assert measure_samples(np.concatenate([quiet, samples, quiet])).seconds == pytest.approx(
        measure_samples(samples).seconds, abs=0.05
    )


def test_what_is_kept_is_what_was_heard(samples: np.ndarray) -> None:
    one = measure_samples(samples)
    again = ClipMeasures.from_arrays(one.to_arrays())
    assert all((value == again.to_arrays()[name]).all() for name, value in one.to_arrays().items())


def test_silence_has_numbers_too() -> None:
    heard = measure_samples(np.zeros(16000, np.float32))
    assert all(np.isfinite(value).all() for value in heard.to_arrays().values())


def test_a_file_of_16_bits_rounds_and_cuts() -> None:
    written = quantize_16_bit(np.array([0.5, 1e-6, 3.0, -3.0], np.float32))
    assert written.tolist() == [0.5, 0.0, 32767 / 32768, -1.0]
