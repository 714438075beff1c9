"""Modifications of a phrase."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ser.conversion.modification import check_emotion, identity_modification
from ser.errors import ParameterError


def test_the_identity_changes_nothing() -> None:
    identity = identity_modification(7)
    assert len(identity) == 7
    assert identity.is_identity
    assert identity.gain.shape == (7, 80)


@pytest.mark.parametrize("name", ["pitch", "gain", "stretch"])
def test_any_change_of_any_frame_counts(name: str) -> None:
    values = getattr(identity_modification(5), name).copy()
    values[3] += 0.1
    assert not replace(identity_modification(5), **{name: values}).is_identity


def test_emotions_of_an_engine() -> None:
    check_emotion("sad", ("neutral", "sad"))
    with pytest.raises(ParameterError, match=r"to=happi: .*did you mean happy"):
        check_emotion("happi", ("neutral", "happy"))


def test_shapes_fit_frames() -> None:
    empty = identity_modification(0)
    assert empty.is_identity
    assert empty.stretch.dtype == np.float32
