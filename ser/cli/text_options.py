"""Options about words, and what they open: recognizer, translator, text classifier, fusion."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click

from ser.cli.console import Console, Progress
from ser.cli.options import with_options
from ser.cli.paths import TextWithPath
from ser.errors import SerError
from ser.io.hub import DownloadProgress
from ser.text.asr.base import SpeechRecognizer
from ser.text.asr.registry import open_speech_recognizer, open_translator
from ser.text.asr.transcriber import Transcriber
from ser.text.emotion.base import TextClassifier
from ser.text.emotion.registry import open_text_classifier
from ser.text.fusion import FusionWeights, TextFusion, parse_weights

TEXT_PARAMETERS = (
    "language", "asr_model", "text_model", "translate", "translate_model", "weights", "offline",
)  # fmt: skip
"""The parameters that `add_text_options` adds, as `TextOptions` takes them."""


def _weights(context: click.Context, parameter: click.Parameter, value: str) -> FusionWeights:
    try:
        return parse_weights(value)
    except SerError as error:
        raise click.BadParameter(str(error)) from error


def _language(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    # As locales write it: en-GB, pl_PL.
    return None if value is None else value.replace("_", "-").split("-")[0].strip().lower() or None


def add_text_options(function: Any) -> Any:
    """Adds the options about words; see `TextOptions`."""
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
            type=TextWithPath(),
            help="Speech recognizer: tiny, base, small, medium, large-v3 or turbo (Whisper), a "
            "model of the Hugging Face Hub, a folder, or sphinx (PocketSphinx).  [default: "
            "base, or sphinx where that cannot be had]",
        ),
        click.option(
            "--text-model",
            metavar="NAME|DIR",
            type=TextWithPath(),
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
            type=TextWithPath(),
            help="Whisper model that translates.  [default: the recognizer if it can, or small]",
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
class TextOptions:
    """The values of the options about words.

    Attributes:
        console: For notes and downloads.
        language: ISO 639-1 code of the spoken language, or None to detect it.
        asr_model: Speech recognizer, or None for the default.
        text_model: Text classifier, or None for the default.
        translate: Whether to translate.
        translate_model: Translator, or None for the default.
        weights: The weights of the fusion.
        offline: Never use the network.
    """

    console: Console
    language: str | None
    asr_model: str | None
    text_model: str | None
    translate: bool
    translate_model: str | None
    weights: FusionWeights
    offline: bool

    def open_recognizer(self) -> SpeechRecognizer:
        """Opens the speech recognizer."""
        with downloading(self.console) as progress:
            return open_speech_recognizer(
                self.asr_model,
                language=self.language,
                offline=self.offline,
                progress=progress,
                note=self.console.note,
            )

    def open_text_classifier(self) -> TextClassifier:
        """Opens the text classifier."""
        with downloading(self.console) as progress:
            return open_text_classifier(
                self.text_model, offline=self.offline, progress=progress, note=self.console.note
            )

    def open_fusion(self) -> TextFusion:
        """Opens the text classifier, for fusion with a voice."""
        return TextFusion(self.open_text_classifier(), self.weights)

    def make_transcriber(
        self, recognizer: SpeechRecognizer, rate: int, *, offset: float = 0.0
    ) -> Transcriber:
        """Makes the transcriber of one recording."""
        return Transcriber(
            recognizer,
            rate,
            offset=offset,
            language=self.language,
            translator=self._translator_for(recognizer) if self.translate else None,
        )

    def _translator_for(self, recognizer: SpeechRecognizer) -> Callable[[], SpeechRecognizer]:
        if recognizer.translates and self.translate_model is None:
            return lambda: recognizer
        return functools.partial(_open_translator_once, self, recognizer.name)


# Opened once for all recordings of a run, and only where one is not in English.
@functools.lru_cache(maxsize=1)
def _open_translator_once(options: TextOptions, recognizer: str) -> SpeechRecognizer:
    with downloading(options.console) as progress:
        model = open_translator(options.translate_model, offline=options.offline, progress=progress)
    if options.translate_model is None:
        options.console.note(f"{recognizer} cannot translate: {model.name} does")
    return model


class _DownloadBar(DownloadProgress):
    """Shows a download on the console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._stack = contextlib.ExitStack()
        self._bar = Progress()

    def begin(self, name: str, size: int) -> None:
        self._console.info(f"downloading {name}: {_format_size(size)}, kept for the next time")
        self._bar = self._stack.enter_context(
            self._console.progress(size, "B", "downloading", scale=True)
        )

    def update(self, size: int) -> None:
        self._bar.update(size)

    def end(self) -> None:
        self._stack.close()


@contextlib.contextmanager
def downloading(console: Console) -> Any:
    """Gives what shows the downloads of `ser.io.hub.find_model` on the console."""
    bar = _DownloadBar(console)
    try:
        yield bar
    finally:
        bar.end()


def _format_size(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
