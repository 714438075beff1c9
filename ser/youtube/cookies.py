"""Cookies, read once and never written back."""

from __future__ import annotations

import io
from pathlib import Path

from ser.errors import SerError

_FIELDS = 7


def read_cookies(path: Path) -> io.StringIO:
    """Reads a file of cookies in Netscape's format, as browsers' extensions and curl write it.

    yt-dlp gets a copy: it would write to the file otherwise, and speak about its lines.

    Raises:
        SerError: The file cannot be read or holds no cookies.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = []
    except OSError as error:
        raise SerError(
            path, f"cannot be read ({error.strerror or error})", "check the path"
        ) from error
    kept = [line for line in lines if _is_cookie(line)]
    if not kept:
        raise SerError(
            path, "holds no cookies in Netscape's format", "export cookies.txt from the browser"
        )
    return io.StringIO("\n".join(["# Netscape HTTP Cookie File", *kept, ""]))


def _is_cookie(line: str) -> bool:
    if line.startswith("#") and not line.startswith("#HttpOnly_"):
        return False
    fields = line.split("\t")
    return len(fields) == _FIELDS and (not fields[4] or fields[4].replace(".", "", 1).isdigit())
