"""Offsets of log-probabilities, fitted to labeled clips or to known shares of the labels.

A classifier that meets another voice or another room errs in the same direction for all of its
clips. One number per label, added to the logarithms of its probabilities, corrects that without
training anything. The literature calls the case label shift (Saerens, Latinne and Decaestecker,
Neural Computation 2002).
"""

from __future__ import annotations

import numpy as np

from ser.arrays import Doubles, Floats, LabelIndices, Probabilities, Vector
from ser.models.calibration import softmax

# A float32 softmax gives zeros; the logarithm of this stands for them.
_FLOOR = 1e-12
# The iteration for a uniform distribution converges in ten to twenty steps.
_MAX_ITERATIONS, _TOLERANCE = 50, 1e-3


def fit_offset(logs: Probabilities, y_index: LabelIndices) -> Vector:
    """Fits an offset to labeled clips.

    Gives the maximum a posteriori offset under a standard normal prior: one clip moves it a
    little, many clips as far as they ask for. Newton's method with a line search; the loss is
    convex.

    Args:
        logs: Logarithms of the probabilities, shape (n, labels).
        y_index: The true label's column of each clip, shape (n,).

    Returns:
        Shape (labels,).
    """
    logs = np.asarray(logs, np.float64)
    count = logs.shape[1]
    truth = np.eye(count)[y_index]

    def loss(offset: Doubles) -> tuple[float, Doubles]:
        shifted = logs + offset
        shifted -= shifted.max(axis=1, keepdims=True)
        total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        negative_log_likelihood = float((total - shifted)[truth > 0].sum())
        return negative_log_likelihood + float(offset @ offset) / 2, np.exp(shifted - total)

    offset = np.zeros(count)
    value, p = loss(offset)
    for _ in range(100):
        gradient = (p - truth).sum(axis=0) + offset
        hessian = np.diag(p.sum(axis=0)) - p.T @ p + np.eye(count)
        step = np.linalg.solve(hessian, gradient)
        # A full step overshoots by far where answers are confident and wrong.
        gain = float(gradient @ step) / 4
        while gain > 1e-12 and loss(offset - step)[0] > value - gain:
            step, gain = step / 2, gain / 2
        offset = offset - step
        value, p = loss(offset)
        if np.abs(step).max() < 1e-9:
            break
    return offset.astype(np.float32)


def shares_offset(probabilities: Probabilities, shares: Floats) -> Doubles:
    """Finds the offset by which labels have known shares on average over some clips.

    The iteration is the one for new a priori probabilities (Saerens, Latinne and Decaestecker,
    Neural Computation 2002).

    Args:
        probabilities: Positive, shape (n, labels); at least one clip.
        shares: The share of each label in the clips, shape (labels,); positive, with sum 1.

    Returns:
        Shape (labels,), with mean 0.
    """
    logs = np.log(np.asarray(probabilities, np.float64))
    wanted = np.log(shares)
    offset = np.zeros(logs.shape[1])
    for _ in range(_MAX_ITERATIONS):
        mean = softmax(logs + offset).mean(axis=0)
        step = wanted - np.log(np.maximum(mean, _FLOOR))
        step -= step.mean()
        offset += step
        if np.abs(step).max() < _TOLERANCE:
            break
    return offset
