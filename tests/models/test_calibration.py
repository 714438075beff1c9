"""Calibration against constructed cases."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from ser.models.calibration import (
    even_offset,
    expected_calibration_error,
    fit_offset,
    fit_temperature,
    softmax,
    with_temperature,
)


def drawn(n: int = 20_000, temperature: float = 1.0):  # type: ignore[no-untyped-def]
    """Truths drawn from honest probabilities, and what a network at a temperature makes of them."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (n, 5))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (honest.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    sure = np.exp(logits * temperature)
    return (sure / sure.sum(axis=1, keepdims=True)).astype(np.float32), truth, honest


def test_error_of_a_case_done_by_hand() -> None:
    p = np.array([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.4, 0.6]])
    truth = np.array([0, 1, 0, 1])
    # Bin of 0.9: half right, a gap of 0.4; bin of 0.6: all right, a gap of 0.4.
    assert expected_calibration_error(p, truth) == pytest.approx(0.4)


def test_honest_probabilities_have_next_to_no_error() -> None:
    honest, truth, _ = drawn()
    assert expected_calibration_error(honest, truth) < 0.015
    overconfident, truth, _ = drawn(temperature=3.0)
    assert expected_calibration_error(overconfident, truth) > 0.15


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature: float) -> None:
    p, truth, honest = drawn(temperature=temperature)
    found = fit_temperature(p, truth)
    assert found == pytest.approx(temperature, rel=0.05)
    assert np.abs(with_temperature(p, found) - honest).mean() < 0.01


def test_the_temperature_minimises_the_likelihood() -> None:
    p, truth, _ = drawn(500, 2.0)

    def loss(temperature: float) -> float:
        chosen = with_temperature(p, temperature)[np.arange(len(truth)), truth]
        return float(-np.log(chosen).mean())

    found = fit_temperature(p, truth)
    assert all(loss(found) <= loss(found * factor) for factor in (0.9, 0.99, 1.01, 1.1))


def test_zeros_and_ones_are_borne() -> None:
    p = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    assert 0.05 <= fit_temperature(p, np.array([0, 1, 2, 1])) <= 20
    assert np.isfinite(with_temperature(p, 2.0)).all()
    assert with_temperature(p[:0], 2.0).shape == (0, 3)
    assert 0.05 <= fit_temperature(p, np.array([0, 1, 2, 0])) <= 1


def test_a_few_clips_that_are_all_right_make_no_certainty() -> None:
    p = np.full((30, 3), 0.1, np.float32)
    p[:, 0] = 0.8
    found = fit_temperature(p, np.zeros(30, int))
    assert 0.2 < found < 1
    assert with_temperature(p, found).max() < 0.999


def test_the_offset_is_found_again() -> None:
    _, truth, honest = drawn()
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
    offset = even_offset(p)
    assert offset.mean() == pytest.approx(0, abs=1e-9)
    even = p * np.exp(offset)
    even /= even.sum(axis=1, keepdims=True)
    assert even.mean(axis=0) == pytest.approx(np.full(3, 1 / 3), abs=1e-3)
    # What was added to the logits comes out again.
    assert offset == pytest.approx([-1 / 3, -7 / 3, 8 / 3], abs=0.2)
    # Even already: nothing to do.
    assert even_offset(even) == pytest.approx(np.zeros(3), abs=1e-2)


def test_one_clip_is_answered_evenly() -> None:
    offset = even_offset(np.array([[0.7, 0.2, 0.1]]))
    assert np.exp(offset) * [0.7, 0.2, 0.1] == pytest.approx(np.full(3, 0.2410), abs=1e-3)


def test_softmax_is_scipys() -> None:
    logits = np.random.default_rng(0).normal(0, 500, (20, 5)).astype(np.float32)
    found = softmax(logits)
    assert found.dtype == np.float32
    assert found == pytest.approx(scipy.special.softmax(logits, axis=1), abs=1e-6)
    assert softmax(np.empty((0, 3))).shape == (0, 3)
