"""How like another a recording sounds."""

from __future__ import annotations

import numpy as np
import pytest
from speech import render

from benchmarks.conversion.quality import measure_quality

pytest.importorskip("pesq")
pytest.importorskip("pystoi")


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    return render("neutral", 2, seed=1, seconds=2.0)


def test_a_copy_is_as_good_as_it_gets_however_soft_it_is(samples: np.ndarray) -> None:
    found = measure_quality(samples, samples * np.float32(0.01))
    assert found is not None
    assert found.pesq == pytest.approx(4.64, abs=0.01)
    assert found.stoi == pytest.approx(1, abs=1e-3)


def test_noise_makes_it_worse(samples: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, samples.std(), len(samples)).astype(np.float32)
    found = measure_quality(samples, samples + noise)
    assert found is not None
    assert found.pesq < 2
    assert found.stoi < 0.95


def test_silence_cannot_be_compared() -> None:
    nothing = np.zeros(16000, np.float32)
    assert measure_quality(nothing, nothing) is None
