"""Which speech recognizer is opened, and what is said about it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.errors import SerError
from ser.io.hub import MissingModelError
from ser.text.asr.registry import open_speech_recognizer, open_translator
from ser.text.asr.whisper import WhisperRecognizer


def test_the_built_in_one_for_want_of_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip(
        "huggingface_hub.constants", reason="the extra [text] is not installed"
    )
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "cache"))
    notes: list[str] = []
    assert open_speech_recognizer(offline=True, note=notes.append).name == "PocketSphinx"
    (note,) = notes
    assert "PocketSphinx, which knows English alone" in note
    assert "give --asr-model FOLDER" in note
    with pytest.raises(SerError, match="language=pl: PocketSphinx knows English alone"):
        open_speech_recognizer(language="pl", offline=True)
    # What was named is never replaced.
    with pytest.raises(
        MissingModelError, match="Systran/faster-whisper-small: is not in the cache"
    ):
        open_speech_recognizer("small", offline=True)


def test_the_built_in_one_by_name() -> None:
    notes: list[str] = []
    assert open_speech_recognizer("sphinx", note=notes.append).name == "PocketSphinx"
    assert notes == []
    with pytest.raises(SerError, match="knows English alone; give `asr_model=base`"):
        open_speech_recognizer("sphinx", language="de")


def test_what_cannot_translate(polish: Path, english: Path, tmp_path: Path) -> None:
    assert open_translator(str(polish)).translates
    with pytest.raises(SerError, match=r"cannot translate: .*turbo, distil or \.en.*; give tiny"):
        open_translator(str(english))
    turbo = tmp_path / "my-turbo"
    turbo.mkdir()
    for path in polish.iterdir():
        (turbo / path.name).write_bytes(path.read_bytes())
    assert not WhisperRecognizer(str(turbo)).translates
