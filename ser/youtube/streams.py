"""Which of a recording's streams is fetched: sound without a picture, the best there is."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

# What yt-dlp downloads by itself. The rest needs ffmpeg or other programs.
_PROTOCOLS = frozenset(
    [
        "http", "https", "m3u8", "m3u8_native", "http_dash_segments",
        "http_dash_segments_generator", "ism",
    ]
)  # fmt: skip

# A picture is thrown away. With this height its sound is as good as with more.
_ENOUGH_PICTURE = 480


def choose(context: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Chooses a format, as yt-dlp's ``format`` option takes a function.

    The best sound that comes alone; where none does, the best with a picture that is small.

    Args:
        context: Its ``formats`` are sorted from worst to best, language and quality considered.

    Yields:
        The format, or nothing where none will do.
    """
    sound = [one for one in context["formats"] if _usable(one)]
    alone = [one for one in sound if one.get("vcodec") == "none"]
    if alone:
        yield alone[-1]
    elif sound:
        small = [one for one in sound if (one.get("height") or 0) <= _ENOUGH_PICTURE]
        yield small[-1] if small else min(sound, key=lambda one: one["height"])


def _usable(one: Mapping[str, Any]) -> bool:
    scheme = urllib.parse.urlsplit(str(one.get("url"))).scheme
    protocol = one.get("protocol") or scheme
    return (
        one.get("acodec") != "none"
        and scheme in ("http", "https")
        # Several at once are joined by a plus sign.
        and set(str(protocol).split("+")) <= _PROTOCOLS
    )
