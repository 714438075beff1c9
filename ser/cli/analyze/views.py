"""What ``ser-analyze`` shows of one recording beside its timeline: a picture, a web page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ser.arrays import Samples
from ser.audio import reader
from ser.audio.microphone import MICROPHONE
from ser.cli.console import Console
from ser.cli.options import with_options
from ser.cli.paths import OutputPath
from ser.errors import AudioError
from ser.inference.classifier import Classifier
from ser.inference.consumers import Consumer
from ser.inference.windowing import TimeRange
from ser.io.files import STANDARD, Closeable
from ser.timeline.summary import TalkTime
from ser.timeline.window import Window
from ser.viz.drawing import TimelineDrawing
from ser.viz.html.report import SOUND_CHOICES, HtmlReport, SoundChoice


def html_options(function: Any) -> Any:
    """Adds the options for the web page."""
    options = [
        click.option(
            "--html",
            metavar="FILE",
            type=OutputPath(),
            help="Write a web page about one recording, which needs nothing else: player, "
            "waveform, curves, and segments to click on.",
        ),
        click.option(
            "--html-sound",
            type=click.Choice(SOUND_CHOICES),
            default="auto",
            show_default=True,
            help="Whether the page of --html holds the sound itself, links to the recording, or is "
            "silent; auto embeds up to 100 minutes and links beyond.",
        ),
    ]
    return with_options(options, function)


def check_views(plot: str | None, page: str | None, recordings: int) -> None:
    """Refuses what cannot be shown, before any work is done.

    Args:
        plot: ``--plot``.
        page: ``--html``.
        recordings: How many there are.

    Raises:
        click.UsageError: Views are of one recording, and pages are files.
        SerError: The picture's ending is unknown.
    """
    if plot is not None and recordings != 1:
        raise click.UsageError("--plot draws one recording: name one file.")
    if page is not None and recordings != 1:
        raise click.UsageError("--html is about one recording: name one file.")
    if page == STANDARD:
        raise click.UsageError("--html writes a file: give it a name.")
    if plot is not None:
        from ser.viz.figure import check_target

        check_target(Path(plot), "plot")


class Views(Closeable, Consumer):
    """Gathers what is shown of one recording; a context manager.

    Args:
        recording: The recording.
        plot: Where the picture goes, or None.
        page: Where the web page goes, or None.
        sound: Where the page has its sound from.
        classifier: The classifier.
        time_range: Which part of the recording is analyzed.

    Raises:
        SerError: The page cannot link to the recording.
    """

    def __init__(
        self,
        recording: str,
        classifier: Classifier,
        time_range: TimeRange,
        *,
        plot: str | None = None,
        page: str | None = None,
        sound: SoundChoice = "auto",
    ) -> None:
        self._recording = recording
        self._plot = plot
        self._page = page
        self._drawing = (
            None
            if plot is None
            else TimelineDrawing(classifier.spec.sample_rate, classifier.path.stem)
        )
        self._report: HtmlReport | None = None
        self.measures_talk = page is not None
        if page is not None:
            # A voice is kept where that is asked for, and a page may travel far.
            private = recording == MICROPHONE and sound == "auto"
            self._report = HtmlReport(
                Path(page),
                recording,
                classifier.labels,
                classifier.spec.sample_rate,
                model=classifier.path.stem,
                start=time_range.start,
                seconds=_seconds(recording, time_range),
                sound="none" if private else sound,
            )

    def close(self) -> None:
        """Removes temporary files."""
        if self._report is not None:
            self._report.close()

    def add_block(self, samples: Samples) -> None:
        """Takes the next block of sound."""
        if self._drawing is not None:
            self._drawing.add_block(samples)
        if self._report is not None:
            self._report.add_block(samples)

    def add_window(self, window: Window) -> None:
        """Takes the next window."""
        if self._drawing is not None:
            self._drawing.add_window(window)
        if self._report is not None:
            self._report.add_window(window)

    def add_part(self, window: Window) -> None:
        """Takes the next window that becomes part of a segment."""
        if self._report is not None:
            self._report.add_part(window)

    def set_talk(self, talk: TalkTime, channel: int | None = None) -> None:
        """Takes how long somebody speaks."""
        # The sound is that of the first channel, where each is heard.
        if self._report is not None and channel in (None, 1):
            self._report.set_talk(talk)

    def save(self, console: Console) -> None:
        """Writes the files.

        Raises:
            SerError: One cannot be written.
        """
        if self._drawing is not None and self._plot is not None:
            self._drawing.save(Path(self._plot), self._recording)
        if self._report is not None:
            self._report.save()
            if self._report.linked:
                console.note(
                    f"{self._page} plays {self._recording} from where it is: move both together"
                )


MakeViews = Callable[[str], Views]
"""Begins what is shown of a recording."""


def _seconds(recording: str, time_range: TimeRange) -> float | None:
    """Gives how much will be analyzed, as far as that can be known beforehand."""
    try:
        left = reader.length(recording) - time_range.start
    except AudioError:
        # A pipe, live sound, or no recording at all, which is said when it is read.
        return time_range.seconds
    return left if time_range.seconds is None else min(left, time_range.seconds)
