"""What is learnt of one voice: iterations, their evidence, and first guesses."""

from __future__ import annotations

import numpy as np
import pytest

from ser.arrays import Doubles
from ser.models.voice_estimate import Distributions, VoiceEstimate, even

CENTERS = np.array([[0.0, 0, 0], [4, 0, 0], [0, 4, 0]])
UNIT = np.eye(3)
OFFSET = np.array([1.0, -1, 0.5])


def distributions(prior: Doubles, within: float = 0.4) -> Distributions:
    return Distributions(CENTERS, within * UNIT, 4 * UNIT, 0.1 * UNIT, prior)


def clips(counts: tuple[int, int, int], seed: int = 0) -> tuple[Doubles, Doubles]:
    """Gives scores, and the true emotions as probabilities."""
    truth = np.repeat(np.arange(3), counts)
    noise = np.random.default_rng(seed).normal(0, 0.6, (len(truth), 3))
    return CENTERS[truth] + OFFSET + noise, np.eye(3)[truth]


def test_even_probabilities_are_even_on_average_and_keep_their_order() -> None:
    plain = np.random.default_rng(1).dirichlet([5.0, 1, 1], 200)
    found = even(plain)
    assert found.sum(axis=1) == pytest.approx(1)
    assert found.mean(axis=0) == pytest.approx(1 / 3, abs=1e-3)
    shifts = np.log(found[:, 0] / found[:, 1]) - np.log(plain[:, 0] / plain[:, 1])
    assert shifts == pytest.approx(shifts[0])
    certain = even(np.array([[1.0, 0, 0], [1, 0, 0]]))
    assert np.isfinite(certain).all()


def test_an_iteration_finds_offset_and_shares() -> None:
    scores, truth = clips((30, 10, 10))
    found = distributions(np.ones(3)).best(scores, [np.full((50, 3), 1 / 3), truth]).estimate
    assert found.means == pytest.approx(CENTERS + OFFSET, abs=0.5)
    assert found.shares == pytest.approx(np.array([31, 11, 11]) / 53, abs=0.05)
    assert found.responsibilities(scores).argmax(axis=1).tolist() == truth.argmax(axis=1).tolist()


def test_the_best_of_several_guesses_counts_and_one_that_is_known() -> None:
    scores, truth = clips((20, 20, 20))
    one = distributions(np.ones(3))
    wrong = truth[:, [1, 2, 0]]
    good, bad = one.best(scores, [truth]), one.best(scores, [wrong])
    assert good.density > bad.density
    assert one.best(scores, [wrong, truth]).density == good.density
    assert one.best(scores, [wrong], good) is good


def test_evidence_prefers_the_prior_of_the_recording() -> None:
    mostly, alike = distributions(np.array([4.0, 0.5, 0.5])), distributions(np.full(3, 10.0))
    for counts, better, worse in (((40, 2, 2), mostly, alike), ((20, 20, 20), alike, mostly)):
        scores, truth = clips(counts)
        assert better.best(scores, [truth]).evidence > worse.best(scores, [truth]).evidence + 1


def test_evidence_prefers_the_noise_of_the_recording() -> None:
    scores, truth = clips((20, 20, 20))
    right, wide, narrow = (
        distributions(np.ones(3), within).best(scores, [truth]).evidence
        for within in (0.36, 5.0, 0.02)
    )
    assert right > max(wide, narrow) + 5


def test_a_share_counts_less_in_an_answer_than_while_learning() -> None:
    estimate = VoiceEstimate(
        means=np.zeros((2, 2)),
        precisions=np.stack([np.eye(2)] * 2),
        biases=np.log([0.9, 0.1]),
        shares=np.array([0.9, 0.1]),
        occurring=np.array([0, 2]),
        labels=3,
    )
    scores = np.zeros((1, 2))
    joint, probabilities = estimate.log_joint(scores)[0], estimate.answer(scores, 1.0)[0]
    assert probabilities[1] == 0
    assert probabilities.sum() == pytest.approx(1)
    answer = np.log(probabilities[[0, 2]])
    assert joint[0] - joint[1] == pytest.approx(np.log(9))
    assert 0 < answer[0] - answer[1] < joint[0] - joint[1]
