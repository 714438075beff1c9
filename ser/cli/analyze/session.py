"""How ``ser-analyze`` analyzes recordings, and writes what it finds."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ser.audio.causes import IncompleteError
from ser.cli.analyze.text import TextStage
from ser.cli.analyze.views import MakeViews
from ser.cli.console import Console
from ser.cli.outputs import choose_outputs, open_writer
from ser.errors import failure_of
from ser.inference.consumers import Consumer, RemarkTeller, SummaryMaker, WindowWriter
from ser.inference.recognizer import Recognizer, analyze
from ser.timeline.writers.base import Writer, WriterOptions
from ser.timeline.writers.registry import Output


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where timelines go, and what they hold.

    Attributes:
        console: Says what was kept of an interrupted run.
        targets: What ``-o`` names.
        format_name: What ``--format`` names, or None.
        options: How the timelines look.
        summaries: Summaries of recordings are wanted, and no windows.
    """

    console: Console
    targets: Sequence[str]
    format_name: str | None
    options: WriterOptions
    summaries: bool

    def check(self, recordings: int) -> list[Output]:
        """Says which format goes where, if the formats can hold that many recordings.

        Raises:
            click.UsageError: They cannot, or nothing tells the format.
        """
        return choose_outputs(
            self.targets, self.format_name, recordings=recordings, summaries=self.summaries
        )

    def open(
        self, recordings: int, labels: Sequence[str], words: Sequence[str] = ()
    ) -> contextlib.AbstractContextManager[Writer]:
        """Opens the outputs.

        Args:
            recordings: How many recordings they will hold.
            labels: The emotions of a voice.
            words: The emotions of words, where those are written as well.

        Raises:
            click.UsageError: They cannot hold that.
            SerError: One cannot be written.
        """
        return open_writer(
            self.console,
            self.check(recordings),
            labels,
            replace(self.options, headings=recordings > 1, words=tuple(words)),
            summaries=self.summaries,
        )


@dataclass(frozen=True, slots=True)
class Session:
    """What one run of the command works with.

    Attributes:
        console: Shows failures and progress.
        recognizer: The classifier, and how it is used.
        outputs: Where timelines go.
    """

    console: Console
    recognizer: Recognizer
    outputs: Outputs

    def analyze_each(
        self, recordings: Sequence[str], make_views: MakeViews, text: TextStage
    ) -> None:
        """Analyzes recordings one after the other; one that fails does not stop the others.

        Args:
            recordings: Where they can be read.
            make_views: Begins what is shown of a recording beside its timeline.
            text: Adds what is said.
        """
        labels = self.recognizer.labels
        with (
            self.outputs.open(len(recordings), labels, text.labels) as writer,
            self.console.progress(len(recordings), "file", "analysing") as bar,
        ):
            for recording in recordings:
                try:
                    with make_views(recording) as views:
                        text.begin(
                            self.recognizer.classifier.spec.sample_rate,
                            self.recognizer.config.time_range.start,
                        )
                        teller = RemarkTeller(recording, self.console.remark)
                        consumers = [self.timeline(recording, writer), views, text, teller]
                        try:
                            analyze(self.recognizer, recording, consumers, after=text.join)
                        except IncompleteError as error:
                            # What is there is shown all the same.
                            self.console.fail(error)
                        views.save(self.console)
                except Exception as error:
                    self.console.fail(failure_of(recording, error))
                bar.update(1)

    def timeline(self, recording: str, writer: Writer) -> Consumer:
        """Gives what writes the windows of a recording, or its summary."""
        if self.outputs.summaries:
            return SummaryMaker(recording, self.recognizer.labels, writer)
        return WindowWriter(writer)
