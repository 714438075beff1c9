"""A video site in the shape of YouTube; ``tests/yt_dlp_plugins`` tells yt-dlp how to read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from website import Site

from ser.youtube.metadata import FetchedAudio

RECORDED = Path(__file__).parent / "youtube" / "video.json"


def recorded(site: str = "http://127.0.0.1:9", **changes: Any) -> dict[str, Any]:
    """What yt-dlp knows of a video on YouTube, with streams on another site."""
    text = RECORDED.read_text(encoding="utf-8")
    info: dict[str, Any] = json.loads(text.replace("{site}", site))
    return info | changes


@dataclass
class Outcome:
    """What a run gave and said."""

    recordings: list[FetchedAudio] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    progress: list[tuple[str, int, int | None]] = field(default_factory=list)


Fetch = Callable[..., Outcome]


def tube(site: Site, name: str, **changes: Any) -> str:
    """Puts a video's page on the site; see ``tests/yt_dlp_plugins``."""
    info = recorded(site.url, id=name, **changes)
    return site.put(f"/watch/{name}", json.dumps(info), "application/json")


def listed(site: Site, name: str, *entries: Any, **more: Any) -> str:
    page = {"title": name, "entries": list(entries), **more}
    return site.put(f"/list/{name}", json.dumps(page), "application/json")


def link(url: str, key: str = "Tube") -> dict[str, str]:
    return {"_type": "url", "url": url, "ie_key": key, "id": url.rsplit("/", 1)[1]}


def ids(outcome: Any) -> list[str]:
    return [recording.id for recording in outcome.recordings]


def without(*names: str) -> list[dict[str, Any]]:
    return [one for one in recorded()["formats"] if one["format_id"] not in names]
