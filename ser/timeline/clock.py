"""Times as people read them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """Writes a time as minutes and seconds, with hours where there are any.

    Args:
        seconds: Seconds from the start, not negative.

    Examples:
        >>> clock(3), clock(59.96), clock(3723.25)
        ('0:03.0', '1:00.0', '1:02:03.2')
    """
    # Whole tenths first: 59.96 s is 1:00.0 and not 0:60.0.
    tenths = round(seconds * 10)
    minutes, rest = divmod(tenths, 600)
    text = f"{rest // 10:02d}.{rest % 10}"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def milliseconds(seconds: float) -> int:
    """Rounds seconds to whole milliseconds."""
    return round(seconds * 1000)
