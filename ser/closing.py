"""What must be closed is closed at the end of a ``with`` block, in one way for all that has it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self


class Closing(ABC):
    """Something that a ``with`` block closes at its end, whatever happened in it."""

    def __enter__(self) -> Self:
        """Gives itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Closes it; an exception goes on its way."""
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Lets go of what it holds; once it is closed this changes nothing."""
