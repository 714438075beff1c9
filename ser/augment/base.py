"""The base class of the transforms of waveforms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from ser.arrays import Samples
from ser.errors import ParameterError


@dataclass(frozen=True, slots=True)
class Parameters:
    """The parameters of a transform for one copy.

    Attributes:
        value: In the unit of the transform, rounded as `Transform.label` shows it.
        kind: Which variant of the transform; `''` where there is only one.
    """

    value: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Transform(ABC):
    """One transform, and the range that its value is drawn from.

    A transform is plain data: it can be sent to other processes, and `str` gives it as the command
    line takes it.

    Attributes:
        low: The least value, in the unit of the transform.
        high: The greatest.
    """

    low: float
    high: float

    name: ClassVar[str]
    """Its name on the command line and in tables."""
    unit: ClassVar[str]
    """The unit behind a value: ``dB``, ``st`` (semitones), ``s``, or nothing for factors."""
    meaning: ClassVar[str]
    """What the value means, for help and messages."""
    decimals: ClassVar[int]
    """Decimal places that a drawn value is rounded to."""
    default: ClassVar[tuple[float, float]]
    """The range where none is given; speech keeps its emotion within it."""
    bounds: ClassVar[tuple[float, float]]
    """The least and the greatest value that are allowed."""

    def __post_init__(self) -> None:
        """Checks the range.

        Raises:
            ParameterError: It lies outside of `bounds`, or its ends are the wrong way round.
        """
        low, high = self.bounds
        if not low <= self.low <= self.high <= high:
            raise ParameterError(
                "augment",
                f"is no range of {self.meaning} within {low:g} to {high:g}",
                f"write {self.name}:LOW..HIGH, as in {self.name}:{self.default[0]:g}.."
                f"{self.default[1]:g}",
                self,
            )

    def __str__(self) -> str:
        return f"{self.name}:{self.low:g}..{self.high:g}"

    def draw(self, rng: np.random.Generator) -> Parameters:
        """Draws the parameters for one copy."""
        return Parameters(round(float(rng.uniform(self.low, self.high)), self.decimals))

    def label(self, parameters: Parameters) -> str:
        """Describes the transform of one copy for the table: ``noise=12.3dB``."""
        # A rounded -0.04 would read as -0.
        return f"{self.name}={parameters.value + 0.0:g}{self.unit}"

    def max_label_length(self) -> int:
        """Gives the greatest length of a label; the table's field must hold it."""
        digits = max(len(f"{end:.{self.decimals}f}") for end in (self.low, self.high))
        return len(self.name) + 1 + digits + len(self.unit)

    def max_duration(self, seconds: float) -> float:
        """Gives the greatest duration that a clip of so many seconds may get."""
        return seconds

    @abstractmethod
    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Transforms a clip.

        Args:
            samples: Shape (samples,), at least one; not changed.
            rate: Their rate in hertz.
            parameters: What `draw` gave.
            rng: The random generator.

        Returns:
            Float32, shape (any,), at least one sample.
        """


def mean_power(samples: npt.NDArray[Any]) -> float:
    """Gives the mean square of samples; 0 for none."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def fit_length(samples: Samples, count: int) -> Samples:
    """Cuts samples to a length, or pads them with zeros."""
    if len(samples) >= count:
        return samples[:count]
    return np.pad(samples, (0, count - len(samples)))
