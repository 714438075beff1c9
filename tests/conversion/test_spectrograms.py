"""Tables of what was made: the same numbers as of the whole recording, whatever its length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render

from ser.audio import reader
from ser.conversion import spectrograms
from ser.conversion.spectrograms import SPECTROGRAMS, SpectrogramTable, read_contours
from ser.conversion.tasks import ConversionTask, SourceRecording
from ser.dataset.table import read_table, spec_of
from ser.errors import AudioError
from ser.features.extract import Extractor

RATE = 16_000


def task(folder: Path, emotion: str, seconds: float, rate: int = RATE) -> ConversionTask:
    path = folder / f"{emotion}.wav"
    samples = render("neutral", 1, seed=0, seconds=seconds, sample_rate=rate)
    soundfile.write(path, np.stack([samples, samples], axis=1), rate)
    return ConversionTask(SourceRecording("talk.wav", Path("gone.wav"), "talk.wav"), emotion, path)


def test_a_record_for_each_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Of several parts, so that one can see that nothing is lost between them.
    monkeypatch.setattr(spectrograms, "_BATCH_SIZE", 50)
    tasks = [task(tmp_path, "angry", 2.5, 22_050), task(tmp_path, "sad", 1.2)]
    with SpectrogramTable() as table:
        for one in tasks:
            table.add(one)
        assert table.write(str(tmp_path / "x.npy")) == 2
    found = read_table(tmp_path / "x.npy")
    assert spec_of(found) == SPECTROGRAMS
    assert found["y"].tolist() == ["sad", "angry"]
    assert set(found["augment"]) == {"translated"}
    assert set(found["path"]) == {"talk.wav"}
    np.testing.assert_allclose(found["duration"], [1.2, 2.5], atol=0.02)
    for one, record in zip(tasks[::-1], found, strict=True):
        whole = Extractor(SPECTROGRAMS)(reader.read(one.target, RATE))
        assert record["frames"] == len(whole)
        np.testing.assert_allclose(record["x"][: len(whole)], whole, atol=2e-3)
        assert not record["x"][len(whole) :].any()


def test_what_cannot_be_read(tmp_path: Path) -> None:
    missing = ConversionTask(SourceRecording("x", Path("x"), "x"), "sad", tmp_path / "none.wav")
    with SpectrogramTable() as table, pytest.raises(AudioError, match="does not exist"):
        table.add(missing)


def test_a_picture_shows_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = task(tmp_path, "sad", 1.5)
    assert len(read_contours(one.target)) == 151
    monkeypatch.setattr(spectrograms, "MAX_PLOT_SECONDS", 0.5)
    assert len(read_contours(one.target)) == 51
