"""Descriptors of each frame against those that NumPy computes."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SPEC, spectra_of, tensorflow

from ser.exporting.prosody.descriptors import describe
from ser.features.prosody import descriptors

# How far they may differ: decibels, semitones and so on, but for these in hertz.
TOLERANCES = {"rolloff": 16.0, "centroid": 0.1}


@pytest.mark.parametrize("name", CLIPS)
def test_each_descriptor(name: str) -> None:
    power, valid, expected_power = spectra_of(CLIPS[name])
    found = describe(tensorflow(), power, SPEC, valid)
    expected = descriptors.describe(expected_power, SPEC)
    count = len(expected_power)
    np.testing.assert_array_equal(found.active.mask[:count] > 0, expected.active)
    assert float(found.level) == pytest.approx(expected.level, abs=1e-3)
    assert set(found.values) == set(expected.values)
    # What is said of a voice is not used where there is none.
    voiced = expected.pitch.voiced
    for each, values in expected.values.items():
        where = voiced if each in descriptors.VOICED else expected.active
        difference = np.abs(np.array(found.values[each])[:count] - values)[where]
        assert difference.max(initial=0) < TOLERANCES.get(each, 5e-3), each
    np.testing.assert_allclose(
        np.array(found.cepstra).T[:count][expected.active],
        expected.cepstra[expected.active],
        atol=2e-3,
    )
