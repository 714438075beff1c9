"""Pictures of timelines that are gathered while a recording is analyzed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ser.arrays import Samples
from ser.timeline.window import Window
from ser.viz.figure import SUFFIXES, check_target
from ser.viz.overview import Overview
from ser.viz.timeline import draw_timeline


@dataclass(frozen=True, slots=True)
class TimelinePicture:
    """A request for a picture of each recording; it can be sent to other processes.

    Attributes:
        suffix: The kind of picture files: ``.png`` or ``.svg``.

    Raises:
        DependencyError: matplotlib is not installed.
        SerError: The suffix is another one.
    """

    suffix: str = SUFFIXES[0]

    def __post_init__(self) -> None:
        """Checks that such pictures can be drawn."""
        check_target(Path(f"picture{self.suffix}"))

    def begin(self, sample_rate: int, model: str = "") -> TimelineDrawing:
        """Begins the picture of one recording.

        Args:
            sample_rate: Of the samples that follow, in hertz.
            model: The classifier's name, for the picture.
        """
        return TimelineDrawing(sample_rate, model)


class TimelineDrawing:
    """Gathers what the picture of one recording needs; memory grows with its windows alone.

    Args:
        sample_rate: Of the samples, in hertz.
        model: The classifier's name, for the picture; may be empty.
    """

    def __init__(self, sample_rate: int, model: str = "") -> None:
        self._overview = Overview(sample_rate)
        self._windows: list[Window] = []
        self._model = model

    def add_block(self, samples: Samples) -> None:
        """Takes the next samples, shape (samples,)."""
        self._overview.add(samples)

    def add_window(self, window: Window) -> None:
        """Takes the next window of the timeline."""
        self._windows.append(window)

    def save(self, target: Path, recording: str) -> None:
        """Draws the picture and writes it.

        Args:
            target: A file whose suffix is ``.png`` or ``.svg``.
            recording: The recording's path; the last part of it is the title.

        Raises:
            SerError: The picture cannot be drawn or written.
            DependencyError: matplotlib is not installed.
        """
        draw_timeline(
            target,
            self._windows,
            self._overview,
            title=Path(recording).name,
            subtitle=f"model {self._model}" if self._model else "",
        )
