"""The records of one clip, and the names of sounds that are saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, sound, speech

from ser.corpora.base import Clip
from ser.dataset.clip import ClipExtractor, ClipTask, RecordFeatures, sound_name
from ser.errors import AudioError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec


def test_names_are_safe_and_unique() -> None:
    paths = [
        "a.wav",
        "b/a.wav",
        "../a.wav",
        "/etc/a.wav",
        "-",
        "ä ö\n|;$(x)'\".wav",
        "caf\udce9.wav",
    ]
    clips = [Clip(Path(path), emotion="angry") for path in paths]
    clips += [
        Clip(Path("a.wav"), emotion="../../x"),
        Clip(Path("a.wav"), start=1.5),
        Clip(Path("a.wav"), start=1.5, duration=2.0),
        Clip(Path("a.wav"), corpus="tess"),
        Clip(Path("x" * 250)),
    ]
    names = [sound_name(clip) for clip in clips]
    assert len(set(names)) == len(names)
    for name in names:
        assert Path(name).name == name
        assert name.isascii()
        assert not set(name) & set("/\\ \n|;$()'\"")
        assert not name.startswith(("-", "."))
        assert len(name) < 150
    assert names[0].startswith("angry_a_")
    assert names[8].startswith("unlabelled_a_1.5s_")


@pytest.mark.parametrize("broken", ["matrix", "functionals"])
def test_features_that_are_not_numbers_are_an_error(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.wav").write_bytes(sound(speech(RATE, 1.0), RATE))
    found = {"matrix": np.zeros((3, 20), np.float32), "functionals": np.zeros(5, np.float32)}
    extract = ClipExtractor(Extractor(FeatureSpec(n_mels=20)))
    task = ClipTask(str(tmp_path / "a.wav"), 0.0, None, None, "a.wav", 0.0, (0,), "")
    monkeypatch.setattr(Extractor, "compute_all", lambda self, samples: tuple(found.values()))
    (result,) = extract(task)  # type: ignore[misc]
    assert isinstance(result, RecordFeatures)
    found[broken].flat[2] = np.nan
    (result,) = extract(task)  # type: ignore[misc]
    assert isinstance(result, AudioError)
    assert "not numbers" in str(result)
