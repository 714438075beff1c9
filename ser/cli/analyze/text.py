"""What is said, in ``ser-analyze``: the words of each window beside its voice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from ser.arrays import Samples
from ser.cli.console import Console
from ser.cli.options import with_options
from ser.cli.text_options import PASSED, Words, words_options
from ser.inference.consumers import Consumer
from ser.text.align import Alongside
from ser.timeline.window import Window


def text_options(function: Any) -> Any:
    """Adds ``--text`` and the options about words; see `open_text_stage`."""
    flag = click.option(
        "--text",
        is_flag=True,
        help="Also write down what is said, with the emotion of the words beside the voice's; all "
        "on this machine.",
    )
    return with_options([flag, words_options], function)


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
        words: What was asked for.
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self._recognizer = words.recogniser()
        self._judge = words.judge()
        self.labels = self._judge.labels
        self._alongside: Alongside | None = None

    def begin(self, rate: int, offset: float) -> None:
        transcriber = self._words.transcriber(self._recognizer, rate, offset=offset)
        self._alongside = Alongside(transcriber, self._judge)

    def add_block(self, samples: Samples) -> None:
        self._current().add(samples)

    def join(self, windows: Iterator[Window]) -> Iterator[Window]:
        return self._current().join(windows)

    def _current(self) -> Alongside:
        if self._alongside is None:
            raise ValueError("no recording has begun")
        return self._alongside


def check_text(text: bool, others: Mapping[str, bool]) -> None:
    """Checks what is asked for, before any work is done.

    Args:
        text: ``--text``.
        others: Options that it does not go with, and whether they are given.

    Raises:
        click.UsageError: One of them is given, or an option about words without ``--text``.
    """
    if text:
        clash = next((name for name, given in others.items() if given), None)
        if clash is not None:
            raise click.UsageError(f"--text does not go with {clash}.")
        return
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    for name in PASSED:
        if context.get_parameter_source(name) != default:
            raise click.UsageError(f"--{name.replace('_', '-')} needs --text.")


def open_text_stage(console: Console, text: bool, asked: Mapping[str, Any]) -> TextStage:
    """Opens what transcribes, where it is asked for.

    Args:
        console: For notes and downloads.
        text: ``--text``.
        asked: The options that `ser.cli.text_options.words_options` adds.

    Raises:
        SerError: A model that was named cannot be had.
    """
    return _Transcription(Words(console, **asked)) if text else TextStage()
