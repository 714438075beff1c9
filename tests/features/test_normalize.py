"""Normalisation over a clip."""

from __future__ import annotations

import numpy as np
import pytest

from ser.features.normalize import normalize
from ser.features.spec import FeatureSpec

SPEC = FeatureSpec(families=("mfcc", "rms"), n_mfcc=4, deltas=1)


def matrix() -> np.ndarray:
    random = np.random.default_rng(0).normal(size=(50, 10)).astype(np.float32)
    return random * np.arange(1, 11, dtype=np.float32) + np.arange(10, dtype=np.float32)


def test_none_changes_nothing() -> None:
    given = matrix()
    assert normalize(given, SPEC) is given


def test_coefficient_standardises_each_alone() -> None:
    found = normalize(matrix(), SPEC.with_changes(normalise="coefficient"))
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(found.std(axis=0), 1, atol=1e-5)


def test_utterance_standardises_each_family_and_order_of_deltas() -> None:
    given = matrix()
    found = normalize(given, SPEC.with_changes(normalise="utterance"))
    # mfcc, rms, deltas of mfcc, delta of rms
    for part in (slice(0, 4), slice(4, 5), slice(5, 9), slice(9, 10)):
        block = given[:, part].astype(float)
        np.testing.assert_allclose(
            found[:, part], (block - block.mean()) / block.std(), rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("kind", ["utterance", "coefficient"])
@pytest.mark.parametrize("value", [0.0, -23.025851, 1e6])
def test_what_does_not_vary_becomes_zero(kind: str, value: float) -> None:
    given = np.full((30, 10), value, np.float32)
    found = normalize(given, SPEC.with_changes(normalise=kind))
    np.testing.assert_array_equal(found, 0)


@pytest.mark.parametrize("kind", ["utterance", "coefficient"])
def test_the_level_does_not_matter(kind: str) -> None:
    """A gain adds a constant to log-mels."""
    spec = FeatureSpec(n_mels=10, normalise=kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(
        normalize(matrix(), spec), normalize(matrix() + 7, spec), rtol=1e-3, atol=1e-4
    )
