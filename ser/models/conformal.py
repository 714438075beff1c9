"""Sets of emotions that hold the true one with a promised probability: conformal prediction.

The set of a clip is all emotions whose probability reaches a threshold (Sadinle, Lei and
Wasserman, "Least ambiguous set-valued classifiers with bounded error levels", Journal of the
American Statistical Association 2019). The threshold comes from clips of speakers that the model
was not trained on. The clips of a speaker resemble each other, so the promise is one over speakers:
each speaker counts alike, and one more speaker, whom nobody has heard yet, counts as missed
throughout (Dunn, Wasserman and Ramdas, "Distribution-free prediction sets for two-layer
hierarchical models", Journal of the American Statistical Association 2023: pooling the
distribution functions).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ser.arrays import Floats, Indices

COVERAGE = "coverage"
"""Key of cards and reports: the thresholds by `PLAIN` and `ADAPTED`."""

PLAIN, ADAPTED = "plain", "adapted"
"""Whether the classifier was adapted to the voice."""

PERCENTS = 99
"""Thresholds are kept for a coverage of 0.01, 0.02 and so on."""

MOST_COVERAGE = 0.99
"""The greatest coverage that can be asked for."""


def fit_thresholds(true_probabilities: Floats, speakers: Indices) -> list[float]:
    """Finds the greatest threshold that keeps each promise.

    Args:
        true_probabilities: The probability of the true emotion of each clip, shape (n,), by a
            model that was not trained on its speaker.
        speakers: The number of the speaker of each clip, from 0, shape (n,).

    Returns:
        `PERCENTS` thresholds, falling; 0 where there are too few speakers for the promise, so that
        the set is all emotions.
    """
    counts = np.bincount(speakers)
    heard = np.count_nonzero(counts)
    order = np.argsort(-true_probabilities, kind="stable")
    shares = np.cumsum(1 / (counts[speakers[order]] * (heard + 1.0)))
    levels = np.arange(1, PERCENTS + 1) / (PERCENTS + 1)
    # A share that is reached but for rounding is reached.
    places = np.searchsorted(shares, levels - 1e-9)
    sorted_probabilities = np.append(true_probabilities[order], 0.0)
    found: list[float] = sorted_probabilities[places].astype(float).tolist()
    return found


def threshold_for(thresholds: Sequence[float], coverage: float) -> float:
    """Gives the threshold of a coverage, of the next higher percent.

    Args:
        thresholds: What `fit_thresholds` gave.
        coverage: Between 0 and 1, at most 0.99.
    """
    percent = int(np.ceil(coverage * (PERCENTS + 1) - 1e-9))
    return thresholds[max(1, percent) - 1]


def check_thresholds(value: object) -> dict[str, list[float]]:
    """Checks the thresholds of a card.

    Raises:
        ValueError: They are no lists of `PERCENTS` probabilities.
    """
    if not isinstance(value, dict) or set(value) != {PLAIN, ADAPTED}:
        raise ValueError("are not there for both readings")
    for part in value.values():
        numbers = isinstance(part, list) and all(type(one) in (int, float) for one in part)
        if not numbers or len(part) != PERCENTS or not all(0 <= one <= 1 for one in part):
            raise ValueError(f"are no {PERCENTS} probabilities")
    return value


def prediction_set(probabilities: Mapping[str, float], threshold: float) -> tuple[str, ...]:
    """Gives the emotions whose probability reaches a threshold, the most probable first.

    Examples:
        >>> prediction_set({"angry": 0.5, "happy": 0.4, "sad": 0.1}, 0.3)
        ('angry', 'happy')
    """
    ranked = sorted(probabilities.items(), key=lambda item: -item[1])
    return tuple(name for name, probability in ranked if probability >= threshold)
