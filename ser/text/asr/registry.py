"""Which speech recogniser is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from ser.errors import SerError, how_to_install
from ser.io.hub import UNWATCHED, MissingModelError, Watch
from ser.text.asr.base import Recogniser
from ser.text.asr.sphinx import Sphinx
from ser.text.asr.whisper import DEFAULT, TRANSLATOR, TRANSLATOR_NEEDS, Whisper

SPHINX = "sphinx"
"""The name of the built-in recogniser."""

_KNOWS_LITTLE = (
    "speech is recognised by PocketSphinx, which is built in, knows English alone and makes many "
    "mistakes"
)


def open_recogniser(
    name: str | None = None,
    *,
    language: str | None = None,
    offline: bool = False,
    watch: Watch = UNWATCHED,
    note: Callable[[str], None] = lambda message: None,
) -> Recogniser:
    """Opens a speech recogniser.

    Args:
        name: `SPHINX`, a name or folder that `ser.text.asr.whisper.Whisper` takes. None takes
            Whisper where it can be had, and PocketSphinx where it cannot.
        language: The language that will be spoken, if it is known.
        offline: Never use the network.
        watch: Follows a download.
        note: Gets one line that says so when PocketSphinx was taken for want of better.

    Raises:
        SerError: What was named cannot be had, or only PocketSphinx can and the language is not
            English.
    """
    if name == SPHINX:
        _check_english(language, "give --asr-model base, say")
        return Sphinx()
    if name is not None:
        return Whisper(name, offline=offline, watch=watch)
    if find_spec("faster_whisper") is None:
        reason = f"for Whisper: {how_to_install('text')}"
    else:
        try:
            return Whisper(DEFAULT, offline=offline, watch=watch)
        except MissingModelError as error:
            reason = str(error)
    _check_english(language, reason)
    note(f"{_KNOWS_LITTLE}; {reason}")
    return Sphinx()


def open_translator(
    name: str | None = None, *, offline: bool = False, watch: Watch = UNWATCHED
) -> Recogniser:
    """Opens a model that translates into English.

    Args:
        name: A name or folder; None for `ser.text.asr.whisper.TRANSLATOR`.
        offline: Never use the network.
        watch: Follows a download.

    Raises:
        SerError: It cannot be had, or cannot translate.
    """
    model = Whisper(name or TRANSLATOR, TRANSLATOR_NEEDS, offline=offline, watch=watch)
    if not model.translates:
        raise SerError(
            f"--translate-model {model.name}",
            "cannot translate: models called turbo, distil or .en only transcribe",
            "give tiny, base, small, medium or large-v3",
        )
    return model


def _check_english(language: str | None, cure: str) -> None:
    if language not in (None, "en"):
        raise SerError(f"--language {language}", "PocketSphinx knows English alone", cure)
