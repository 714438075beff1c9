"""Architectures by name."""

from __future__ import annotations

import pytest

from ser.errors import SerError
from ser.models.registry import ARCHITECTURES, make_architecture


def test_every_architecture_has_its_name_and_defaults() -> None:
    for name, kind in ARCHITECTURES.items():
        made = make_architecture(name)
        assert (type(made), made.name) == (kind, name)
        assert made.summary
        assert set(made.hyperparameters()) == set(kind.options())


def test_an_unknown_name_is_answered_with_those_that_there_are() -> None:
    with pytest.raises(SerError, match="arch=transformer9: is not an architecture; use one of"):
        make_architecture("transformer9")


def test_options_reach_the_architecture() -> None:
    assert make_architecture("svm", {"C": "0.5"}).hyperparameters()["C"] == 0.5
