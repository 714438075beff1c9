"""Functionals of a clip against those that NumPy computes."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SPEC, spectra_of, tensorflow

from ser.exporting.prosody.functionals import compute
from ser.features.prosody import functionals

# The spread of each functional over the clips, or what its rounding is worth.
SPREAD = np.maximum(
    np.std([functionals.compute(spectra_of(clip)[2], SPEC) for clip in CLIPS.values()], axis=0),
    0.05,
)


@pytest.mark.parametrize("name", CLIPS)
def test_every_functional(name: str) -> None:
    power, valid, expected_power = spectra_of(CLIPS[name])
    found = np.array(compute(tensorflow(), power, SPEC, valid))
    expected = functionals.compute(expected_power, SPEC, quick=True)
    names = functionals.names(SPEC)
    assert found.shape == expected.shape == (len(names),)
    difference = np.abs(found - expected) / SPREAD
    worst = int(difference.argmax())
    assert difference[worst] < 5e-3, (names[worst], found[worst], expected[worst])


def test_without_contours() -> None:
    spec = SPEC.with_changes(functionals="prosody")
    power, valid, _ = spectra_of(CLIPS["sad"])
    found = compute(tensorflow(), power, spec, valid)
    both = compute(tensorflow(), power, SPEC, valid)
    np.testing.assert_array_equal(found, both[: found.shape[0]])
    assert found.shape[0] < both.shape[0]
