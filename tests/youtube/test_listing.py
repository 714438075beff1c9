"""Channels, playlists and pages that lead to others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tube import Fetch, ids, link, listed, tube
from website import Site

from ser.youtube.config import parse_items
from ser.youtube.fetch import SeveralError
from ser.youtube.listing import resolve

RATE = 16_000


def test_channels_and_playlists(get: Fetch, site: Site, channel: str) -> None:
    outcome = get(channel)
    assert outcome.errors == []
    assert ids(outcome) == [f"video{number}" for number in range(1, 6)]
    assert {Path(one.path).name for one in outcome.recordings} == {
        f"An interview - part 1- 'calm' [video{number}].wav" for number in range(1, 6)
    }


def test_items_are_counted_over_all_tabs(get: Fetch, site: Site, channel: str) -> None:
    assert ids(get(channel, items=parse_items("1-2"))) == ["video1", "video2"]
    # No more of the list was asked for than that, and no other video.
    asked = {one[1] for one in site.requests if not one[1].endswith("webm")}
    assert asked == {
        "/list/channel",
        "/list/videos",
        "/watch/video1",
        "/watch/video2",
        "/list/more",
    }
    site.requests.clear()
    assert ids(get(channel, items=parse_items("3-4"))) == ["video3", "video4"]
    assert site.asked("/watch/video1") == []
    assert ids(get(channel, items=parse_items("5-"))) == ["video5"]
    outcome = get(channel, items=parse_items("6-9"))
    assert outcome.errors == [f"{channel}: has no item 6-9; it lists 5"]


def test_one_of_a_list_that_fails_does_not_end_it(get: Fetch, site: Site, channel: str) -> None:
    tube(site, "video2", error="Private video")
    tube(site, "video4", live_status="is_live")
    outcome = get(channel)
    assert ids(outcome) == ["video1", "video3", "video5"]
    assert [error.split(": ")[0] for error in outcome.errors] == [
        f"{site.url}/watch/video2",
        f"{site.url}/watch/video4",
    ]


def test_live_entries_are_refused_before_they_are_asked_for(get: Fetch, site: Site) -> None:
    live = tube(site, "live")
    outcome = get(listed(site, "now", link(live) | {"live_status": "is_live"}))
    assert outcome.errors[0].startswith(f"{live}: is a live stream;")
    assert site.asked("/watch/live") == []


def test_a_list_that_breaks_off(get: Fetch, site: Site, webm: bytes) -> None:
    site.put("/251.webm", webm, "video/webm")
    url = listed(site, "broken", link(tube(site, "one")), next=f"{site.url}/list/none")
    outcome = get(url)
    assert ids(outcome) == ["one"]
    assert outcome.errors == [f"{url}: does not exist (HTTP 404); check the address"]


def test_a_list_of_nothing(get: Fetch, site: Site) -> None:
    url = listed(site, "empty")
    assert get(url).errors == [f"{url}: lists no recordings; check the address, or give --cookies"]


def test_lists_that_lead_to_each_other_end(get: Fetch, site: Site) -> None:
    url = f"{site.url}/list/loop"
    listed(site, "loop", link(url, "TubeList"))
    (error,) = get(url).errors
    assert "leads from page to page" in error


def test_one_recording_is_insisted_on(get: Fetch, site: Site, channel: str) -> None:
    with pytest.raises(SeveralError, match="stands for several recordings"):
        get(channel, single=True)
    assert ids(get(channel, single=True, items=parse_items("4"))) == ["video4"]


def test_the_archive_saves_requests(get: Fetch, site: Site, channel: str, tmp_path: Path) -> None:
    archive = tmp_path / "new" / "done.txt"
    get(channel, items=parse_items("1-2"), archive=archive)
    assert archive.read_text() == "tube video1\ntube video2\n"
    site.requests.clear()
    outcome = get(channel, archive=archive)
    assert ids(outcome) == ["video3", "video4", "video5"]
    assert len(outcome.skipped) == 2
    assert site.asked("/watch/video1") == []
    # As yt-dlp reads it, and what it wrote itself.
    archive.write_text("youtube xyz\ntube other\n")
    site.requests.clear()
    other = tube(site, "other")
    outcome = get(other, archive=archive)
    assert (outcome.recordings, outcome.errors, site.requests) == ([], [], [])


def test_links_inherit_what_a_page_knows(get: Fetch, site: Site, webm: bytes) -> None:
    site.put("/251.webm", webm, "video/webm")
    inner = tube(site, "inner")
    outer = tube(site, "outer", _type="url_transparent", url=inner, title="Named outside")
    (recording,) = get(outer).recordings
    assert (recording.id, recording.title) == ("inner", "Named outside")


class Extractor:
    """A client that knows one page."""

    def extract_info(self, url: str, **settings: Any) -> dict[str, Any]:
        return {"id": "long", "extractor": "tube", "title": "Whole", "uploader": "she", "url": url}


def call(function: Any, *, again: bool = True) -> Any:
    return function()


def test_a_transparent_link_knows_better_than_its_page() -> None:
    link = {"_type": "url_transparent", "url": "https://a.b/1", "id": "x", "extractor": "page"}
    (found,) = resolve(Extractor(), {**link, "title": "Better", "uploader": None}, call)
    assert (found["title"], found["uploader"]) == ("Better", "she")
    assert (found["id"], found["extractor"]) == ("long", "tube")
    # A clip is a recording of its own, with its own id.
    (clip,) = resolve(Extractor(), {**link, "section_start": 5.0}, call)
    assert (clip["id"], clip["extractor"], clip["section_start"]) == ("x", "page", 5.0)
    assert clip.get("_type", "video") == "video"
