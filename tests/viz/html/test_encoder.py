"""The sound inside a page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import rising_tone

from ser.audio import reader
from ser.errors import AudioError
from ser.viz.html.encoder import ENCODED_FORMATS, SoundEncoder, encoded_size

RATE = 16_000


@pytest.mark.parametrize("kind", ENCODED_FORMATS, ids=lambda kind: kind.codec)
@pytest.mark.parametrize("rate", [16_000, 22_050, 96_000])
def test_tracks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: Any, rate: int) -> None:
    monkeypatch.setattr("ser.viz.html.encoder.ENCODED_FORMATS", (kind,))
    track = SoundEncoder(tmp_path / "sound", rate, None)
    for block in np.array_split(rising_tone(3, rate), 11):
        track.add(block)
    track.finish()
    assert track.mime == kind.mime
    # The container takes some room too.
    assert track.size <= track.path.stat().st_size < 1.3 * track.size + 2000
    heard = reader.read(track.path, rate)
    assert len(heard) / rate == pytest.approx(3, abs=0.1)
    overlap = min(len(heard), 3 * rate)
    assert np.corrcoef(heard[:overlap], rising_tone(3, rate)[:overlap])[0, 1] > 0.95


def test_samples_beyond_full_scale(tmp_path: Path) -> None:
    track = SoundEncoder(tmp_path / "sound", RATE)
    track.add(3 * rising_tone(2))
    track.finish()
    heard = reader.read(track.path, RATE)
    assert np.corrcoef(heard, np.clip(3 * rising_tone(2), -1, 1))[0, 1] > 0.98


def test_without_an_encoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mp3, aac = ENCODED_FORMATS
    missing = mp3._replace(codec="none")
    monkeypatch.setattr("ser.viz.html.encoder.ENCODED_FORMATS", (missing, aac))
    assert SoundEncoder(tmp_path / "sound", RATE).mime == aac.mime
    monkeypatch.setattr("ser.viz.html.encoder.ENCODED_FORMATS", (missing,))
    with pytest.raises(AudioError, match="neither MP3 nor AAC"):
        SoundEncoder(tmp_path / "sound", RATE)


def test_beyond_the_limit_there_is_no_file(tmp_path: Path) -> None:
    encoder = SoundEncoder(tmp_path / "sound", RATE, 10_000)
    for _ in range(8):
        encoder.add(rising_tone(1))
    encoder.finish()
    assert encoder.full
    assert list(tmp_path.iterdir()) == []
    assert encoded_size(10) == 40_000
