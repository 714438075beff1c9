"""Opens text emotion classifiers by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

from ser.errors import DependencyError, how_to_install
from ser.io.hub import NO_PROGRESS, DownloadProgress, MissingModelError
from ser.models.transformers_library import CPU_WHEELS
from ser.text.emotion.base import TextClassifier
from ser.text.emotion.lexicon import LexiconClassifier
from ser.text.emotion.transformer import DEFAULT, TransformerClassifier

LEXICON = "lexicon"
"""The name of the built-in word list."""


def open_text_classifier(
    name: str | None = None,
    *,
    offline: bool = False,
    progress: DownloadProgress = NO_PROGRESS,
    note: Callable[[str], None] = lambda message: None,
) -> TextClassifier:
    """Opens a classifier of texts.

    Args:
        name: `LEXICON`, a name on the hub or a folder. None takes the default transformer where it
            can be had, and the word list where it cannot.
        offline: Never use the network.
        progress: Follows a download.
        note: Gets one line where the word list was taken because no transformer is available.

    Raises:
        SerError: What was named cannot be had.
    """
    if name == LEXICON:
        return LexiconClassifier()
    if name is not None:
        return TransformerClassifier(name, offline=offline, progress=progress)
    if find_spec("transformers") is None or find_spec("torch") is None:
        note(
            "words are read by the built-in word list, which knows little; for a transformer: "
            f"{how_to_install('text')} (PyTorch without CUDA before it: {CPU_WHEELS})"
        )
        return LexiconClassifier()
    try:
        return TransformerClassifier(DEFAULT, offline=offline, progress=progress)
    except (DependencyError, MissingModelError) as error:
        note(f"words are read by the built-in word list, which knows little: {error}")
        return LexiconClassifier()
