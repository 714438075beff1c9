"""The sounds that are saved, and their names."""

from __future__ import annotations

from pathlib import Path

from ser.corpora.base import Clip
from ser.dataset.clip import sound_name


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
