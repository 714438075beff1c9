"""Fetching with the real yt-dlp from a web site on this machine."""

from __future__ import annotations

import re
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from recordings import RATE, sound, speech
from tube import Fetch
from website import Site

from ser.audio import reader
from ser.audio.selection import Selection
from ser.errors import SerError
from ser.youtube.config import Section
from ser.youtube.fetch import PARTS


def page(title: str, *media: str) -> str:
    sounds = "".join(f'<audio controls src="{one}"></audio>' for one in media)
    return f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{sounds}</body></html>"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def test_a_media_file(get: Fetch, site: Site, ogg: bytes, tmp_path: Path) -> None:
    url = site.put("/talk.ogg", ogg)
    outcome = get(url)
    (recording,) = outcome.recordings
    assert outcome.errors == []
    assert (recording.id, recording.title, recording.url) == ("talk", "talk", url)
    assert files(tmp_path / "out") == [Path(recording.path).name]
    (tmp_path / "talk.ogg").write_bytes(ogg)
    expected = reader.read(tmp_path / "talk.ogg", RATE)
    samples, rate = soundfile.read(recording.path, dtype="float32")
    assert rate == RATE
    assert np.abs(samples - expected).max() < 1e-3
    assert outcome.progress[-1][0] == "talk"
    assert max(state[1] for state in outcome.progress) == len(ogg)


@pytest.mark.parametrize(
    "body",
    [
        page("A/B: „talk“", "/talk.ogg"),
        '<html><head><title>A/B: „talk“</title><meta property="og:video" content="/talk.ogg">'
        "</head></html>",
        "<html><head><title>A/B: „talk“</title></head><body><video><source src='/talk.ogg' "
        "type='audio/ogg'></video></body></html>",
    ],
)
def test_a_page(get: Fetch, site: Site, ogg: bytes, body: str) -> None:
    site.put("/talk.ogg", ogg)
    outcome = get(site.put("/page.html", body))
    assert outcome.errors == []
    (recording,) = outcome.recordings
    assert recording.title.startswith("A/B: „talk“")
    assert Path(recording.path).name.startswith("A-B- „talk“")
    assert recording.url == f"{site.url}/page.html"


def test_several_on_a_page(get: Fetch, site: Site, ogg: bytes) -> None:
    for name in ("a", "b"):
        site.put(f"/{name}.ogg", ogg)
    site.put("/a.ogg", b"", status=404)
    outcome = get(site.put("/page.html", page("Two", "/a.ogg", "/b.ogg")))
    assert [one.title for one in outcome.recordings] == ["Two (2)"]
    assert outcome.errors == [f"{site.url}/page.html: does not exist (HTTP 404); check the address"]


def test_formats_and_rates(get: Fetch, site: Site, m4a: bytes) -> None:
    url = site.put("/talk.m4a", m4a, "audio/mp4")
    (recording,) = get(url, kind="flac", rate=22_050).recordings
    about = soundfile.info(recording.path)
    assert (about.format, about.samplerate, about.channels) == ("FLAC", 22_050, 1)
    assert recording.path.endswith(".flac")


def test_a_channel_is_a_file_of_its_own(get: Fetch, site: Site, tmp_path: Path) -> None:
    call = tmp_path / "call.wav"
    rng = np.random.default_rng(0)
    soundfile.write(call, np.stack([rng.normal(0, 0.1, RATE), np.zeros(RATE)], axis=1), RATE)
    url = site.put("/call.wav", call.read_bytes())
    (first,) = get(url, selection=Selection(1)).recordings
    (second,) = get(url, selection=Selection(2)).recordings
    assert [Path(one.path).name.partition("] ")[2] for one in (first, second)] == [
        "channel 1.wav",
        "channel 2.wav",
    ]
    assert np.abs(soundfile.read(first.path)[0]).max() > 0.2
    assert np.abs(soundfile.read(second.path)[0]).max() == 0
    outcome = get(url, selection=Selection(3))
    assert outcome.recordings == []
    assert "has no channel 3" in outcome.errors[0]


