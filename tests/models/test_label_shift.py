"""Offsets of log-probabilities against constructed cases."""

from __future__ import annotations

import numpy as np
import pytest

from ser.models.label_shift import fit_offset, shares_offset


def test_the_offset_is_found_again() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (20_000, 5))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (honest.cumsum(axis=1) < rng.random((len(honest), 1))).sum(axis=1)
    shift = np.array([1.0, -0.5, 0, 0.2, -0.7])
    logs = np.log(honest) - shift
    found = fit_offset(logs, truth)
    # A constant in all of them changes nothing; the prior chooses the one with mean 0.
    assert found == pytest.approx(shift - shift.mean(), abs=0.06)
    assert found.mean() == pytest.approx(0, abs=1e-6)


def test_the_offset_is_the_most_probable_one() -> None:
    rng = np.random.default_rng(1)
    logs = np.log(rng.dirichlet(np.ones(4), 9))
    truth = rng.integers(0, 4, 9)

    def loss(offset: np.ndarray) -> float:
        scaled = logs + offset
        total = np.log(np.exp(scaled).sum(axis=1))
        return float((total - scaled[np.arange(9), truth]).sum() + np.square(offset).sum() / 2)

    found = fit_offset(logs, truth).astype(np.float64)
    steps = rng.normal(0, 0.05, (50, 4))
    assert all(loss(found) < loss(found + step) for step in steps)


def test_one_clip_moves_the_offset_a_little() -> None:
    logs = np.log(np.array([[0.9, 0.05, 0.05]]))
    one = fit_offset(logs, np.array([1]))
    many = fit_offset(np.repeat(logs, 50, axis=0), np.full(50, 1))
    assert 0 < one[1] < 1.5 < many[1]
    # However wrong and however often, it stays finite.
    certain = np.log(np.array([[1 - 2e-6, 1e-6, 1e-6]]))
    assert np.isfinite(fit_offset(np.repeat(certain, 1000, axis=0), np.full(1000, 2))).all()


def test_even_answers() -> None:
    rng = np.random.default_rng(0)
    # A classifier that hears the second label in everything, and hardly ever the third.
    logits = rng.normal(0, 2, (200, 3)) + np.array([0.0, 2.0, -3.0])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    offset = shares_offset(p, np.full(3, 1 / 3))
    assert offset.mean() == pytest.approx(0, abs=1e-9)
    even = p * np.exp(offset)
    even /= even.sum(axis=1, keepdims=True)
    assert even.mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=1e-3)
    # What was added to the logits comes out again.
    assert offset == pytest.approx([-1 / 3, -7 / 3, 8 / 3], abs=0.2)
    # Even already: nothing to do.
    assert shares_offset(even, np.full(3, 1 / 3)) == pytest.approx(np.zeros(3), abs=1e-2)


def test_answers_with_known_shares() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (200, 3)) + np.array([0.0, 2.0, -3.0])
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    shifted = p * np.exp(shares_offset(p, np.array([0.7, 0.1, 0.2])))
    shifted /= shifted.sum(axis=1, keepdims=True)
    assert shifted.mean(axis=0) == pytest.approx([0.7, 0.1, 0.2], abs=1e-3)


def test_one_clip_is_answered_evenly() -> None:
    offset = shares_offset(np.array([[0.7, 0.2, 0.1]]), np.full(3, 1 / 3))
    assert np.exp(offset) * [0.7, 0.2, 0.1] == pytest.approx(np.full(3, 0.2410), abs=1e-3)
