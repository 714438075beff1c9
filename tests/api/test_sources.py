"""What users have of a recording is brought to what the reader takes."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from ser.api.sources import as_source
from ser.errors import ParameterError


def test_what_has_a_rate_of_its_own_stays_as_it_is() -> None:
    samples = np.zeros(10)
    for source in ("a.wav", Path("a.wav"), io.BytesIO(), (samples, 8000)):
        assert as_source(source) is source
        if not isinstance(source, tuple):
            with pytest.raises(ParameterError, match="sample_rate"):
                as_source(source, 8000)


def test_samples_need_a_rate() -> None:
    samples = np.zeros(10)
    found = as_source(samples, 8000)
    assert isinstance(found, tuple)
    assert found[0] is samples
    assert found[1] == 8000
    with pytest.raises(ParameterError, match="sample_rate: is missing"):
        as_source(samples)
    # Two samples are no pair of samples and rate where a rate is given.
    pair = as_source((0.1, 0.2), 8000)
    assert isinstance(pair, tuple)
    assert pair == ((0.1, 0.2), 8000)
