"""A web site with recordings, and what fetching from it says."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from recordings import RATE, encode, sound, speech
from tube import Fetch, Outcome, link, listed, tube
from website import Site, site

from ser.errors import SerError
from ser.youtube.config import FetchConfig
from ser.youtube.fetch import fetch

__all__ = ["site"]

QUICK = FetchConfig(backoff=0.01, timeout=5.0)


@pytest.fixture(scope="session")
def ogg() -> bytes:
    """Three seconds of speech, Opus in Ogg, some 24 kB."""
    return sound(speech(48_000), 48_000, "OGG", "OPUS")


@pytest.fixture(scope="session")
def webm(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of speech as YouTube's format 251 has them."""
    path = tmp_path_factory.mktemp("media") / "251.webm"
    return encode(path, "libopus", speech(48_000), 48_000).read_bytes()


@pytest.fixture(scope="session")
def m4a(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of speech as YouTube's format 140 has them."""
    path = tmp_path_factory.mktemp("media") / "140.m4a"
    return encode(path, "aac", speech(RATE), RATE).read_bytes()


@pytest.fixture
def get(tmp_path: Path) -> Fetch:
    """Fetches addresses into ``tmp_path / "out"`` with the real yt-dlp; waits are short."""

    def call(*urls: str, single: bool = False, **settings: Any) -> Outcome:
        outcome = Outcome()

        def failed(error: SerError) -> None:
            assert "\n" not in str(error)
            outcome.errors.append(str(error))

        for recording in fetch(
            urls,
            tmp_path / "out",
            replace(QUICK, **settings),
            single=single,
            on_error=failed,
            skipped=outcome.skipped.append,
            detail=outcome.details.append,
            progress=lambda *state: outcome.progress.append(state),
        ):
            assert Path(recording.path).is_file()
            outcome.recordings.append(recording)
        return outcome

    return call


@pytest.fixture
def channel(site: Site, webm: bytes) -> str:
    """A channel of two tabs with three and two videos; the second page of a tab comes later."""
    site.put("/251.webm", webm, "video/webm")
    videos = [link(tube(site, f"video{number}")) for number in range(1, 6)]
    rest = json.dumps({"entries": videos[2:3]})
    later = site.put("/list/more", rest, "application/json")
    tabs = [listed(site, "videos", *videos[:2], next=later), listed(site, "shorts", *videos[3:])]
    return listed(site, "channel", *(link(tab, "TubeList") for tab in tabs))
