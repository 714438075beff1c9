"""The values that a hyperparameter may have, whatever range is searched."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ser.errors import HyperparameterError


@dataclass(frozen=True, slots=True)
class Limits:
    """An interval of numbers.

    Attributes:
        low: Its lower end.
        high: Its upper end; infinite where there is none.
        above: Whether the lower end itself is not allowed.
        below: Whether the upper end itself is not allowed.
    """

    low: float = 0.0
    high: float = math.inf
    above: bool = False
    below: bool = False

    def __contains__(self, value: float) -> bool:
        """Says whether a number is allowed; what is not finite never is."""
        if not math.isfinite(value) or value < self.low or value > self.high:
            return False
        return not (self.above and value == self.low) and not (self.below and value == self.high)

    def __str__(self) -> str:
        """Describes the interval.

        Examples:
            >>> str(Limits(1)), str(Limits(0, 1)), str(Limits(0, 1, below=True))
            ('at least 1', '0 to 1', 'at least 0 and less than 1')
        """
        if math.isfinite(self.high) and not (self.above or self.below):
            return f"{self.low:.15g} to {self.high:.15g}"
        first = f"{'more than' if self.above else 'at least'} {self.low:.15g}"
        if not math.isfinite(self.high):
            return first
        return f"{first} and {'less than' if self.below else 'at most'} {self.high:.15g}"

    def check(self, name: str, value: float, given: object = None) -> None:
        """Checks the value of a hyperparameter.

        Args:
            name: The hyperparameter.
            value: Its value.
            given: The value as the user wrote it; None for `value`.

        Raises:
            HyperparameterError: The value is not allowed.
        """
        if value in self:
            return
        shown = value if given is None else given
        if not math.isfinite(value):
            raise HyperparameterError(name, "is not a finite number", f"give {self}", shown)
        raise HyperparameterError(name, f"must be {self}", value=shown)


NOT_NEGATIVE = Limits()
"""Zero and more: weights of losses and votes."""

POSITIVE = Limits(above=True)
"""More than zero: learning rates as a ratio, and the like."""

SHARE = Limits(0, 1)
"""A part of the whole."""

DROPOUT = Limits(0, 1, below=True)
"""A share that is dropped; nothing would be left of all."""

RATIO = Limits(0, 100, above=True)
"""A factor for the number of channels."""

# Beyond these, memory or patience ends long before the network is built.
DEPTH = Limits(1, 64)
"""A number of layers or of networks."""

SIZE = Limits(1, 65_536)
"""A number of units, channels, steps or epochs."""

SMOOTHING = Limits(0, 0.5)
"""Label smoothing of two classes; beyond it, they would change places."""
