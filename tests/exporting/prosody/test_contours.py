"""Shapes of contours against those that NumPy computes."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SPEC, spectra_of, tensorflow

from ser.exporting.prosody.contours import describe_contours
from ser.exporting.prosody.descriptors import describe
from ser.features.prosody import contours, descriptors


@pytest.mark.parametrize("name", CLIPS)
def test_the_shapes_are_the_same(name: str) -> None:
    tf = tensorflow()
    power, valid, expected_power = spectra_of(CLIPS[name])
    found = np.ravel(describe_contours(tf, describe(tf, power, SPEC, valid)))
    expected = contours.describe_contours(descriptors.describe(expected_power, SPEC))
    assert found.shape == (len(contours.NAMES),)
    np.testing.assert_allclose(found, expected, atol=5e-3)
    # Contours of the voice are zero where nobody has one.
    voiced = found[: contours.COSINES * len(contours.VOICED)]
    assert voiced.any() == (name not in ("silence", "whisper"))
