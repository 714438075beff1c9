"""Where networks of encoders are kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.models import encoder_cache
from ser.models.encoder_cache import encoder_folder


def test_the_folder_is_the_systems_or_the_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SER_CACHE", str(tmp_path))
    assert encoder_folder() == tmp_path / "encoders"
    monkeypatch.delenv("SER_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(encoder_cache.sys, "platform", "linux")
    assert encoder_folder() == tmp_path / ".cache/ser/encoders"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert encoder_folder() == tmp_path / "x/ser/encoders"
    monkeypatch.setattr(encoder_cache.sys, "platform", "darwin")
    assert encoder_folder() == tmp_path / "Library/Caches/ser/encoders"
