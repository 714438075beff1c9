"""A linear reading of functionals in closed form: discriminant analysis.

A few hundred numbers of a thousand clips are learnt by heart by anything that is trained in small
steps; discriminant analysis with a shrunk covariance is not, and takes milliseconds. Its
probabilities are those of voices that it has not heard: they are made as sure of themselves as
readings of the other speakers prove to be.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Vector
from ser.models.calibration import fit_temperature, softmax

Indices = npt.NDArray[np.integer]

_FOLDS = 5
# An emotion that nobody showed.
_NEVER = -20.0


def fit_lda(
    x: Matrix, targets: Indices, groups: Sequence[str], classes: int, *, balanced: bool = False
) -> tuple[Matrix, Vector]:
    """Fits a linear reading, with a softmax behind it.

    Source: `sklearn.discriminant_analysis.LinearDiscriminantAnalysis`, with the covariance of
    Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices",
    Journal of Multivariate Analysis 2004.

    Args:
        x: What is read, shape (clips, n).
        targets: The emotion of each clip, shape (clips,).
        groups: Who speaks; how sure the reading may be is found on speakers that were left out.
        classes: How many emotions there are.
        balanced: Take all emotions for equally frequent, instead of as in `targets`.

    Returns:
        Weights (n, classes) and biases (classes,).
    """
    reading = _fit_discriminant(x, targets, classes, balanced)
    temperature = _group_temperature(x, targets, groups, classes, balanced)
    return reading[0] / np.float32(temperature), reading[1] / np.float32(temperature)


def _fit_discriminant(
    x: Matrix, targets: Indices, classes: int, balanced: bool
) -> tuple[Matrix, Vector]:
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    weights = np.zeros((x.shape[1], classes), np.float32)
    biases = np.full(classes, _NEVER, np.float32)
    shown = np.unique(targets)
    if len(shown) < 2 or len(targets) <= len(shown):
        # Nothing to tell apart, or nothing to tell it by: any emotion that was shown.
        biases[shown] = 0
        return weights, biases
    priors = np.full(len(shown), 1 / len(shown)) if balanced else None
    found = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto", priors=priors)
    with warnings.catch_warnings():
        # An emotion with one clip has no covariance of its own, and needs none.
        warnings.filterwarnings("ignore", "Only one sample available")
        found.fit(x.astype(np.float64), targets)
    if len(shown) == 2:
        # For two, scikit-learn gives how much more probable the second is.
        weights[:, shown[1]] = found.coef_[0]
        biases[shown] = 0, found.intercept_[0]
    else:
        weights[:, shown] = found.coef_.T
        biases[shown] = found.intercept_
    return weights, biases


def _group_temperature(
    x: Matrix, targets: Indices, groups: Sequence[str], classes: int, balanced: bool
) -> float:
    """How much less sure a reading should be, by the speakers that it was not learnt from.

    Never surer: a discriminant is as sure as its own clips allow.
    """
    from sklearn.model_selection import GroupKFold

    # Who is not known is taken for somebody else each time.
    whose = np.array([name or f"\0{number}" for number, name in enumerate(groups)])
    count = min(_FOLDS, len(set(whose.tolist())))
    if count < 2:
        return 1.0
    probabilities = np.empty((len(x), classes))
    for training, test in GroupKFold(count).split(x, targets, whose):
        weights, biases = _fit_discriminant(x[training], targets[training], classes, balanced)
        probabilities[test] = softmax((x[test] @ weights + biases).astype(np.float64))
    return max(1.0, fit_temperature(probabilities, targets))
