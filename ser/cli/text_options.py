"""Options about words, and what they make: recogniser, translator, text model, fusion."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from ser.cli.console import Console, Progress
from ser.cli.options import with_options
from ser.errors import SerError
from ser.text.asr.base import Recogniser
from ser.text.asr.registry import open_recogniser, open_translator
from ser.text.asr.transcriber import Transcriber
from ser.text.emotion.base import WordsModel
from ser.text.emotion.registry import open_words
from ser.text.fusion import Judge, Weights, parse_weights

PASSED = (
    "language", "asr_model", "text_model", "translate", "translate_model", "weights", "offline",
)  # fmt: skip
"""The parameters that `words_options` adds, as `Words` takes them."""


def _weights(context: click.Context, parameter: click.Parameter, value: str) -> Weights:
    try:
        return parse_weights(value)
    except SerError as error:
        raise click.BadParameter(str(error)) from error


def _language(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    # As locales write it: en-GB, pl_PL.
    return None if value is None else value.replace("_", "-").split("-")[0].strip().lower() or None


def words_options(function: Any) -> Any:
    """Adds the options about words; see `Words`."""
    options = [
        click.option(
            "--language",
            metavar="CODE",
            callback=_language,
            help="The language that is spoken: en, pl, de.  [default: detected]",
        ),
        click.option(
            "--asr-model",
            metavar="NAME|DIR",
            help="Speech recogniser: tiny, base, small, medium, large-v3 or turbo (Whisper), a "
            "model of the Hugging Face Hub, a folder, or sphinx, which is built in.  [default: "
            "base, or sphinx where that cannot be had]",
        ),
        click.option(
            "--text-model",
            metavar="NAME|DIR",
            help="Classifier of words: a model of the Hugging Face Hub, a folder, or lexicon, "
            "which is built in.  [default: j-hartmann/emotion-english-distilroberta-base, or "
            "lexicon]",
        ),
        click.option(
            "--translate/--no-translate",
            default=True,
            show_default=True,
            help="Translate what is not English, for the text model.",
        ),
        click.option(
            "--translate-model",
            metavar="NAME|DIR",
            help="Whisper model that translates.  [default: the recogniser if it can, or small]",
        ),
        click.option(
            "--weights",
            metavar="voice=V,text=T",
            default="voice=0.6,text=0.4",
            show_default=True,
            callback=_weights,
            help="How much voice and words count together.",
        ),
        click.option(
            "--offline", is_flag=True, help="Download nothing: take what is on this machine."
        ),
    ]
    return with_options(options, function)


@dataclass(frozen=True, slots=True)
class Words:
    """What was asked for.

    Attributes:
        console: For notes and downloads.
        language: Spoken language, or None.
        asr_model: Recogniser, or None.
        text_model: Classifier of texts, or None.
        translate: Whether to translate.
        translate_model: Translator, or None.
        weights: For the fusion.
        offline: Never use the network.
    """

    console: Console
    language: str | None
    asr_model: str | None
    text_model: str | None
    translate: bool
    translate_model: str | None
    weights: Weights
    offline: bool

    def recogniser(self) -> Recogniser:
        """Opens the speech recogniser."""
        with downloading(self.console) as watch:
            return open_recogniser(
                self.asr_model,
                language=self.language,
                offline=self.offline,
                watch=watch,
                note=self.console.note,
            )

    def model(self) -> WordsModel:
        """Opens the classifier of texts."""
        with downloading(self.console) as watch:
            return open_words(
                self.text_model, offline=self.offline, watch=watch, note=self.console.note
            )

    def judge(self) -> Judge:
        """Opens the classifier of texts, for use beside a voice."""
        return Judge(self.model(), self.weights)

    def transcriber(self, recogniser: Recogniser, rate: int, *, offset: float = 0.0) -> Transcriber:
        """Makes what writes down one recording."""
        return Transcriber(
            recogniser,
            rate,
            offset=offset,
            language=self.language,
            translator=self._translator(recogniser) if self.translate else None,
        )

    def _translator(self, recogniser: Recogniser) -> Callable[[], Recogniser]:
        if recogniser.translates and self.translate_model is None:
            return lambda: recogniser
        return functools.partial(_opened, self, recogniser.name)


# Opened once for all recordings of a run, and only where one is not in English.
@functools.lru_cache(maxsize=1)
def _opened(words: Words, recogniser: str) -> Recogniser:
    with downloading(words.console) as watch:
        model = open_translator(words.translate_model, offline=words.offline, watch=watch)
    if words.translate_model is None:
        words.console.note(f"{recogniser} cannot translate: {model.name} does")
    return model


class _Bar:
    """Shows a download on the console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stack = contextlib.ExitStack()
        self._bar = Progress()

    def begin(self, name: str, size: int) -> None:
        self._console.info(f"downloading {name}: {_readable(size)}, kept for the next time")
        self._bar = self._stack.enter_context(
            self._console.progress(size, "B", "downloading", scale=True)
        )

    def update(self, size: int) -> None:
        self._bar.update(size)

    def end(self) -> None:
        self._stack.close()


@contextlib.contextmanager
def downloading(console: Console) -> Any:
    """Gives what `ser.io.hub.find_model` reports a download to."""
    bar = _Bar(console)
    try:
        yield bar
    finally:
        bar.end()


def _readable(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
