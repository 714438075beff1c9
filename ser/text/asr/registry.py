"""Opens speech recognizers by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from ser.errors import ParameterError, how_to_install
from ser.io.hub import NO_PROGRESS, DownloadProgress, MissingModelError
from ser.text.asr.base import SpeechRecognizer
from ser.text.asr.sphinx import SphinxRecognizer
from ser.text.asr.whisper import DEFAULT, TRANSLATOR, TRANSLATOR_FILES, WhisperRecognizer

SPHINX = "sphinx"
"""The name of PocketSphinx."""

_SPHINX_NOTE = (
    "speech is recognized by PocketSphinx, which knows English alone and makes many mistakes"
)


def open_speech_recognizer(
    name: str | None = None,
    *,
    language: str | None = None,
    offline: bool = False,
    progress: DownloadProgress = NO_PROGRESS,
    note: Callable[[str], None] = lambda message: None,
) -> SpeechRecognizer:
    """Opens a speech recognizer.

    Args:
        name: `SPHINX`, or a name or folder that `ser.text.asr.whisper.WhisperRecognizer` takes.
            None takes Whisper where it is available, and PocketSphinx where it is not.
        language: The language that will be spoken, if it is known.
        offline: Never use the network.
        progress: Follows a download.
        note: Gets one line where PocketSphinx was taken because Whisper is not available.

    Raises:
        SerError: What was named cannot be had, or only PocketSphinx can and the language is not
            English.
    """
    if name == SPHINX:
        _check_english(language, "give `asr_model=base`, say")
        return SphinxRecognizer()
    if name is not None:
        return WhisperRecognizer(name, offline=offline, progress=progress)
    if find_spec("faster_whisper") is None:
        reason = f"for Whisper: {how_to_install('text')}"
    else:
        try:
            return WhisperRecognizer(DEFAULT, offline=offline, progress=progress)
        except MissingModelError as error:
            reason = str(error)
    _check_english(language, reason)
    recognizer = SphinxRecognizer()
    note(f"{_SPHINX_NOTE}; {reason}")
    return recognizer


def open_translator(
    name: str | None = None, *, offline: bool = False, progress: DownloadProgress = NO_PROGRESS
) -> SpeechRecognizer:
    """Opens a model that translates into English.

    Args:
        name: A name or folder; None for `ser.text.asr.whisper.TRANSLATOR`.
        offline: Never use the network.
        progress: Follows a download.

    Raises:
        SerError: It cannot be had, or cannot translate.
    """
    model = WhisperRecognizer(
        name or TRANSLATOR, TRANSLATOR_FILES, offline=offline, progress=progress
    )
    if not model.translates:
        raise ParameterError(
            "translate_model",
            "cannot translate: models called turbo, distil or .en only transcribe",
            "give tiny, base, small, medium or large-v3",
            model.name,
        )
    return model


def _check_english(language: str | None, cure: str) -> None:
    if language not in (None, "en"):
        raise ParameterError("language", "PocketSphinx knows English alone", cure, language)
