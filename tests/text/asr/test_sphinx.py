"""PocketSphinx with its own model."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from utterances import check_words, speech

from ser.audio import reader
from ser.errors import DependencyError
from ser.text.asr.base import RATE
from ser.text.asr.sphinx import SphinxRecognizer
from ser.text.asr.transcriber import Transcriber


def test_sphinx_gives_words_with_times(sphinx: SphinxRecognizer) -> None:
    # Nobody can say what babble says; but it is words, and where they are.
    (utterance,) = sphinx.transcribe(speech(3.0), None)
    check_words(utterance, 3.0)
    assert utterance.language == "en"
    assert utterance.text == " ".join(word.text for word in utterance.words)
    assert not set("()<>[]") & set(utterance.text)


def test_no_words_without_speech(sphinx: SphinxRecognizer) -> None:
    transcriber = Transcriber(sphinx, RATE)
    noise = 0.01 * np.random.default_rng(0).standard_normal(3 * RATE)
    assert transcriber.add(noise.astype(np.float32)) + transcriber.finish() == []


def test_sphinx_hears_the_same_again(sphinx: SphinxRecognizer) -> None:
    first = sphinx.transcribe(speech(2.0), None)
    sphinx.transcribe(np.zeros(RATE, np.float32), None)
    assert sphinx.transcribe(speech(2.0), None) == first


@pytest.mark.corpora
def test_sphinx_gets_the_gist_of_read_speech(sphinx: SphinxRecognizer, corpora: Path) -> None:
    samples = reader.read(corpora / "librispeech" / "1034-121119-0000.ogg", RATE)
    transcriber = Transcriber(sphinx, RATE)
    found = [said.utterance for said in transcriber.add(samples) + transcriber.finish()]
    text = " ".join(utterance.text for utterance in found)
    assert "chapter ninety nine" in text
    assert "we have seen how quietly" in text
    (ninety,) = [word for utterance in found for word in utterance.words if word.text == "ninety"]
    assert ninety.start == pytest.approx(0.72, abs=0.1)


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pocketsphinx", None)
    with pytest.raises(DependencyError, match=r"pocketsphinx.*\[listen\]"):
        SphinxRecognizer()
