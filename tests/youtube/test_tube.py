"""A site in the shape of YouTube: streams, live broadcasts, lists, what the site refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import soundfile
from recordings import encode, speech
from tube import Fetch, recorded, tube
from website import Site

from ser.youtube.client import Log, open_client
from ser.youtube.config import FetchConfig, Section, parse_items
from ser.youtube.errors import explain
from ser.youtube.fetch import SeveralError

RATE = 16_000


def listed(site: Site, name: str, *entries: Any, **more: Any) -> str:
    page = {"title": name, "entries": list(entries), **more}
    return site.put(f"/list/{name}", json.dumps(page), "application/json")


def link(url: str, key: str = "Tube") -> dict[str, str]:
    return {"_type": "url", "url": url, "ie_key": key, "id": url.rsplit("/", 1)[1]}


def ids(outcome: Any) -> list[str]:
    return [recording.id for recording in outcome.recordings]


@pytest.fixture
def channel(site: Site, webm: bytes) -> str:
    """A channel of two tabs with three and two videos; the second page of a tab comes later."""
    site.put("/251.webm", webm, "video/webm")
    videos = [link(tube(site, f"video{number}")) for number in range(1, 6)]
    rest = json.dumps({"entries": videos[2:3]})
    later = site.put("/list/more", rest, "application/json")
    tabs = [listed(site, "videos", *videos[:2], next=later), listed(site, "shorts", *videos[3:])]
    return listed(site, "channel", *(link(tab, "TubeList") for tab in tabs))


def test_the_best_sound_alone_is_fetched(get: Fetch, site: Site, webm: bytes) -> None:
    site.put("/251.webm", webm, "video/webm")
    outcome = get(tube(site, "dQ-4_w9W"))
    assert outcome.errors == []
    (recording,) = outcome.recordings
    assert recording.title == 'An interview / part 1: "calm?"'
    assert (recording.id, recording.uploader) == ("dQ-4_w9W", "Talk Archive")
    assert recording.url == f"{site.url}/watch/dQ-4_w9W"
    assert Path(recording.path).name == "An interview - part 1- 'calm' [dQ-4_w9W].wav"
    about = soundfile.info(recording.path)
    assert (about.samplerate, about.channels, about.subtype) == (RATE, 1, "PCM_16")
    assert recording.duration == about.frames / RATE == pytest.approx(3, abs=0.05)
    # Nothing of the streams with pictures, of worse ones or of other languages.
    assert {one[1] for one in site.requests} == {"/watch/dQ-4_w9W", "/251.webm"}


def chosen(config: FetchConfig = FetchConfig(), **changes: Any) -> str:  # noqa: B008
    client = open_client(config, Log(lambda message: None))
    info = recorded(**changes) | {"extractor": "youtube", "extractor_key": "Youtube"}
    return str(client.process_ie_result(info, download=False)["format_id"])


def without(*names: str) -> list[dict[str, Any]]:
    return [one for one in recorded()["formats"] if one["format_id"] not in names]


def test_which_stream_is_chosen() -> None:
    assert chosen() == "251"
    assert chosen(formats=without("251")) == "140"
    # A small picture where there is no sound alone.
    sound = ("251", "251-de", "140", "139")
    assert chosen(formats=without(*sound)) == "18"
    assert chosen(formats=without(*sound, "18")) == "22"
    for changes in (
        {"protocol": "rtmp", "url": "rtmp://127.0.0.1/x"},
        {"protocol": "websocket_frag", "url": "wss://127.0.0.1/x"},
        {"url": "ftp://127.0.0.1/251.webm", "protocol": "ftp"},
        {"url": "file:///etc/passwd", "protocol": "file"},
    ):
        best = recorded()["formats"][4] | {"abr": 900, "quality": 9} | changes
        assert chosen(formats=[*without("251"), best]) == "140"


def test_recorded_metadata_reads_as_yt_dlp_writes_it(tmp_path: Path) -> None:
    """The recorded file is one that yt-dlp itself accepts from --load-info-json."""
    info = recorded() | {"extractor": "youtube", "extractor_key": "Youtube", "_type": "video"}
    info |= {"webpage_url": "https://www.youtube.com/watch?v=dQ-4_w9W"}
    (tmp_path / "info.json").write_text(json.dumps(info))
    client = open_client(FetchConfig(), Log(lambda message: None))
    client.params["simulate"] = True
    assert client.download_with_info_file(str(tmp_path / "info.json")) == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"live_status": "is_live", "is_live": True}, "is a live stream; fetch it when"),
        ({"live_status": None, "is_live": True}, "is a live stream; fetch it when"),
        ({"live_status": "is_upcoming"}, "has not been broadcast yet; fetch it when"),
        ({"live_status": "post_live"}, "was live a moment ago, and"),
        ({"error": "Private video. Sign in if you've been granted access to this video. "
          "Use --cookies-from-browser or --cookies for the authentication"}, "is private; sign in"),
        ({"error": "Video unavailable. This video has been removed by the uploader"},
         "has been removed; remove it from the list"),
        ({"error": "Video unavailable. This video is no longer available because the YouTube "
          "account associated with this video has been terminated."}, "has been removed;"),
        ({"error": "Video unavailable. This video is not available"}, "is not available; check"),
        ({"error": "Sign in to confirm you’re not a bot. Use --cookies"}, "signed in; sign in"),
        ({"error": "Sign in to confirm your age. This video may be inappropriate for some users."},
         "is shown to adults who have signed in; sign in"),
        ({"error": "Join this channel to get access to members-only content like this video"},
         "is for members of the channel; sign in"),
        ({"error": "This live event will begin in 3 hours."}, "has not been broadcast yet;"),
        ({"error": "Premieres in 5 days"}, "has not been broadcast yet;"),
        ({"error": "The uploader has not made this video available in your country"},
         "is not shown in this country; use a --proxy"),
        ({"formats": [{"url": "http://127.0.0.1:9/x", "has_drm": True, "ext": "m4a"}]}, "(DRM)"),
        ({"formats": []}, "offers no sound that can be downloaded; update yt-dlp"),
        ({"formats": without("251", "251-de", "140", "139", "18", "22")}, "offers no sound"),
        ({"bug": "'NoneType' object is not subscriptable"},
         "cannot be fetched ('NoneType' object is not subscriptable); update yt-dlp"),
        ({"error": "Something\nnew\x1b[31m happened\u202e. Use --quiet"},
         "cannot be fetched (Something new happened); update"),
    ],
)  # fmt: skip
def test_what_cannot_be_fetched(
    get: Fetch, site: Site, webm: bytes, changes: dict[str, Any], says: str
) -> None:
    site.put("/251.webm", webm, "video/webm")
    bad, good = tube(site, "bad", **changes), tube(site, "good")
    outcome = get(bad, good)
    (error,) = outcome.errors
    assert error.startswith(f"{bad}: ")
    assert says in error
    assert len(error) < 300
    assert ids(outcome) == ["good"]


def test_a_missing_javascript_runtime(
    get: Fetch, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What yt-dlp's own extractor says where there is no runtime.
    monkeypatch.setenv("PATH", "")
    log = Log(lambda message: None)
    youtube = open_client(FetchConfig(), log).get_info_extractor("Youtube")
    youtube.initialize()
    youtube._get_requested_clients("https://www.youtube.com/watch?v=dQw4w9WgXcQ", {}, False)
    (warning,) = log.warnings
    images = without("251", "251-de", "140", "139", "18", "22", "137")
    outcome = get(tube(site, "bad", warning=warning, formats=images))
    assert outcome.errors == [
        f"{site.url}/watch/bad: needs a JavaScript runtime, and none that works was found; "
        "install Deno (https://deno.com) or Node.js, and pip install 'yt-dlp[default]'"
    ]
    # A warning alone is none of the user's business unless asked for.
    error = explain(ValueError("other"), "https://a.b", [warning])
    assert "cannot be fetched (other)" in str(error)


def test_every_runtime_that_yt_dlp_knows_is_used() -> None:
    from yt_dlp.globals import supported_js_runtimes

    client = open_client(FetchConfig(), Log(lambda message: None))
    assert set(client.params["js_runtimes"]) == set(supported_js_runtimes.value)


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


def test_a_clip_is_cut_out_of_its_recording(get: Fetch, site: Site, webm: bytes) -> None:
    site.put("/251.webm", webm, "video/webm")
    url = tube(site, "clip", section_start=1.0, section_end=2.5)
    (recording,) = get(url).recordings
    assert recording.duration == pytest.approx(1.5, abs=0.01)
    outcome = get(url, sections=(Section(0.5, 1.0), Section(1.0, 9.0)), overwrite=True)
    assert [one.duration for one in outcome.recordings] == pytest.approx([0.5, 0.5], abs=0.01)


def test_links_inherit_what_a_page_knows(get: Fetch, site: Site, webm: bytes) -> None:
    site.put("/251.webm", webm, "video/webm")
    inner = tube(site, "inner")
    outer = tube(site, "outer", _type="url_transparent", url=inner, title="Named outside")
    (recording,) = get(outer).recordings
    assert (recording.id, recording.title) == ("inner", "Named outside")


def test_fragments_are_joined(get: Fetch, site: Site, tmp_path: Path) -> None:
    """HLS, which yt-dlp joins itself: no ffmpeg is looked for."""
    whole = encode(tmp_path / "a.ts", "aac", speech(RATE), RATE).read_bytes()
    third = len(whole) // 3 // 188 * 188
    parts = [whole[:third], whole[third : 2 * third], whole[2 * third :]]
    for number, part in enumerate(parts):
        site.put(f"/{number}.ts", part, "video/mp2t")
    lines = "".join(f"#EXTINF:1.0,\n{site.url}/{number}.ts\n" for number in range(3))
    text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n{lines}#EXT-X-ENDLIST\n"
    manifest = site.put("/a.m3u8", text, "application/vnd.apple.mpegurl")
    stream = {"format_id": "hls", "url": manifest, "protocol": "m3u8_native", "ext": "mp4"}
    url = tube(site, "hls", formats=[stream | {"vcodec": "none", "acodec": "aac"}])
    outcome = get(url)
    assert outcome.errors == []
    assert outcome.recordings[0].duration == pytest.approx(3, abs=0.1)
    # A hole in the middle is an error, and so is an address in it that is not on the web.
    del site.places["/1.ts"]
    (error,) = get(url, overwrite=True).errors
    assert "HTTP 404" in error or "broke off" in error
    site.put("/a.m3u8", text.replace(f"{site.url}/1.ts", "file:///etc/passwd"), "audio/mpegurl")
    (error,) = get(url, overwrite=True, retries=0).errors
    assert "not an http or https address" in error or "not http or https" in error
