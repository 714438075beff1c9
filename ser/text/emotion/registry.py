"""Which classifier of texts is used."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from ser.errors import DependencyError, how_to_install
from ser.io.hub import UNWATCHED, MissingModelError, Watch
from ser.text.emotion.base import WordsModel
from ser.text.emotion.lexicon import Lexicon
from ser.text.emotion.transformer import CPU_WHEELS, DEFAULT, Transformer

LEXICON = "lexicon"
"""The name of the built-in word list."""


def open_words(
    name: str | None = None,
    *,
    offline: bool = False,
    watch: Watch = UNWATCHED,
    note: Callable[[str], None] = lambda message: None,
) -> WordsModel:
    """Opens a classifier of texts.

    Args:
        name: `LEXICON`, a name on the hub or a folder. None takes the default transformer where it
            can be had, and the word list where it cannot.
        offline: Never use the network.
        watch: Follows a download.
        note: Gets one line that says so when the word list was taken for want of better.

    Raises:
        SerError: What was named cannot be had.
    """
    if name == LEXICON:
        return Lexicon()
    if name is not None:
        return Transformer(name, offline=offline, watch=watch)
    if find_spec("transformers") is None or find_spec("torch") is None:
        note(
            "words are read by the built-in word list, which knows little; for a transformer: "
            f"{how_to_install('text')} (PyTorch without CUDA before it: {CPU_WHEELS})"
        )
        return Lexicon()
    try:
        return Transformer(DEFAULT, offline=offline, watch=watch)
    except (DependencyError, MissingModelError) as error:
        note(f"words are read by the built-in word list, which knows little: {error}")
        return Lexicon()
