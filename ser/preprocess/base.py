"""The base class of the preprocessing steps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from ser.arrays import Samples
from ser.errors import SerError, require


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """One step and its only setting; `str` gives both as the command line takes them.

    Attributes:
        value: The setting, in the unit of the step.
    """

    value: float

    name: ClassVar[str]
    """Its name on the command line and in feature specifications."""
    meaning: ClassVar[str]
    """What the value means, with its unit; for messages."""
    default: ClassVar[float]
    """The value if none is given."""
    bounds: ClassVar[tuple[float, float]]
    """The least and the greatest value that are allowed."""
    modules: ClassVar[tuple[str, ...]] = ()
    """Python packages of the extra ``clean`` that it needs."""

    def __post_init__(self) -> None:
        """Checks the value.

        Raises:
            SerError: It lies outside of `bounds`.
        """
        low, high = self.bounds
        if not low <= self.value <= high:
            raise SerError(
                f"{self.name}:{self.value:g}",
                f"is no {self.meaning}",
                f"give {low:g} to {high:g}, as in {self.name}:{self.default:g}",
            )

    def __str__(self) -> str:
        return f"{self.name}:{self.value:g}"

    def require(self) -> None:
        """Makes sure that the packages of the step are installed, without importing them.

        Raises:
            DependencyError: A package is missing.
        """
        require(self.name, *self.modules)

    @staticmethod  # noqa: B027  # Most steps have none.
    def import_packages() -> None:
        """Imports the packages of `modules`, for `ser.parallel.forkserver.prepare`."""

    @abstractmethod
    def __call__(self, samples: Samples, rate: int) -> Samples:
        """Processes a clip.

        Args:
            samples: Shape (samples,), of any length and level; not changed.
            rate: Their rate in hertz.

        Returns:
            Float32, shape (any,): at least one sample where there was one.
        """
