"""URLs and paths are told apart, and come back as they were given."""

from __future__ import annotations

from pathlib import Path

from ser.urls import as_given, is_url


def test_urls_come_back_from_paths() -> None:
    for url in ("s3://bucket/a.wav", "memory://x/y", "file:///tmp/a", "sftp://host:22/a"):
        assert as_given(Path(url)) == url
        assert is_url(url)
    for path in ("a/b.wav", "/a//b", "c:x", "C:/music/a.wav"):
        assert as_given(Path(path)) == str(Path(path))
        assert not is_url(path)
