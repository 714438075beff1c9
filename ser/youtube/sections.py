"""Parts of a recording: from when to when."""

from __future__ import annotations

from dataclasses import dataclass

from ser.errors import SerError
from ser.timeline.clock import seconds_of


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a recording.

    Attributes:
        start: Seconds from the beginning.
        end: Seconds from the beginning; None is the end of the recording.
    """

    start: float = 0.0
    end: float | None = None

    @property
    def duration(self) -> float | None:
        """Seconds; None goes on to the end."""
        return None if self.end is None else self.end - self.start

    @property
    def whole(self) -> bool:
        """Whether this is the whole recording."""
        return self.start == 0 and self.end is None

    def within(self, outer: Section) -> Section:
        """Moves this part, whose times count from the start of `outer`, into the whole recording.

        Sites have clips, which are parts of a longer recording themselves.
        """
        end = None if self.end is None else outer.start + self.end
        if outer.end is not None:
            end = outer.end if end is None else min(end, outer.end)
        return Section(outer.start + self.start, end)

    def __str__(self) -> str:
        return f"{_text(self.start)}-{'' if self.end is None else _text(self.end)}"


def parse_section(text: str) -> Section:
    """Reads a part of a recording, as ``1:00-5:30``, ``90-``, or ``-2:30``.

    A leading ``*``, as yt-dlp writes it, is allowed.

    Raises:
        SerError: It is no such part, or ends before it starts.

    Examples:
        >>> parse_section("1:00-5:30")
        Section(start=60.0, end=330.0)
    """
    first, dash, last = text.strip().removeprefix("*").partition("-")
    try:
        if not dash or not (first.strip() or last.strip()):
            raise ValueError
        start = seconds_of(first) if first.strip() else 0.0
        end = None if last.strip() in ("", "inf") else seconds_of(last)
    except ValueError as error:
        raise SerError(f"section {text!r}", "is not FROM-TO", "write 1:00-5:30 or 90-") from error
    if end is not None and end <= start:
        raise SerError(f"section {text!r}", "ends before it starts", "write FROM-TO")
    return Section(start, end)


def _text(seconds: float) -> str:
    """Writes a time for file names too: 90 s is 1m30s, and 5.5 s 0m05.5s."""
    minutes, rest = divmod(round(seconds * 1000), 60_000)
    whole, thousandths = divmod(rest, 1000)
    fraction = f".{thousandths:03d}".rstrip("0") if thousandths else ""
    return f"{minutes}m{whole:02d}{fraction}s"
