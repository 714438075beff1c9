"""The prior over emotions, where somebody knows how frequent they are in what is analyzed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ser.arrays import Doubles, Floats, Probabilities
from ser.errors import ParameterError, choose_from
from ser.labels import canonical

Prior = str | tuple[tuple[str, float], ...]
"""A prior that can be hashed: `ALIKE`, or pairs of emotion and share."""

ALIKE = "alike"
"""Stands for all emotions of the model being equally frequent."""


def prior_shares(given: str | Mapping[str, float], labels: Sequence[str]) -> Doubles:
    """Gives the share of each emotion of a model.

    Args:
        given: `ALIKE`, or the share of each emotion that occurs by name, in any unit: they are
            divided by their sum. Emotions that are not named do not occur.
        labels: Emotion names of the model.

    Returns:
        Shape (labels,); they add up to 1.

    Raises:
        ParameterError: The model does not know an emotion, or a share is no positive number.
    """
    if isinstance(given, str):
        if given != ALIKE:
            raise ParameterError(
                "prior", "is neither shares nor a known word", f"give {ALIKE} or shares", given
            )
        return np.full(len(labels), 1 / len(labels))
    shares = dict.fromkeys(labels, 0.0)
    for name, share in given.items():
        # The model may know emotions that are not in the common vocabulary.
        label = canonical(name, strict=False)
        if label not in shares:
            cause = "the model does not know this emotion"
            raise ParameterError("prior", cause, choose_from(name, labels), name)
        if isinstance(share, bool) or not np.isfinite(share) or share <= 0:
            raise ParameterError(
                "prior", "has a share that is not above 0", "leave out what does not occur",
                f"{name}={share}",
            )  # fmt: skip
        shares[label] += float(share)
    total = sum(shares.values())
    if not total:
        raise ParameterError("prior", "names no emotion", f"give {ALIKE} or shares", "{}")
    return np.array([shares[label] / total for label in labels])


def weigh(probabilities: Floats, shares: Floats) -> Probabilities:
    """Brings probabilities of a classifier that was trained on emotions alike to a prior.

    Args:
        probabilities: Shape (n, labels).
        shares: The share of each emotion, shape (labels,).

    Returns:
        Shape (n, labels); each row sums to 1, and emotions without a share have 0.
    """
    # A network may be so sure of an emotion that does not occur that nothing is left.
    weighed = np.maximum(probabilities, np.finfo(np.float32).tiny) * shares
    found: Probabilities = (weighed / weighed.sum(axis=1, keepdims=True)).astype(np.float32)
    return found
