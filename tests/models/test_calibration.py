"""Calibration against constructed cases."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from ser.models.calibration import (
    apply_temperature,
    expected_calibration_error,
    fit_temperature,
    softmax,
)


def draw_case(n: int = 20_000, temperature: float = 1.0):  # type: ignore[no-untyped-def]
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
    honest, truth, _ = draw_case()
    assert expected_calibration_error(honest, truth) < 0.015
    overconfident, truth, _ = draw_case(temperature=3.0)
    assert expected_calibration_error(overconfident, truth) > 0.15


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_is_found_again(temperature: float) -> None:
    p, truth, honest = draw_case(temperature=temperature)
    found = fit_temperature(p, truth)
    assert found == pytest.approx(temperature, rel=0.05)
    assert np.abs(apply_temperature(p, found) - honest).mean() < 0.01


def test_the_temperature_minimises_the_likelihood() -> None:
    p, truth, _ = draw_case(500, 2.0)

    def loss(temperature: float) -> float:
        chosen = apply_temperature(p, temperature)[np.arange(len(truth)), truth]
        return float(-np.log(chosen).mean())

    found = fit_temperature(p, truth)
    assert all(loss(found) <= loss(found * factor) for factor in (0.9, 0.99, 1.01, 1.1))


def test_zeros_and_ones_are_borne() -> None:
    p = np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    assert 0.05 <= fit_temperature(p, np.array([0, 1, 2, 1])) <= 20
    assert np.isfinite(apply_temperature(p, 2.0)).all()
    assert apply_temperature(p[:0], 2.0).shape == (0, 3)
    assert 0.05 <= fit_temperature(p, np.array([0, 1, 2, 0])) <= 1


def test_a_few_clips_that_are_all_right_make_no_certainty() -> None:
    p = np.full((30, 3), 0.1, np.float32)
    p[:, 0] = 0.8
    found = fit_temperature(p, np.zeros(30, int))
    assert 0.2 < found < 1
    assert apply_temperature(p, found).max() < 0.999


def test_softmax_is_scipys() -> None:
    logits = np.random.default_rng(0).normal(0, 500, (20, 5)).astype(np.float32)
    found = softmax(logits)
    assert found.dtype == np.float32
    assert found == pytest.approx(scipy.special.softmax(logits, axis=1), abs=1e-6)
    assert softmax(np.empty((0, 3))).shape == (0, 3)
