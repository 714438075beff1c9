"""What every change to a waveform is."""

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
    """What one copy is changed by.

    Attributes:
        value: In the unit of the transform, rounded to what `Transform.label` shows.
        kind: Which of several ways, `''` where there is only one.
    """

    value: float
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Transform(ABC):
    """One change, and the range that its strength is drawn from.

    A transform is plain data: it can be sent to other processes, and `str` gives it as the command
    line takes it.

    Attributes:
        low: The least value, in the unit of the transform.
        high: The greatest.
    """

    low: float
    high: float

    name: ClassVar[str]
    """How the command line and the table call it."""
    unit: ClassVar[str]
    """What stands behind a value: ``dB``, ``st`` (semitones), ``s``, or nothing for factors."""
    meaning: ClassVar[str]
    """What the value is, for help and messages."""
    decimals: ClassVar[int]
    """Digits behind the point that a drawn value is rounded to."""
    default: ClassVar[tuple[float, float]]
    """The range where none is given: what speech survives as the same emotion."""
    bounds: ClassVar[tuple[float, float]]
    """The least and the greatest value that make sense."""

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
        """Chooses what one copy is changed by."""
        return Parameters(round(float(rng.uniform(self.low, self.high)), self.decimals))

    def label(self, parameters: Parameters) -> str:
        """Says shortly what was done, for the table: ``noise=12.3dB``."""
        # A rounded -0.04 would read as -0.
        return f"{self.name}={parameters.value + 0.0:g}{self.unit}"

    def longest_label(self) -> int:
        """Bounds the length of a label, so that the table's field can hold it."""
        digits = max(len(f"{end:.{self.decimals}f}") for end in (self.low, self.high))
        return len(self.name) + 1 + digits + len(self.unit)

    def longest(self, seconds: float) -> float:
        """Gives how long a clip of so many seconds may become."""
        return seconds

    @abstractmethod
    def apply(
        self, samples: Samples, rate: int, parameters: Parameters, rng: np.random.Generator
    ) -> Samples:
        """Changes a clip.

        Args:
            samples: Shape (samples,), at least one; not changed.
            rate: Their rate in hertz.
            parameters: What `draw` chose.
            rng: The source of whatever else is random.

        Returns:
            Float32, shape (any,), at least one sample.
        """


def mean_power(samples: npt.NDArray[Any]) -> float:
    """Gives the mean square of samples; 0 for none."""
    return float(np.mean(np.square(samples, dtype=np.float64))) if len(samples) else 0.0


def fitted(samples: Samples, count: int) -> Samples:
    """Cuts to a number of samples, or fills up with zeros."""
    if len(samples) >= count:
        return samples[:count]
    return np.pad(samples, (0, count - len(samples)))
