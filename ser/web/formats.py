"""In which format a timeline is answered: by the header ``Accept``, or by name."""

from __future__ import annotations

import io
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from ser.api.timeline import Timeline
from ser.timeline.writers.registry import ENDINGS, write_timeline
from ser.web.problems import ProblemError

JSON = "json"
REPORT = "html"

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        JSON: "application/json",
        "jsonl": "application/x-ndjson",
        "csv": "text/csv",
        "tsv": "text/tab-separated-values",
        "vtt": "text/vtt",
        "srt": "application/x-subrip",
        "text": "text/plain",
        "audacity": "text/x-audacity-labels",
        "textgrid": "text/x-praat-textgrid",
        "rttm": "text/x-rttm",
        "eaf": "application/x-eaf+xml",
        REPORT: "text/html",
    }
)
"""The media type of every format by its name: JSON, the timeline formats, and the report."""


def ending(name: str) -> str:
    """Gives the ending of file names of a format."""
    return ENDINGS.get(name, f".{name}")


def choose_format(accept: str | None, name: str | None = None) -> str:
    """Chooses the format of an answer.

    Args:
        accept: The header ``Accept``; the media types of most weight come first.
        name: A format by its name, which has precedence.

    Raises:
        ProblemError: There is no such format.
    """
    if name is not None:
        if name not in MEDIA_TYPES:
            raise ProblemError(422, f"there is no format of this name: {', '.join(MEDIA_TYPES)}")
        return name
    for wanted in _by_weight(accept or "*/*"):
        if wanted in ("*/*", "application/*"):
            return JSON
        for known, media in MEDIA_TYPES.items():
            if wanted == media or (wanted == "text/*" and known == "text"):
                return known
    raise ProblemError(406, f"there are these: {', '.join(MEDIA_TYPES.values())}")


def _by_weight(accept: str) -> list[str]:
    found: list[tuple[float, str]] = []
    for part in accept.split(","):
        media, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    weight = float(parameter[2:])
                except ValueError:
                    weight = 0.0
        if weight > 0:
            found.append((weight, media))
    return [media for _, media in sorted(found, key=lambda item: -item[0])]


def render(timeline: Timeline, name: str) -> bytes:
    """Writes a timeline in a format.

    The report holds no sound, so that no sound touches a disk.

    Args:
        timeline: The timeline.
        name: One of `MEDIA_TYPES`.
    """
    if name == JSON:
        found = timeline.to_dict() | {"remarks": list(timeline.remarks)}
        return json.dumps(found, ensure_ascii=False).encode()
    if name == REPORT:
        silent = Timeline(
            timeline, labels=timeline.labels, name=timeline.name, model=timeline.model
        )
        with tempfile.TemporaryDirectory(prefix="ser-web-") as folder:
            path = Path(folder, "report.html")
            silent.save(path)
            return path.read_bytes()
    stream = io.StringIO()
    write_timeline(stream, timeline, name, labels=timeline.labels)
    return stream.getvalue().encode()
