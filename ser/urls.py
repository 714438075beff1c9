"""Names that are URLs, as `ser.storage` reads and writes them, and names that are paths."""

from __future__ import annotations

import re
from pathlib import Path

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_FOLDED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")


def is_url(text: str) -> bool:
    """Says whether this is a URL and no path."""
    return _URL.match(text) is not None


def as_given(path: Path) -> str:
    """Gives a path back as it was written: `Path` makes one slash of the two in a URL."""
    text = str(path)
    found = _FOLDED.match(text)
    if found is None or path.exists():
        return text
    # file:///a/b comes out as file:/a/b: the third slash belongs to the path.
    slashes = ":///" if found[1].lower() in ("file", "local") else "://"
    return found[1] + slashes + text[found.end() :]
