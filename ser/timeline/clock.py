"""Times as people write them: minutes and seconds, and whole milliseconds."""

from __future__ import annotations

import re


def format_time(seconds: float) -> str:
    """Writes a time as minutes and seconds, with hours where there are any.

    Args:
        seconds: Seconds from the start, not negative.

    Examples:
        >>> format_time(3), format_time(59.96), format_time(3723.25)
        ('0:03.0', '1:00.0', '1:02:03.2')
    """
    # Whole tenths first: 59.96 s is 1:00.0 and not 0:60.0.
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    text = f"{rest // 10:02d}.{rest % 10}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def parse_time(text: str) -> float:
    """Reads a time as seconds, minutes and seconds, or hours, minutes and seconds.

    Raises:
        ValueError: It is no such time.

    Examples:
        >>> parse_time("90"), parse_time("1:30.5"), parse_time("1:02:03")
        (90.0, 90.5, 3723.0)
    """
    if not re.fullmatch(r"\d+(:[0-5]?\d){0,2}(\.\d*)?", text.strip()):
        raise ValueError(f"{text!r} is no time")
    seconds = 0.0
    for part in text.strip().split(":"):
        seconds = 60 * seconds + float(part)
    return seconds


def milliseconds(seconds: float) -> int:
    """Rounds seconds to whole milliseconds."""
    return round(seconds * 1000)
