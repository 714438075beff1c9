"""What is known of a recording that was fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ser.youtube.sections import Section


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording in a file.

    Attributes:
        id: Its id on the site.
        title: Its title there.
        uploader: Who published it; None where the site does not say.
        duration: Seconds of sound in the file.
        url: The page it is on.
        path: The file.
        start: Where the file begins in the recording, in seconds.
        end: Where it ends; None is the end of the recording.
    """

    id: str
    title: str
    uploader: str | None
    duration: float
    url: str
    path: str
    start: float = 0.0
    end: float | None = None

    def to_json(self, encoding: str | None = "utf-8") -> str:
        """Writes one line of JSON; ``start`` and ``end`` only for parts of a recording.

        Args:
            encoding: Of the stream; what it cannot hold is escaped.
        """
        record: dict[str, Any] = asdict(self)
        record["duration"] = round(self.duration, 3)
        if Section(self.start, self.end).whole:
            del record["start"], record["end"]
        text = json.dumps(record, ensure_ascii=False)
        try:
            text.encode(encoding or "utf-8")
        except UnicodeEncodeError:
            return json.dumps(record)
        return text


def describe(
    info: Mapping[str, Any], path: Path, duration: float, section: Section | None = None
) -> Recording:
    """Takes what matters from what yt-dlp knows.

    Args:
        info: yt-dlp's fields.
        path: The file.
        duration: Seconds of sound in it.
        section: The part of the recording that it holds; None is all.
    """
    section = section or Section()
    uploader = info.get("uploader") or info.get("channel") or info.get("creator")
    return Recording(
        id=str(info["id"]),
        title=str(info.get("title") or info["id"]),
        uploader=str(uploader) if uploader else None,
        duration=duration,
        url=page_of(info),
        path=str(path),
        start=section.start,
        end=section.end,
    )


def page_of(info: Mapping[str, Any]) -> str:
    """Gives the address of a recording's page, as it is known so far."""
    for key in ("webpage_url", "url", "original_url", "id"):
        if info.get(key):
            return str(info[key])
    return "recording"
