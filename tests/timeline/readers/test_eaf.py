"""Turns from annotation files of ELAN."""

from __future__ import annotations

from pathlib import Path

import pytest
from annotations import TURNS, write_eaf

from ser.errors import SerError
from ser.timeline.readers.eaf import EafReader
from ser.timeline.turn import Turn


def test_annotations_with_times(tmp_path: Path) -> None:
    path = write_eaf(tmp_path / "a.eaf")
    found = [each.turn for each in EafReader().read(path)]
    assert sorted(found, key=lambda turn: turn.start) == [Turn(*turn) for turn in TURNS]
    assert [each.turn for each in EafReader().read(path, ["Ben"])] == [Turn(*TURNS[1])]
    # Words that refer to utterances have no times.
    with pytest.raises(SerError, match="has no tier 'words'"):
        EafReader().read(path, ["words"])


def test_the_recording_is_looked_for(tmp_path: Path) -> None:
    recording = tmp_path / "my talk.wav"
    path = write_eaf(tmp_path / "a.eaf", recording)
    assert EafReader().recordings(path) == []
    recording.touch()
    assert [each.resolve() for each in EafReader().recordings(path)] == [recording.resolve()]


def test_entities_do_not_grow(tmp_path: Path) -> None:
    path = tmp_path / "a.eaf"
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    path.write_text(
        f'<!DOCTYPE d [<!ENTITY e0 "boom">{entities}]><ANNOTATION_DOCUMENT>&e11;'
        "</ANNOTATION_DOCUMENT>"
    )
    with pytest.raises(SerError, match="is no annotation file of ELAN"):
        EafReader().read(path)


def test_files_from_outside_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    path = tmp_path / "a.eaf"
    path.write_text(
        f'<!DOCTYPE d [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'
        "<ANNOTATION_DOCUMENT>&e;</ANNOTATION_DOCUMENT>"
    )
    with pytest.raises(SerError, match="is no annotation file of ELAN"):
        EafReader().read(path)
