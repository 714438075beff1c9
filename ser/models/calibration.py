"""Calibration of confidence: how far probabilities can be trusted, and the temperature that helps.

A classifier is calibrated if of all clips with a confidence of 0.8 it gets 80 % right. Method: Guo,
Pleiss, Sun and Weinberger, "On calibration of modern neural networks", ICML 2017.
"""

from __future__ import annotations

import numpy as np

from ser.arrays import Array, LabelIndices, Probabilities

# A float32 softmax gives zeros; the logarithm of this stands for them.
FLOOR = 1e-12
_MIN_TEMPERATURE, _MAX_TEMPERATURE = 0.05, 20.0


def expected_calibration_error(
    probabilities: Probabilities, y_index: LabelIndices, bins: int = 15
) -> float:
    """Computes the mean gap between confidence and accuracy.

    Args:
        probabilities: Shape (n, labels).
        y_index: The true label's column of each clip, shape (n,).
        bins: Number of equally wide bins of confidence.

    Returns:
        The gaps of the bins, weighted by their share of the clips; 0 is perfect, 1 the worst.
    """
    confidence = np.asarray(probabilities, np.float64).max(axis=1)
    correct = np.asarray(probabilities).argmax(axis=1) == y_index
    # Bins are open below and closed above, as in the paper.
    number = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(number, weights=confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(confidence))


def fit_temperature(probabilities: Probabilities, y_index: LabelIndices) -> float:
    """Fits the temperature of temperature scaling to labeled clips.

    A standard normal prior over the logarithm of the temperature weighs as much as one clip. With
    hundreds of clips its effect is negligible. With a few clips that are all recognized, it keeps
    the temperature from falling so far that every answer becomes certain.

    Args:
        probabilities: Of clips that the network was not trained on, shape (n, labels).
        y_index: The true label's column of each clip, shape (n,).

    Returns:
        The temperature T, from 0.05 to 20, with the greatest product of prior and likelihood of
        `apply_temperature`. Above 1 the network was overconfident.
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), FLOOR))

    def loss(log_temperature: float) -> float:
        scaled = logs / np.exp(log_temperature)
        top = scaled.max(axis=1)
        total = np.log(np.exp(scaled - top[:, None]).sum(axis=1)) + top
        negative_log_likelihood = float((total - scaled[np.arange(len(scaled)), y_index]).mean())
        return negative_log_likelihood + log_temperature**2 / (2 * len(scaled))

    # There is one minimum over log T, because the loss is convex in 1/T.
    bounds = np.log((_MIN_TEMPERATURE, _MAX_TEMPERATURE))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-5})
    return float(np.exp(found.x))


def apply_temperature(probabilities: Probabilities, temperature: float) -> Array:
    """Scales probabilities by a temperature: the softmax of the logits divided by it.

    Dividing logits by T equals raising probabilities to the power 1/T and normalizing them.

    Args:
        probabilities: Shape (n, labels).
        temperature: Above 1 makes answers less certain, below 1 more certain.

    Returns:
        Shape (n, labels), float32; each row sums to 1.
    """
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), FLOOR)) / temperature
    scaled: Array = softmax(logs).astype(np.float32)
    return scaled


def softmax(logits: Probabilities) -> Probabilities:
    """Computes the softmax of each row.

    `scipy.special` has it too, but takes longer to import than a short recording to analyze.

    Args:
        logits: Shape (n, labels); n may be 0.

    Returns:
        Shape (n, labels), in the same precision; each row sums to 1.
    """
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    found: Probabilities = powers / powers.sum(axis=1, keepdims=True)
    return found
