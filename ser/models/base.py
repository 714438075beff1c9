"""The contract that every architecture keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Problem:
    """What a network has to take in and to tell apart.

    Attributes:
        frames: Frames per example; 1 for pooled tables.
        coefficients: Coefficients per frame.
        classes: Number of emotions.
        mean: Mean of each coefficient over the training clips, shape (coefficients,), or None
            where clips are normalised already.
        variance: Variance likewise.
    """

    frames: int
    coefficients: int
    classes: int
    mean: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    variance: npt.NDArray[np.float32] | None = field(default=None, compare=False)


class Architecture(ABC):
    """A family of networks with a name.

    Attributes:
        name: What ``--arch`` calls it.
        summary: One line for the help.
    """

    name: str
    summary: str

    @abstractmethod
    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds an untrained network.

        Args:
            keras: The module, as `ser.models.backend.load_keras` gives it.
            problem: Sizes, and the statistics of the training clips.

        Returns:
            A `keras.Model` from float32 (batch, frames, coefficients) to probabilities (batch,
            classes), made of Keras's own layers, so that the file loads without this package.
        """


def inputs(keras: Any, problem: Problem) -> tuple[Any, Any]:
    """Makes the input, standardised where the problem says how.

    Returns:
        The input tensor and the tensor to go on with, both (batch, frames, coefficients).
    """
    entry = keras.Input((problem.frames, problem.coefficients), name="features")
    if problem.mean is None or problem.variance is None:
        return entry, entry
    layer = keras.layers.Normalization(
        axis=-1, mean=problem.mean.tolist(), variance=problem.variance.tolist(), name="standardise"
    )
    return entry, layer(entry)
