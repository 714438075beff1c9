"""What generators and discriminators have in common when they train against each other."""

from __future__ import annotations

from ser.training.trainer import Row

# The side whose loss is smaller than the other's by this factor is ahead.
_LEAD = 2.0
_MEMORY = 0.9


class Means:
    """Means of figures over an epoch, and over its last steps."""

    def __init__(self) -> None:
        self._sums: Row = {}
        self._counts: dict[str, int] = {}
        self._recent: Row = {}

    def add(self, figures: Row, **more: float) -> None:
        """Adds the figures of a step."""
        for name, value in {**figures, **more}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
            self._counts[name] = self._counts.get(name, 0) + 1
            before = self._recent.get(name, value)
            self._recent[name] = _MEMORY * before + (1 - _MEMORY) * value

    def ahead(self, one: str, other: str) -> bool:
        """Says whether a side is so far ahead that it has to wait for the other.

        Args:
            one: The name of its loss.
            other: The name of the other side's loss.
        """
        # Before the generator's first turn nobody is ahead.
        nothing = float("nan")
        return self._recent.get(one, nothing) * _LEAD < self._recent.get(other, nothing)

    def over_all(self) -> Row:
        """Gives the means over the epoch."""
        return {name: self._sums[name] / self._counts[name] for name in self._sums}