def test_sections(get: Fetch, site: Site, m4a: bytes, tmp_path: Path) -> None:
    url = site.put("/talk.m4a", m4a, "audio/mp4")
    (whole,) = get(url).recordings
    sections = (Section(1.0, 1.5), Section(2.0), Section(90.0, 100.0))
    outcome = get(url, sections=sections)
    assert [(one.start, one.end) for one in outcome.recordings] == [(1.0, 1.5), (2.0, None)]
    assert [Path(one.path).name.partition("] ")[2] for one in outcome.recordings] == [
        "0m01s-0m01.5s.wav",
        "0m02s-.wav",
    ]
    assert outcome.errors == [f"{url}: ends before the section 1m30s-1m40s; check --sections"]
    everything = soundfile.read(whole.path)[0]
    for recording, start, stop in zip(
        outcome.recordings, (RATE, 2 * RATE), (RATE * 3 // 2, None), strict=True
    ):
        part = soundfile.read(recording.path)[0]
        assert len(part) == len(everything[start:stop])
        assert np.abs(part - everything[start:stop]).max() < 1e-3
    # One download served both.
    assert len(site.asked("/talk.m4a")) == 4


def test_a_download_that_breaks_off_is_continued(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/talk.ogg", ogg, cuts=[len(ogg), 9_000, 9_000])
    (recording,) = get(url).recordings
    assert recording.duration == pytest.approx(3, abs=0.05)
    # Of the first, the head of the file is read to see what it is.
    ranges = site.asked("/talk.ogg")
    assert ranges[:2] == [None, None]
    assert all(one is not None and one.startswith("bytes=") for one in ranges[2:])
    assert len(ranges) == 4


def test_the_next_run_continues(get: Fetch, site: Site, ogg: bytes, tmp_path: Path) -> None:
    url = site.put("/talk.ogg", ogg, cuts=[len(ogg), 15_000])
    outcome = get(url, retries=0)
    assert outcome.recordings == []
    (error,) = outcome.errors
    assert error.startswith(f"{url}: broke off on the way")
    assert "run it again" in error
    (part,) = (tmp_path / "out" / PARTS).iterdir()
    size = part.stat().st_size
    assert 0 < size <= 15_000
    assert files(tmp_path / "out") == sorted([PARTS, part.name])
    (recording,) = get(url, retries=0).recordings
    assert site.asked("/talk.ogg")[-1] == f"bytes={size}-"
    assert recording.duration == pytest.approx(3, abs=0.05)
    assert files(tmp_path / "out") == [Path(recording.path).name]


def test_a_server_that_gives_no_parts(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/talk.ogg", ogg, cuts=[len(ogg), 15_000], ranges=False)
    (recording,) = get(url).recordings
    assert recording.duration == pytest.approx(3, abs=0.05)


def test_a_busy_server_is_asked_again(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/talk.ogg", ogg, refusals=2)
    started = time.monotonic()
    outcome = get(url, backoff=0.1)
    assert len(outcome.recordings) == 1
    # 0.1 and 0.2 seconds.
    assert time.monotonic() - started > 0.3
    assert sum("trying again in" in line for line in outcome.details) == 2
    site.places["/talk.ogg"].refusals = 9
    outcome = get(url, retries=1, overwrite=True)
    assert outcome.errors == [f"{url}: cannot be sent by the server (HTTP 503); run it again later"]
    assert site.places["/talk.ogg"].refusals == 7


def test_a_slow_server_is_waited_for_and_a_silent_one_not(
    get: Fetch, site: Site, ogg: bytes
) -> None:
    url = site.put("/talk.ogg", ogg, pause=0.02)
    assert len(get(url).recordings) == 1
    silent = site.put("/silent.ogg", ogg, pause=3.0)
    outcome = get(silent, timeout=0.4, retries=0)
    (error,) = outcome.errors
    assert error.startswith(f"{silent}: ")
    assert "timed out" in error


def test_a_limited_rate(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/talk.ogg", ogg)
    started = time.monotonic()
    assert len(get(url, limit_rate=len(ogg)).recordings) == 1
    assert time.monotonic() - started > 0.5


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (404, "does not exist (HTTP 404); check the address"),
        (410, "does not exist (HTTP 410); check the address"),
        (401, "is refused (HTTP 401); sign in with a browser"),
        (403, "is refused (HTTP 403); sign in with a browser"),
        (429, "is refused for a while (HTTP 429); wait"),
        (500, "cannot be sent by the server (HTTP 500); run it again later"),
    ],
)
def test_refusals(get: Fetch, site: Site, ogg: bytes, status: int, says: str) -> None:
    bad = site.put("/bad.ogg", b"no", status=status)
    outcome = get(bad, site.put("/good.ogg", ogg), retries=0)
    (error,) = outcome.errors
    assert error.startswith(f"{bad}: {says}")
    # The rest of the batch goes on.
    assert [one.id for one in outcome.recordings] == ["good"]


def test_redirects(get: Fetch, site: Site, ogg: bytes) -> None:
    target = site.put("/talk.ogg", ogg)
    there = site.put("/there", b"", status=302, headers={"Location": target})
    (recording,) = get(site.put("/r", b"", status=301, headers={"Location": there})).recordings
    assert recording.id == "talk"
    loop = f"{site.url}/loop"
    site.put("/loop", b"", status=302, headers={"Location": loop})
    (error,) = get(loop, retries=0).errors
    assert error.startswith(f"{loop}: ")
    assert "redirect" in error


@pytest.mark.parametrize("library", ["requests", "urllib"])
@pytest.mark.parametrize("target", ["ftp://127.0.0.1:9/talk.ogg", "file:///etc/passwd", "data:,x"])
def test_redirects_stay_on_the_web(
    get: Fetch, site: Site, target: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from yt_dlp.networking.common import _REQUEST_HANDLERS

    # With requests, where it is installed; urllib is there always.
    if library == "urllib":
        monkeypatch.delitem(_REQUEST_HANDLERS, "Requests", raising=False)
    elif "Requests" not in _REQUEST_HANDLERS:
        pytest.skip("requests is not installed")
    url = site.put("/away", b"", status=302, headers={"Location": target})
    (error,) = get(url).errors
    assert "not http or https" in error or "does not follow" in error


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://127.0.0.1/a.ogg", "ytsearch:emotion", "talk.ogg", "data:,x", "-",
     "http://", "http://[", "HTTP:/x", "//127.0.0.1/x"],
)  # fmt: skip
def test_addresses_elsewhere(get: Fetch, url: str, tmp_path: Path) -> None:
    (error,) = get(url).errors
    assert "is not an http or https address; give the whole address" in error
    assert files(tmp_path / "out") == []


@pytest.mark.parametrize("media", ["file:///etc/hostname", "ftp://127.0.0.1:9/a.ogg"])
def test_media_elsewhere(get: Fetch, site: Site, media: str, tmp_path: Path) -> None:
    (error,) = get(site.put("/page.html", page("Away", media))).errors
    assert error.startswith(f"{site.url}/page.html: ")
    assert files(tmp_path / "out") == []


def test_no_network(get: Fetch, site: Site, ogg: bytes) -> None:
    # Nothing listens on the port of discarded bytes; the name is reserved for what does not exist.
    outcome = get(
        "http://127.0.0.1:9/a.ogg", "http://ser.invalid/b.ogg", site.put("/c.ogg", ogg), retries=1
    )
    refused, unknown = outcome.errors
    assert refused.startswith("http://127.0.0.1:9/a.ogg: cannot be reached (Connection refused);")
    assert unknown.startswith("http://ser.invalid/b.ogg: cannot be reached (")
    assert "check the connection" in unknown
    assert [one.id for one in outcome.recordings] == ["c"]


def test_no_recording_on_a_page(get: Fetch, site: Site) -> None:
    (error,) = get(site.put("/text.html", page("Text"))).errors
    assert error.startswith(f"{site.url}/text.html: is no page on which yt-dlp finds a recording;")


def test_what_is_no_sound(get: Fetch, site: Site, tmp_path: Path) -> None:
    url = site.put("/a.ogg", bytes(range(256)) * 40)
    (error,) = get(url).errors
    assert error.startswith(f"{url}: cannot be decoded by libsndfile or FFmpeg")
    # Not kept: the next run downloads it again.
    assert files(tmp_path / "out") == []


def test_what_is_there_is_not_fetched_again(get: Fetch, site: Site, ogg: bytes) -> None:
    url = site.put("/talk.ogg", ogg)
    (first,) = get(url).recordings
    count = len(site.requests)
    outcome = get(url)
    assert outcome.recordings == [first]
    assert outcome.skipped == [f"{first.path}: is there already"]
    # The page was looked at, and nothing downloaded.
    assert len(site.requests) == count + 1
    assert get(url, rate=8_000).skipped == []
    assert soundfile.info(first.path).samplerate == 8_000
    Path(first.path).write_bytes(b"broken")
    assert get(url).recordings == [first]
    assert get(url, overwrite=True).skipped == []


def test_the_same_name_on_two_pages(get: Fetch, site: Site, ogg: bytes) -> None:
    urls = [site.put(f"/{folder}/talk.ogg", ogg) for folder in "ab"]
    first, second = get(*urls).recordings
    assert first.id == second.id == "talk"
    assert first.path != second.path


@pytest.mark.parametrize(
    "name", ["../../evil", "..", "/etc/evil", "CON", "a\\..\\b", "x" * 300, "\u202egpj.exe", "-rf"]
)
def test_no_title_leads_out_of_the_folder(
    get: Fetch, site: Site, ogg: bytes, name: str, tmp_path: Path
) -> None:
    site.put("/t.ogg", ogg)
    (recording,) = get(site.put("/p", page(name, "/t.ogg"))).recordings
    assert Path(recording.path).parent == tmp_path / "out"
    assert files(tmp_path) == ["out", Path(recording.path).name] or files(tmp_path) == [
        Path(recording.path).name,
        "out",
    ]


def test_archives(get: Fetch, site: Site, ogg: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "done.txt"
    url = site.put("/talk.ogg", ogg)
    bad = site.put("/bad.ogg", b"x", status=404)
    assert len(get(url, bad, archive=archive).recordings) == 1
    # The ids of pages that no extractor knows are file names, which many have.
    assert re.fullmatch(r"generic talk-[0-9a-f]{8}\n", archive.read_text())
    assert len(get(site.put("/b/talk.ogg", ogg), archive=archive).recordings) == 1
    outcome = get(url, archive=archive)
    assert (outcome.recordings, outcome.errors) == ([], [])
    assert outcome.skipped == [f"{url}: is in the archive"]


def test_an_archive_that_is_none(get: Fetch, site: Site, tmp_path: Path) -> None:
    wav = tmp_path / "a.wav"
    wav.write_bytes(sound(speech(), RATE))
    for path in (wav, tmp_path):
        with pytest.raises(SerError, match=r"is no list of recordings|cannot be written"):
            get("http://127.0.0.1:9/", archive=path)
    assert wav.read_bytes() == sound(speech(), RATE)
    (tmp_path / "list.txt").write_text("youtube abc\nnonsense\n")
    with pytest.raises(SerError, match="line 2"):
        get("http://127.0.0.1:9/", archive=tmp_path / "list.txt")


def test_cookies(get: Fetch, site: Site, ogg: bytes, tmp_path: Path) -> None:
    cookies = tmp_path / "cookies.txt"
    text = (
        "# Netscape HTTP Cookie File\nnonsense\n"
        "127.0.0.1\tFALSE\t/\tFALSE\t4102444800\tsession\tsecret\n"
    )
    cookies.write_text(text)
    url = site.put("/talk.ogg", ogg, headers={"Set-Cookie": "other=1; Max-Age=9999"})
    assert len(get(url, cookies=cookies).recordings) == 1
    assert all("session=secret" in (one[3] or "") for one in site.requests)
    assert cookies.read_text() == text
    cookies.write_text('[{"name": "session"}]')
    with pytest.raises(SerError, match="holds no cookies in Netscape's format"):
        get(url, cookies=cookies)
    with pytest.raises(SerError, match="cannot be read"):
        get(url, cookies=tmp_path / "none.txt")


def test_a_proxy(get: Fetch, site: Site, ogg: bytes) -> None:
    # To a proxy, the whole address is said; this one has the recording itself.
    site.put("http://ser.invalid/talk.ogg", ogg)
    (recording,) = get("http://ser.invalid/talk.ogg", proxy=site.url).recordings
    assert recording.url == "http://ser.invalid/talk.ogg"
    (error,) = get("http://ser.invalid/x.ogg", proxy="http://127.0.0.1:9", retries=0).errors
    assert "cannot be reached" in error


def test_a_folder_that_cannot_be_one(get: Fetch, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(SerError, match="cannot be made"):
        get("http://127.0.0.1:9/")
