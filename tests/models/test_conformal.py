"""Prediction sets: thresholds by hand, and coverage of speakers that were not looked at."""

from __future__ import annotations

import numpy as np
import pytest

from ser.models.conformal import PERCENTS, fit_thresholds, prediction_set, threshold_for


def test_thresholds_of_a_few_clips_by_hand() -> None:
    # Four speakers of two clips each, and one whom nobody has heard: each clip counts a tenth.
    probabilities = np.array([0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2])
    found = fit_thresholds(probabilities, np.array([0, 0, 1, 1, 2, 2, 3, 3]))
    assert len(found) == PERCENTS
    assert threshold_for(found, 0.1) == 0.9
    assert threshold_for(found, 0.11) == 0.8
    assert threshold_for(found, 0.5) == 0.5
    assert threshold_for(found, 0.8) == 0.2
    # More than four speakers out of five cannot be promised.
    assert threshold_for(found, 0.81) == 0


def test_each_speaker_counts_alike() -> None:
    one = np.full(1000, 0.9), np.zeros(1000, np.intp)
    other = np.full(2, 0.1), np.ones(2, np.intp)
    probabilities, speakers = (np.concatenate(pair) for pair in zip(one, other, strict=True))
    found = fit_thresholds(probabilities, speakers)
    assert threshold_for(found, 0.33) == 0.9
    assert threshold_for(found, 0.34) == 0.1
    assert threshold_for(found, 0.67) == 0


@pytest.mark.parametrize("coverage", [0.6, 0.9])
def test_new_speakers_are_covered(coverage: float) -> None:
    """Speakers differ much more than their clips: thresholds over clips would cover too few."""
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(400):
        means = rng.normal(0, 2, 31)
        logits = means[:, None] + rng.normal(0, 0.5, (31, 20))
        probabilities = 1 / (1 + np.exp(-logits))
        speakers = np.repeat(np.arange(30), 20)
        threshold = threshold_for(fit_thresholds(probabilities[:30].ravel(), speakers), coverage)
        covered.append((probabilities[30] >= threshold).mean())
    assert coverage - 0.03 < np.mean(covered) < coverage + 0.05


def test_sets_may_be_empty_or_full() -> None:
    probabilities = {"angry": 0.2, "happy": 0.5, "sad": 0.3}
    assert prediction_set(probabilities, 0.6) == ()
    assert prediction_set(probabilities, 0.25) == ("happy", "sad")
    assert prediction_set(probabilities, 0.0) == ("happy", "sad", "angry")
