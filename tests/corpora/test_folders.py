"""The reader of a folder per emotion."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus_names import check_names

from ser.corpora.registry import CORPORA


def test_a_folder_is_known_from_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`cd angry; ser-extract .` gives paths without a folder."""
    (tmp_path / "angry").mkdir()
    monkeypatch.chdir(tmp_path / "angry")
    clip = CORPORA["folders"].parse(Path("x.wav"))
    assert clip is not None
    assert clip.emotion == "angry"


def test_names() -> None:
    check_names("folders")
