"""Recognisers: PocketSphinx with its own model, Whisper with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tinymodels
from speech import render

from ser.arrays import Samples
from ser.audio import reader
from ser.errors import ArtifactError, SerError
from ser.io.hub import MissingModelError
from ser.text.asr.base import RATE, Passage
from ser.text.asr.registry import open_recogniser, open_translator
from ser.text.asr.sphinx import Sphinx
from ser.text.asr.transcriber import Transcriber
from ser.text.asr.whisper import NAMES, Whisper


def speech(seconds: float) -> Samples:
    return np.asarray(render("angry", 1, seed=0, seconds=seconds, sample_rate=RATE), np.float32)


@pytest.fixture(scope="module")
def sphinx() -> Sphinx:
    return Sphinx()


@pytest.fixture(scope="module")
def polish(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes everything for Polish."""
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    return tinymodels.whisper(tmp_path_factory.mktemp("asr") / "polish", language="pl", seed=1)


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows English alone."""
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    return tinymodels.whisper(tmp_path_factory.mktemp("asr") / "english", many=False, seed=1)


def check_words(passage: Passage, seconds: float) -> None:
    assert 0 <= passage.start <= passage.end <= seconds + 1e-6
    assert passage.words
    for word in passage.words:
        assert word.text == word.text.strip() != ""
        assert 0 <= word.start <= word.end <= seconds + 0.1
        assert 0 <= word.confidence <= 1


def test_sphinx_gives_words_with_times(sphinx: Sphinx) -> None:
    # Nobody can say what babble says; but it is words, and where they are.
    (passage,) = sphinx.transcribe(speech(3.0), None)
    check_words(passage, 3.0)
    assert passage.language == "en"
    assert passage.text == " ".join(word.text for word in passage.words)
    assert not set("()<>[]") & set(passage.text)


def test_no_words_without_speech(sphinx: Sphinx) -> None:
    transcriber = Transcriber(sphinx, RATE)
    noise = 0.01 * np.random.default_rng(0).standard_normal(3 * RATE)
    assert transcriber.add(noise.astype(np.float32)) + transcriber.finish() == []


def test_sphinx_hears_the_same_again(sphinx: Sphinx) -> None:
    first = sphinx.transcribe(speech(2.0), None)
    sphinx.transcribe(np.zeros(RATE, np.float32), None)
    assert sphinx.transcribe(speech(2.0), None) == first


@pytest.mark.corpora
def test_sphinx_gets_the_gist_of_read_speech(sphinx: Sphinx, corpora: Path) -> None:
    samples = reader.read(corpora / "librispeech" / "1034-121119-0000.ogg", RATE)
    transcriber = Transcriber(sphinx, RATE)
    found = [said.passage for said in transcriber.add(samples) + transcriber.finish()]
    text = " ".join(passage.text for passage in found)
    assert "chapter ninety nine" in text
    assert "we have seen how quietly" in text
    (ninety,) = [word for passage in found for word in passage.words if word.text == "ninety"]
    assert ninety.start == pytest.approx(0.72, abs=0.1)


def test_whisper_gives_words_with_times(polish: Path) -> None:
    model = Whisper(str(polish))
    assert model.languages == frozenset()
    found = model.transcribe(speech(3.0), None)
    assert found
    for passage in found:
        check_words(passage, 3.0)
        assert passage.language == "pl"
        assert {word.text for word in passage.words} <= set(tinymodels.WORDS)


def test_whisper_hears_the_same_again(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra [text] is not installed")
    folder = str(tinymodels.whisper(tmp_path / "unsure", sure=False, seed=1))
    first, second = (Whisper(folder).transcribe(speech(3.0), "en") for _ in range(2))
    assert first == second


def test_whisper_is_told_the_language(polish: Path) -> None:
    model = Whisper(str(polish))
    assert {passage.language for passage in model.transcribe(speech(3.0), "de")} == {"de"}
    with pytest.raises(
        SerError, match=r"--language xx: is no language that .* knows; use one of af"
    ):
        model.transcribe(speech(1.0), "xx")


def test_whisper_translates(polish: Path) -> None:
    model = Whisper(str(polish))
    assert model.translates
    words = model.translate(speech(3.0), "pl").split()
    assert set(words) <= set(tinymodels.WORDS)


def test_whisper_for_english_alone(english: Path) -> None:
    model = Whisper(str(english))
    assert (model.languages, model.translates) == (frozenset({"en"}), False)
    assert {passage.language for passage in model.transcribe(speech(3.0), None)} <= {"en"}
    with pytest.raises(SerError, match="--language pl: is no language that"):
        model.transcribe(speech(1.0), "pl")


def test_what_cannot_translate(polish: Path, english: Path, tmp_path: Path) -> None:
    assert open_translator(str(polish)).translates
    with pytest.raises(SerError, match=r"cannot translate: .*turbo, distil or \.en.*; give tiny"):
        open_translator(str(english))
    turbo = tmp_path / "my-turbo"
    turbo.mkdir()
    for path in polish.iterdir():
        (turbo / path.name).write_bytes(path.read_bytes())
    assert not Whisper(str(turbo)).translates


def test_a_damaged_whisper_model(polish: Path, tmp_path: Path) -> None:
    for path in polish.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.bin").write_bytes(b"nothing of the kind")
    with pytest.raises(ArtifactError, match="cannot be loaded by CTranslate2"):
        Whisper(str(tmp_path))
    (tmp_path / "model.bin").unlink()
    with pytest.raises(MissingModelError, match=r"is no Whisper model .*: model\.bin is missing"):
        Whisper(str(tmp_path))


def test_a_name_that_is_none() -> None:
    with pytest.raises(
        MissingModelError, match=r"is neither .*; give --asr-model one of tiny, base"
    ):
        Whisper("huge")


def test_short_names_are_names_on_the_hub() -> None:
    assert NAMES["base"] == "Systran/faster-whisper-base"
    assert NAMES["turbo"] == NAMES["large-v3-turbo"]
    assert all(name.count("/") == 1 for name in NAMES.values())


def test_the_built_in_one_for_want_of_better(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = pytest.importorskip(
        "huggingface_hub.constants", reason="the extra [text] is not installed"
    )
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "cache"))
    notes: list[str] = []
    assert open_recogniser(offline=True, note=notes.append).name == "PocketSphinx"
    (note,) = notes
    assert "PocketSphinx, which is built in" in note
    assert "give --asr-model FOLDER" in note
    with pytest.raises(SerError, match="--language pl: PocketSphinx knows English alone"):
        open_recogniser(language="pl", offline=True)
    # What was named is never replaced.
    with pytest.raises(
        MissingModelError, match="Systran/faster-whisper-small: is not in the cache"
    ):
        open_recogniser("small", offline=True)


def test_the_built_in_one_by_name() -> None:
    notes: list[str] = []
    assert open_recogniser("sphinx", note=notes.append).name == "PocketSphinx"
    assert notes == []
    with pytest.raises(SerError, match="knows English alone; give --asr-model base"):
        open_recogniser("sphinx", language="de")


def test_passages_of_a_stream_are_where_they_were_said(polish: Path) -> None:
    model = Whisper(str(polish))
    sound = np.concatenate(
        [np.zeros(4 * RATE, np.float32), speech(3.0), np.zeros(4 * RATE, np.float32)]
    )
    translator_asked = 0

    def translator() -> Whisper:
        nonlocal translator_asked
        translator_asked += 1
        return model

    transcriber = Transcriber(model, RATE, offset=100.0, translator=translator)
    found = transcriber.add(sound) + transcriber.finish()
    assert found
    for passage, samples in found:
        assert 103.5 <= passage.start <= passage.end <= 107.5
        assert all(103.5 <= word.start <= 107.6 for word in passage.words)
        assert len(samples) == pytest.approx((passage.end - passage.start) * RATE, abs=2)
    assert any(said.passage.translation for said in found)
    assert translator_asked == 1
    plain = Transcriber(model, RATE)
    assert not any(said.passage.translation for said in plain.add(sound) + plain.finish())
