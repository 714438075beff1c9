"""Whether a confidence of 0.8 is right in 8 of 10 cases, and a temperature that makes it so.

Method: Guo, Pleiss, Sun and Weinberger (2017), "On Calibration of Modern Neural Networks", ICML.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Probabilities

Indices = npt.NDArray[np.integer[Any]]

# A float32 softmax gives zeros; the logarithm of this stands for them.
_FLOOR = 1e-12
_COLDEST, _HOTTEST = 0.05, 20.0
# Of the iteration for even answers: it settles in ten to twenty.
_ROUNDS, _SETTLED = 50, 1e-3


def expected_calibration_error(
    probabilities: Probabilities, y_index: Indices, bins: int = 15
) -> float:
    """Gives the mean gap between confidence and accuracy.

    Args:
        probabilities: (n, labels).
        y_index: The true label's column per clip, (n,).
        bins: Number of equally wide bins of confidence.

    Returns:
        The gap of each bin, weighted by its share of the clips; 0 is perfect, 1 the worst.
    """
    confidence = np.asarray(probabilities, np.float64).max(axis=1)
    right = np.asarray(probabilities).argmax(axis=1) == y_index
    # Bins are open below and closed above, as in the paper.
    number = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(number, weights=confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def fit_temperature(probabilities: Probabilities, y_index: Indices) -> float:
    """Finds the temperature that makes probabilities fit the truth best.

    A standard normal prior over its logarithm weighs as much as one clip. Over hundreds of clips
    it changes nothing to speak of; over a few that the network happens to get all right it keeps
    the temperature from falling to where every answer is certain.

    Args:
        probabilities: Of clips that the network was not trained on, (n, labels).
        y_index: The true label's column per clip, (n,).

    Returns:
        The temperature T, between 0.05 and 20, with the greatest likelihood of
        `with_temperature` times prior; above 1 where the network was too sure of itself.
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), _FLOOR))

    def loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
        likelihood = float((total - scaled[np.arange(len(scaled)), y_index]).mean())
        return likelihood + log_temperature**2 / (2 * len(scaled))

    # The likelihood has one minimum over log T, for it is convex in 1/T.
    bounds = np.log((_COLDEST, _HOTTEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x))


def fit_offset(logs: Probabilities, y_index: Indices) -> npt.NDArray[np.float32]:
    """Finds what to add to the logarithms of probabilities so that they fit some labelled clips.

    It is the most probable offset under a standard normal prior, so that one clip moves it a
    little and many move it as far as they say. Found by Newton's method with shortened steps; the
    loss is convex.

    Args:
        logs: Logarithms of the probabilities, (n, labels).
        y_index: The true label's column per clip, (n,).

    Returns:
        (labels,).
    """
    logs = np.asarray(logs, np.float64)
    count = logs.shape[1]
    truth = np.eye(count)[y_index]

    def loss(offset: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        scaled = logs + offset
        scaled -= scaled.max(axis=1, keepdims=True)
        total = np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        likelihood = float((total - scaled)[truth > 0].sum())
        return likelihood + float(offset @ offset) / 2, np.exp(scaled - total)

    offset = np.zeros(count)
    value, p = loss(offset)
    for _ in range(100):
        slope = (p - truth).sum(axis=0) + offset
        curvature = np.diag(p.sum(axis=0)) - p.T @ p + np.eye(count)
        step = np.linalg.solve(curvature, slope)
        # A whole step goes much too far where the answers are sure and wrong.
        gain = float(slope @ step) / 4
        while gain > 1e-12 and loss(offset - step)[0] > value - gain:
            step, gain = step / 2, gain / 2
        offset = offset - step
        value, p = loss(offset)
        if np.abs(step).max() < 1e-9:
            break
    return offset.astype(np.float32)


def even_offset(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    """Finds what makes all labels equally probable on average, added to the logarithms.

    Clips that are known to have all labels about equally often have to be answered so, whatever the
    classifier thinks of that voice or that room. The same iteration as for new a priori
    probabilities (Saerens, Latinne and Decaestecker, Neural Computation 2002), with the priors
    given and the likelihoods' scale unknown.

    Args:
        probabilities: Of some clips, positive, (n, labels), at least one.

    Returns:
        Shape (labels,), with mean 0.
    """
    logs = np.log(np.asarray(probabilities, np.float64))
    offset = np.zeros(logs.shape[1])
    for _ in range(_ROUNDS):
        mean = softmax(logs + offset).mean(axis=0)
        step = -np.log(np.maximum(mean, _FLOOR))
        step -= step.mean()
        offset += step
        if np.abs(step).max() < _SETTLED:
            break
    return offset


def with_temperature(probabilities: Probabilities, temperature: float) -> npt.NDArray[np.float32]:
    """Softens or sharpens probabilities: the softmax of the logits divided by the temperature.

    Dividing logits by T is raising probabilities to 1/T.

    Args:
        probabilities: (n, labels).
        temperature: Over 1 softens, under 1 sharpens.

    Returns:
        float32 (n, labels); each row sums to 1.
    """
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), _FLOOR)) / temperature
    scaled: npt.NDArray[np.float32] = softmax(logs).astype(np.float32)
    return scaled


def softmax(logits: Probabilities) -> Probabilities:
    """Makes probabilities of logits, of each row by itself.

    `scipy.special` has the same, but takes longer to import than a short recording to analyse.

    Args:
        logits: (n, labels); n may be 0.

    Returns:
        (n, labels), in the same precision; each row sums to 1.
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    found: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return found
