"""Bars of block characters, and colours, in text for people."""

from __future__ import annotations

import math
from typing import IO

from ser.plots.palette import terminal_code
from ser.timeline.record import NOT_EMOTIONS

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int, *, plain: bool = False) -> str:
    """Draws a share of a width, to an eighth of a character.

    Args:
        share: 0 to 1.
        width: Characters of a full bar.
        plain: Use ``#`` instead, for terminals without block characters.

    Examples:
        >>> bar(0.5, 4), bar(0.55, 10, plain=True)
        ('██', '######')
    """
    if plain:
        return "#" * round(share * width)
    whole, part = divmod(math.floor(share * width * 8 + 0.5), 8)
    return "█" * whole + (_EIGHTHS[part] if part else "")


def painted(emotion: str, text: str) -> str:
    """Gives text the terminal colour of an emotion; what is none becomes faint."""
    code = "2" if emotion in NOT_EMOTIONS else terminal_code(emotion)
    return f"\x1b[{code}m{text}\x1b[0m"


def draws_blocks(stream: IO[str]) -> bool:
    """Says whether a stream's encoding has what `bar` and times are written with."""
    try:
        "█▏–".encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
