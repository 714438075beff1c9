"""The models that come with the package; each artifact holds its own card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_FOLDER = Path(__file__).parent

DEFAULT_MODEL = _FOLDER / "default.keras"
"""What ``ser-analyze`` uses where no other model is named."""

SMALL_MODEL = _FOLDER / "small.keras"
"""A smaller and faster classifier, and what ``ser-translate`` hears the source's emotion with."""

DEFAULT_TRANSLATOR = _FOLDER / "translate.keras"
"""What ``ser-translate`` uses where no other model is named."""

SPEAKER_ENCODER = _FOLDER / "speakers.npz"
"""What tells voices apart."""

CLASSIFIERS: Mapping[str, Path] = MappingProxyType({"default": DEFAULT_MODEL, "small": SMALL_MODEL})
"""The classifiers by the names that ``--model`` takes instead of a path."""


def find_model(name: str | Path) -> Path:
    """Gives the path of a classifier.

    Args:
        name: One of `CLASSIFIERS`, or a path; a file of such a name is ``./small``.
    """
    return CLASSIFIERS.get(str(name), Path(name))
