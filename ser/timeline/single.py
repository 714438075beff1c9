"""What the formats share of which one file belongs to one recording."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from ser.errors import SerError
from ser.timeline.record import Window
from ser.timeline.writer import Writer


class SingleWriter(Writer):
    """Base of the formats that name no recording, and so cannot hold two."""

    one_recording: ClassVar[bool] = True
    summaries: ClassVar[bool] = False

    file: str | None = None
    """The recording; None before its first window."""

    def write(self, window: Window) -> None:
        """Writes one window.

        Raises:
            SerError: It belongs to another recording than those before.
        """
        if self.file is None:
            self.file = window.file
        elif self.file != window.file:
            raise SerError(
                window.file,
                f"does not fit into one file with {self.file}",
                "write a file for each recording",
            )
        self.take(window)

    @abstractmethod
    def take(self, window: Window) -> None:
        """Writes one window of the recording, or keeps it."""
