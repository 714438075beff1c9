"""Web addresses: lists of them, and which are allowed."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Iterable

from ser.errors import SerError


def check_address(url: str) -> None:
    """Checks that an address is on the web: no file, no FTP, no search words.

    Raises:
        SerError: The address is not one of http or https.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        allowed = parts.scheme.lower() in ("http", "https") and bool(parts.hostname)
    except ValueError:
        allowed = False
    if not allowed:
        raise SerError(
            printable(url) or "address",
            "is not an http or https address",
            "give the whole address, as in https://…",
        )


def read_addresses(lines: Iterable[str]) -> list[str]:
    """Reads the addresses of a list, one per line.

    Empty lines and comments are left out: lines that start with ``#``, ``;`` or ``]``, as in
    yt-dlp's lists, and what stands behind a space and ``#``.
    """
    found = []
    for line in lines:
        text = line.strip().lstrip("\ufeff").strip()
        if text and not text.startswith(("#", ";", "]")):
            found.append(re.split(r"\s#", text, maxsplit=1)[0].rstrip())
    return found


def printable(text: str, longest: int = 300) -> str:
    """Makes one line of a site's text, without control sequences of terminals.

    Args:
        text: Anything.
        longest: Characters to keep.
    """
    # Escape sequences as a whole first: their letters would be left.
    text = re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
