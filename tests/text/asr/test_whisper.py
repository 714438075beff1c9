"""Whisper with random weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import tinymodels
from utterances import check_words, speech

from ser.errors import ArtifactError, SerError
from ser.io.hub import MissingModelError
from ser.text.asr.whisper import NAMES, WhisperRecognizer


def test_whisper_gives_words_with_times(polish: Path) -> None:
    model = WhisperRecognizer(str(polish))
    assert model.languages == frozenset()
    found = model.transcribe(speech(3.0), None)
    assert found
    for utterance in found:
        check_words(utterance, 3.0)
        assert utterance.language == "pl"
        assert {word.text for word in utterance.words} <= set(tinymodels.WORDS)


def test_whisper_hears_the_same_again(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    folder = str(tinymodels.whisper(tmp_path / "unsure", sure=False, seed=1))
    first, second = (WhisperRecognizer(folder).transcribe(speech(3.0), "en") for _ in range(2))
    assert first == second


def test_whisper_is_told_the_language(polish: Path) -> None:
    model = WhisperRecognizer(str(polish))
    assert {utterance.language for utterance in model.transcribe(speech(3.0), "de")} == {"de"}
    with pytest.raises(SerError, match=r"language=xx: is no language that .* knows; use one of af"):
        model.transcribe(speech(1.0), "xx")


def test_whisper_translates(polish: Path) -> None:
    model = WhisperRecognizer(str(polish))
    assert model.translates
    words = model.translate(speech(3.0), "pl").split()
    assert set(words) <= set(tinymodels.WORDS)


def test_whisper_for_english_alone(english: Path) -> None:
    model = WhisperRecognizer(str(english))
    assert (model.languages, model.translates) == (frozenset({"en"}), False)
    assert {utterance.language for utterance in model.transcribe(speech(3.0), None)} <= {"en"}
    with pytest.raises(SerError, match="language=pl: is no language that"):
        model.transcribe(speech(1.0), "pl")


def test_a_damaged_whisper_model(polish: Path, tmp_path: Path) -> None:
    for path in polish.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.bin").write_bytes(b"nothing of the kind")
    with pytest.raises(ArtifactError, match="cannot be loaded by CTranslate2"):
        WhisperRecognizer(str(tmp_path))
    (tmp_path / "model.bin").unlink()
    with pytest.raises(MissingModelError, match=r"is no Whisper model .*: model\.bin is missing"):
        WhisperRecognizer(str(tmp_path))


def test_a_name_that_is_none() -> None:
    with pytest.raises(
        MissingModelError, match=r"is neither .*; give --asr-model one of tiny, base"
    ):
        WhisperRecognizer("huge")


def test_short_names_are_names_on_the_hub() -> None:
    assert NAMES["base"] == "Systran/faster-whisper-base"
    assert NAMES["turbo"] == NAMES["large-v3-turbo"]
    assert all(name.count("/") == 1 for name in NAMES.values())
