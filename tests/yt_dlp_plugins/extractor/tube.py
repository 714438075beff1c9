"""A video site for tests: yt-dlp loads this plugin because `tests` is on Python's path.

Its pages are JSON, in the shape that yt-dlp's YouTube extractor gives. ``error`` is raised and
``warning`` is said, as that one does with what YouTube says; ``broken_after`` breaks off a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from yt_dlp.extractor.common import InfoExtractor
from yt_dlp.utils import ExtractorError


class TubeIE(InfoExtractor):  # type: ignore[misc]
    _VALID_URL = r"http://127\.0\.0\.1:\d+/watch/(?P<id>[\w-]+)"
    _RETURN_TYPE = "video"

    def _real_extract(self, url: str) -> dict[str, Any]:
        info: dict[str, Any] = self._download_json(url, self._match_id(url))
        if "warning" in info:
            self.report_warning(info.pop("warning"))
        if "error" in info:
            raise ExtractorError(info["error"], expected=True)
        if "bug" in info:
            raise TypeError(info["bug"])
        return info


class TubeListIE(InfoExtractor):  # type: ignore[misc]
    _VALID_URL = r"http://127\.0\.0\.1:\d+/list/(?P<id>[\w-]+)"
    _RETURN_TYPE = "playlist"

    def _real_extract(self, url: str) -> dict[str, Any]:
        name = self._match_id(url)
        page = self._download_json(url, name)
        return self.playlist_result(self._entries(page, name), name, page.get("title"))

    def _entries(self, page: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
        while True:
            yield from page["entries"]
            if "next" not in page:
                return
            page = self._download_json(page["next"], name)
