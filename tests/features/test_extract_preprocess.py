"""The extractor applies the preprocessing steps of its specification."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from conftest import RunPython
from recordings import RATE, speech

from ser.errors import SerError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec
from ser.preprocess.registry import parse_step

CLIP = speech(RATE, 2.0)


def test_the_extractor_cleans_in_the_order_given() -> None:
    spec = FeatureSpec(clean=("trim:20", "loudness:-20"))
    padded = np.concatenate([np.zeros(RATE, np.float32), CLIP])
    expected = parse_step("loudness:-20")(parse_step("trim:20")(padded, RATE), RATE)
    np.testing.assert_array_equal(Extractor(spec).prepare(padded), expected)
    # With the level set, features do not depend on it.
    quiet = Extractor(spec)(padded * np.float32(0.01))
    np.testing.assert_allclose(quiet, Extractor(spec)(padded), atol=0.01)
    # Cleaning comes before the duration.
    cut = Extractor(spec.with_changes(duration=0.5)).prepare(padded)
    np.testing.assert_array_equal(cut, expected[: RATE // 2])


def test_a_missing_package_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *more: None if name == "noisereduce" else found(name, *more),
    )
    Extractor(FeatureSpec(clean=("trim", "loudness")))
    with pytest.raises(SerError) as caught:
        Extractor(FeatureSpec(clean=("denoise",)))
    assert "needs the Python package noisereduce" in str(caught.value)
    assert ".[clean]" in str(caught.value)


def test_what_is_not_asked_for_is_not_loaded(run_python: RunPython) -> None:
    """Trimming and loudness need NumPy alone; noise reduction's package comes when it is used."""
    done = run_python(
        "import sys, numpy as np\n"
        "from ser.features.extract import Extractor\n"
        "from ser.features.spec import FeatureSpec\n"
        "samples = np.ones(16000, np.float32)\n"
        "heavy = {'scipy', 'librosa', 'noisereduce', 'joblib', 'matplotlib'}\n"
        "Extractor(FeatureSpec()).prepare(samples)\n"
        "print('ser.preprocess.registry' in sys.modules, sorted(heavy & set(sys.modules)))\n"
        "Extractor(FeatureSpec(clean=('trim', 'loudness'))).prepare(samples)\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "extractor = Extractor(FeatureSpec(clean=('denoise',)))\n"
        "print(sorted(heavy & set(sys.modules)))\n"
        "extractor.prepare(samples)\n"
        "print('noisereduce' in sys.modules)\n"
    )
    before, light, ready, used = done.out.splitlines()
    assert before.startswith("False ")
    assert light == ready == before.removeprefix("False ")
    assert "noisereduce" not in before
    assert used == "True"
