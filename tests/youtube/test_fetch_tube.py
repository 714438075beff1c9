"""Fetching from a site in the shape of YouTube: streams, broadcasts, what the site refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import soundfile
from recordings import encode, speech
from tube import Fetch, ids, tube, without
from website import Site

from ser.youtube.client import YtDlpLog, open_client
from ser.youtube.config import FetchConfig, Section
from ser.youtube.errors import explain

RATE = 16_000


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
    log = YtDlpLog(lambda message: None)
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


def test_a_clip_is_cut_out_of_its_recording(get: Fetch, site: Site, webm: bytes) -> None:
    site.put("/251.webm", webm, "video/webm")
    url = tube(site, "clip", section_start=1.0, section_end=2.5)
    (recording,) = get(url).recordings
    assert recording.duration == pytest.approx(1.5, abs=0.01)
    outcome = get(url, sections=(Section(0.5, 1.0), Section(1.0, 9.0)), overwrite=True)
    assert [one.duration for one in outcome.recordings] == pytest.approx([0.5, 0.5], abs=0.01)


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
