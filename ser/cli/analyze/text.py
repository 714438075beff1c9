"""What is said, in ``ser-analyze``: the words of each window beside its voice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ser.arrays import Samples
from ser.cli.console import Console
from ser.cli.exclusive import Excludes, Needs
from ser.cli.options import with_options
from ser.cli.text_options import TEXT_PARAMETERS, TextOptions, add_text_options
from ser.inference.consumers import Consumer
from ser.text.align import TranscriptAligner
from ser.timeline.window import Window

TEXT_RULES = (
    Excludes(
        "--text",
        ("--summary", "--output-dir", "--cluster", "--mic", "--mic-device", "--play"),
        "words are written of recordings, one after the other",
    ),
    Needs(
        ("--no-translate", *(f"--{name.replace('_', '-')}" for name in TEXT_PARAMETERS)), "--text"
    ),
)
"""Which options words exclude or need."""


def text_options(function: Any) -> Any:
    """Adds ``--text`` and the options about words; see `open_text_stage`."""
    flag = click.option(
        "--text",
        is_flag=True,
        help="Also write down what is said, with the emotion of the words beside the voice's; all "
        "on this machine.",
    )
    return with_options([flag, add_text_options], function)


class TextStage(Consumer):
    """Adds what is said to the windows of an analysis. This base adds nothing.

    Attributes:
        labels: The emotions of words.
    """

    labels: tuple[str, ...] = ()

    def begin(self, rate: int, offset: float) -> None:
        """Begins with another recording.

        Args:
            rate: The sample rate of the blocks, in hertz.
            offset: The time of the first sample, in seconds.
        """

    def join(self, windows: Iterator[Window]) -> Iterator[Window]:
        """Gives the windows with their words, as soon as those are known."""
        return windows


class _Transcription(TextStage):
    """Transcribes a recording while its voice is analyzed.

    Args:
        options: The values of the options about words.
    """

    def __init__(self, options: TextOptions) -> None:
        self._options = options
        self._recognizer = options.open_recognizer()
        self._fusion = options.open_fusion()
        self.labels = self._fusion.labels
        self._aligner: TranscriptAligner | None = None

    def begin(self, rate: int, offset: float) -> None:
        transcriber = self._options.make_transcriber(self._recognizer, rate, offset=offset)
        self._aligner = TranscriptAligner(transcriber, self._fusion)

    def add_block(self, samples: Samples) -> None:
        self._current().add(samples)

    def join(self, windows: Iterator[Window]) -> Iterator[Window]:
        return self._current().align(windows)

    def _current(self) -> TranscriptAligner:
        if self._aligner is None:
            raise ValueError("no recording has begun")
        return self._aligner


def open_text_stage(console: Console, text: bool, asked: Mapping[str, Any]) -> TextStage:
    """Opens what transcribes, where it is asked for.

    Args:
        console: For notes and downloads.
        text: ``--text``.
        asked: The options that `ser.cli.text_options.add_text_options` adds.

    Raises:
        SerError: A model that was named cannot be had.
    """
    return _Transcription(TextOptions(console, **asked)) if text else TextStage()
