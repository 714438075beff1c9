"""How ``ser-analyze`` reads recordings and writes what it finds, whichever way sound comes in."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ser.cli.analyze.text import Aside
from ser.cli.analyze.views import Show, Views
from ser.cli.console import Console
from ser.cli.outputs import checked_outputs, open_writer
from ser.errors import SerError
from ser.inference.engine import Engine
from ser.inference.settings import Settings
from ser.timeline.summary import Summariser
from ser.timeline.window import Window
from ser.timeline.writers.base import Writer
from ser.timeline.writers.registry import Output


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where timelines go, and how they look there.

    Attributes:
        targets: What ``-o`` names.
        format_name: What ``--format`` names, or None.
        top: How many emotions are shown to people.
        summaries: What each recording comes to is wanted, and no windows.
    """

    targets: Sequence[str]
    format_name: str | None
    top: int
    summaries: bool

    def check(self, recordings: int) -> list[Output]:
        """Says which format goes where, if they can hold that many recordings.

        Raises:
            click.UsageError: They cannot, or nothing tells the format.
        """
        return checked_outputs(
            self.targets, self.format_name, recordings=recordings, summaries=self.summaries
        )

    def open(
        self, recordings: int, labels: Sequence[str], words: Sequence[str] = ()
    ) -> contextlib.AbstractContextManager[Writer]:
        """Opens them.

        Args:
            recordings: How many recordings they will hold.
            labels: The emotions of a voice.
            words: The emotions of words, where those are written as well.

        Raises:
            click.UsageError: They cannot hold that.
            SerError: One cannot be written.
        """
        return open_writer(
            self.check(recordings),
            labels,
            headings=recordings > 1,
            top=self.top,
            summaries=self.summaries,
            words=words,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that decides what is found in a recording, and where that is written.

    Attributes:
        console: Where failures and the progress go.
        engine: The classifier.
        settings: How it is used.
        outputs: Where timelines go.
    """

    console: Console
    engine: Engine
    settings: Settings
    outputs: Outputs

    def one_by_one(self, recordings: Sequence[str], show: Show, aside: Aside) -> None:
        """Reads recordings one after the other; one that fails does not stop the others.

        Args:
            recordings: Where they can be read.
            show: Gives what is shown of a recording beside its timeline.
            aside: Listens to the words.
        """
        settings, rate = self.settings, self.engine.spec.sample_rate
        with (
            self.outputs.open(len(recordings), self.engine.labels, aside.labels) as writer,
            self.console.progress(len(recordings), "file", "analysing") as bar,
        ):
            for recording in recordings:
                try:
                    with show(recording) as views:
                        aside.begin(rate, settings.part.start)
                        recognise = settings.recogniser(recording, self.engine)
                        windows = recognise(part=settings.part, tap=aside.tapped(views.hear))
                        windows = aside.join(settings.refine(windows))
                        self.write(recording, windows, writer, views)
                except SerError as error:
                    self.console.fail(error)
                bar.update(1)

    def write(
        self, recording: str, windows: Iterable[Window], writer: Writer | None, views: Views
    ) -> None:
        """Writes windows, or what they come to, as they become known; and shows them.

        Args:
            recording: What they are of.
            windows: They.
            writer: Where they go; None where they are only shown.
            views: What is shown.

        Raises:
            SerError: The recording breaks off, or something cannot be written.
        """
        summariser = Summariser(recording, self.engine.labels)
        for window in windows:
            if self.outputs.summaries:
                summariser.add(window)
            elif writer is not None:
                writer.write(window)
            views.add(window)
        if self.outputs.summaries and writer is not None:
            writer.write_summary(summariser.result())
        views.save(self.console)
