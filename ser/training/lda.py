"""Linear discriminant analysis with a shrunk covariance, calibrated on other speakers.

Networks that are trained in small steps memorize a few hundred functionals of a thousand clips.
Discriminant analysis with the covariance of Ledoit and Wolf does not, and is fitted in closed form
within milliseconds. Its confidence is calibrated with cross-validation over speakers: the
temperature fits the predictions for speakers that were left out.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from ser.arrays import LabelIndices, Matrix, Vector
from ser.models.calibration import fit_temperature, softmax

_FOLDS = 5
# The logit of an emotion without a training clip.
_ABSENT = -20.0


def fit_lda(
    x: Matrix, targets: LabelIndices, groups: Sequence[str], classes: int, *, balanced: bool = False
) -> tuple[Matrix, Vector]:
    """Fits a linear discriminant, whose softmax gives probabilities.

    Source: `sklearn.discriminant_analysis.LinearDiscriminantAnalysis`, with the covariance of
    Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
    Journal of Multivariate Analysis 2004.

    Args:
        x: Features, shape (clips, n).
        targets: The emotion of each clip, shape (clips,).
        groups: The speaker of each clip, for the calibration; ``''`` where not known.
        classes: Number of emotions.
        balanced: Use equal priors instead of the frequencies in `targets`.

    Returns:
        Weights (n, classes) and biases (classes,).
    """
    weights, biases = _fit_discriminant(x, targets, classes, balanced)
    temperature = np.float32(_group_temperature(x, targets, groups, classes, balanced))
    return weights / temperature, biases / temperature


def _fit_discriminant(
    x: Matrix, targets: LabelIndices, classes: int, balanced: bool
) -> tuple[Matrix, Vector]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    weights = np.zeros((x.shape[1], classes), np.float32)
    biases = np.full(classes, _ABSENT, np.float32)
    present = np.unique(targets)
    if len(present) < 2 or len(targets) <= len(present):
        # One emotion, or no covariance to estimate: all emotions that occur are equally probable.
        biases[present] = 0
        return weights, biases
    priors = np.full(len(present), 1 / len(present)) if balanced else None
    fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
    with warnings.catch_warnings():
        # An emotion with one clip has no covariance of its own, and needs none.
        warnings.filterwarnings("ignore", "Only one sample available")
        fitted.fit(x.astype(np.float64), targets)
    if len(present) == 2:
        # For two classes, scikit-learn gives the difference of their logits.
        weights[:, present[1]] = fitted.coef_[0]
        biases[present] = 0, fitted.intercept_[0]
    else:
        weights[:, present] = fitted.coef_.T
        biases[present] = fitted.intercept_
    return weights, biases


def _group_temperature(
    x: Matrix, targets: LabelIndices, groups: Sequence[str], classes: int, balanced: bool
) -> float:
    """Fits the temperature to predictions for speakers that were left out, at least 1.

    Below 1 it would make the discriminant more confident than its training clips do.
    """
    from sklearn.model_selection import GroupKFold

    # Every clip of an unknown speaker counts as a speaker of its own.
    speakers = np.array([name or f"\0{number}" for number, name in enumerate(groups)])
    count = min(_FOLDS, len(set(speakers.tolist())))
    if count < 2:
        return 1.0
    probabilities = np.empty((len(x), classes))
    for training, test in GroupKFold(count).split(x, targets, speakers):
        weights, biases = _fit_discriminant(x[training], targets[training], classes, balanced)
        probabilities[test] = softmax((x[test] @ weights + biases).astype(np.float64))
    return max(1.0, fit_temperature(probabilities, targets))
