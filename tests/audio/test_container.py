"""Tracks: the default one, one that is asked for, and those that cannot be decoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from broadcasts import marks, onsets
from recordings import RATE, encode, sound, speech

from ser.audio import reader
from ser.audio.selection import Selection
from ser.errors import AudioError


def write_tracks(path: Path, default: int | None = None) -> Path:
    """Two tracks: silence, and bursts of a tone."""
    import av
    from av.stream import Disposition

    with av.open(str(path), "w") as container:
        tracks = [container.add_stream("aac", rate=16_000, layout="mono") for _ in range(2)]
        for number, track in enumerate(tracks):
            track.disposition = Disposition.default if number == default else Disposition(0)
        for track, samples in zip(tracks, (np.zeros(160_000), marks(16_000)), strict=True):
            frame = av.AudioFrame.from_ndarray(
                samples.astype(np.float32)[None], format="flt", layout="mono"
            )
            frame.sample_rate, frame.pts = 16_000, 0
            for part in av.AudioResampler("fltp", "mono", 16_000).resample(frame):
                container.mux(track.encode(part))
            container.mux(track.encode(None))
    return path


@pytest.mark.parametrize(("default", "number"), [(None, 1), (0, 1), (1, 2)])
def test_the_default_track_is_read(default: int | None, number: int, tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "tracks.mkv", default)
    remarks: list[str] = []
    found = reader.read(path, RATE, remark=remarks.append)
    assert len(onsets(found, RATE)) == (2 if number == 2 else 0)
    assert remarks == [
        f"it has 2 tracks of sound, and track {number} is read: `track` takes another"
    ]


def test_a_track_that_is_asked_for(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "tracks.mkv", 0)
    remarks: list[str] = []
    for number, bursts in ((1, 0), (2, 2)):
        found = reader.read(path, RATE, selection=Selection(track=number), remark=remarks.append)
        assert len(onsets(found, RATE)) == bursts
    assert remarks == []
    with pytest.raises(
        AudioError, match="has no track 3 of sound: it has 2 tracks; give one from 1 to 2"
    ):
        reader.read(path, RATE, selection=Selection(track=3))
    (tmp_path / "x.wav").write_bytes(sound(speech(), RATE))
    assert len(reader.read(tmp_path / "x.wav", RATE, selection=Selection(track=1))) == 48_000
    with pytest.raises(AudioError, match="has no track 2 of sound: it has 1 track; leave `track`"):
        reader.read(tmp_path / "x.wav", RATE, selection=Selection(track=2))


def test_codecs_that_nobody_knows(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.mkv", "aac", speech(), RATE)
    path.write_bytes(path.read_bytes().replace(b"A_AAC", b"A_FOO", 1))
    for way in (lambda: reader.read(path, RATE), lambda: reader.length(path)):
        with pytest.raises(AudioError, match="of a codec that FFmpeg has no decoder for; convert"):
            way()
    both = write_tracks(tmp_path / "both.mkv", 0)
    both.write_bytes(both.read_bytes().replace(b"A_AAC", b"A_FOO", 1))
    remarks: list[str] = []
    found = reader.read(both, RATE, remark=remarks.append)
    assert len(onsets(found, RATE)) == 2
    assert remarks == [
        "it has 2 tracks of sound, and track 2 is read (track 1 has sound of a codec that FFmpeg "
        "has no decoder for): `track` takes another"
    ]


def test_sound_that_is_encrypted(tmp_path: Path) -> None:
    path = encode(tmp_path / "x.m4a", "aac", speech(), RATE)
    data = path.read_bytes()
    place = data.rindex(b"mp4a")
    path.write_bytes(data[:place] + b"drms" + data[place + 4 :])
    with pytest.raises(AudioError, match="is encrypted; give it unprotected"):
        reader.read(path, RATE)
