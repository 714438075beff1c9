"""yt-dlp as it is configured: streams, programs, cookies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tube import recorded, without

from ser.errors import SerError
from ser.youtube.client import YtDlpLog, open_client, read_cookies
from ser.youtube.config import FetchConfig

RATE = 16_000


def chosen(config: FetchConfig = FetchConfig(), **changes: Any) -> str:  # noqa: B008
    client = open_client(config, YtDlpLog(lambda message: None))
    info = recorded(**changes) | {"extractor": "youtube", "extractor_key": "Youtube"}
    return str(client.process_ie_result(info, download=False)["format_id"])


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
    client = open_client(FetchConfig(), YtDlpLog(lambda message: None))
    client.params["simulate"] = True
    assert client.download_with_info_file(str(tmp_path / "info.json")) == 0


def test_every_runtime_that_yt_dlp_knows_is_used() -> None:
    from yt_dlp.globals import supported_js_runtimes

    client = open_client(FetchConfig(), YtDlpLog(lambda message: None))
    assert set(client.params["js_runtimes"]) == set(supported_js_runtimes.value)


def test_cookies_are_read_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "cookies.txt"
    good = ".site.org\tTRUE\t/\tFALSE\t0\tname\tvalue"
    path.write_text(f"# a comment\n{good}\n#HttpOnly_{good}\nrubbish\n{good}\tmore\n")
    assert read_cookies(path).read().splitlines()[1:] == [good, f"#HttpOnly_{good}"]
    path.write_text("rubbish\n")
    with pytest.raises(SerError, match="holds no cookies"):
        read_cookies(path)
    with pytest.raises(SerError, match="cannot be read"):
        read_cookies(tmp_path / "none.txt")
