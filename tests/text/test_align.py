"""Windows with their words, and utterances with their voice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio import reader
from ser.audio.writer import write_sound
from ser.inference.classification import find_windows
from ser.inference.classifier import Classifier, open_classifier
from ser.inference.windowing import Windowing
from ser.pretrained import SMALL_MODEL
from ser.text.align import TranscriptAligner, analyze_utterances
from ser.text.asr.base import Utterance
from ser.text.asr.sphinx import SphinxRecognizer
from ser.text.asr.transcriber import TranscribedUtterance, Transcriber
from ser.text.emotion.lexicon import LexiconClassifier
from ser.text.fusion import FusionWeights, TextFusion, fuse
from ser.timeline.window import Window

RATE = 16_000
WEIGHTS = FusionWeights(0.6, 0.4)


@pytest.fixture(scope="module")
def classifier() -> Classifier:
    return open_classifier(SMALL_MODEL)


@pytest.fixture(scope="module")
def sphinx() -> SphinxRecognizer:
    return SphinxRecognizer()


@pytest.fixture(scope="module")
def fusion() -> TextFusion:
    return TextFusion(LexiconClassifier(), WEIGHTS)


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Speech from 1 to 3 s and from 5 to 7 s."""
    still = np.zeros(RATE, np.float32)
    first, second = (
        np.asarray(render("angry", 1, seed=seed, seconds=2.0, sample_rate=RATE), np.float32)
        for seed in (0, 1)
    )
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    write_sound(path, np.concatenate([still, first, still, still, second, still]), RATE)
    return path


def check(window: Window) -> None:
    said = window.spoken
    assert said is not None
    expected = fuse(window.probabilities, said.words.probabilities, WEIGHTS)
    assert said.fused.probabilities == pytest.approx(expected)
    if not expected:
        assert (window.probabilities, said.text) == ({}, "")
        return
    assert said.fused.emotion == max(expected, key=expected.__getitem__)
    assert said.fused.confidence == pytest.approx(max(expected.values()))


def test_utterances_have_voice_and_words(
    talk: Path, classifier: Classifier, sphinx: SphinxRecognizer, fusion: TextFusion
) -> None:
    rate = classifier.spec.sample_rate
    passed: list[float] = []
    blocks = reader.stream(talk, rate, block_seconds=0.7)
    transcriber = Transcriber(sphinx, rate)
    found = list(
        analyze_utterances("talk", blocks, classifier, transcriber, fusion, progress=passed.append)
    )
    assert sum(passed) == pytest.approx(8)
    assert len(found) == 2
    for window, start in zip(found, (1, 5), strict=True):
        assert window.file == "talk"
        assert window.start == pytest.approx(start, abs=0.35)
        assert window.end == pytest.approx(start + 2, abs=0.35)
        assert window.emotion in classifier.labels
        assert sum(window.probabilities.values()) == pytest.approx(1, abs=1e-5)
        said = window.spoken
        assert said is not None
        assert said.text == " ".join(word.text for word in said.times)
        assert all(
            window.start <= word.start <= word.end <= window.end + 0.1 for word in said.times
        )
        check(window)


def test_windows_get_their_words(
    talk: Path, classifier: Classifier, sphinx: SphinxRecognizer, fusion: TextFusion
) -> None:
    aligner = TranscriptAligner(Transcriber(sphinx, classifier.spec.sample_rate), fusion)
    windows = find_windows(talk, classifier, Windowing(1.0, 1.0), tap=aligner.add)
    plain = list(find_windows(talk, classifier, Windowing(1.0, 1.0)))
    found = list(aligner.align(windows))
    assert [(w.start, w.end, w.emotion) for w in found] == [
        (w.start, w.end, w.emotion) for w in plain
    ]
    spoken = [window.spoken for window in found]
    assert all(spoken)
    for window in found:
        check(window)
    # Every word is in one window, and in the right one.
    rate = classifier.spec.sample_rate
    transcriber = Transcriber(sphinx, rate)
    alone = transcriber.add(reader.read(talk, rate)) + transcriber.finish()
    words = [word.text for utterance, _ in alone for word in utterance.words]
    assert [word.text for said in spoken if said for word in said.times] == words
    assert len(words) >= 4
    for window in found:
        assert window.spoken is not None
        for word in window.spoken.times:
            assert window.start <= (word.start + word.end) / 2 < window.end
    silent = [window.spoken.text for window in found if window.spoken and window.end <= 0.7]
    assert not any(silent)


def test_a_part_of_a_recording(
    talk: Path, classifier: Classifier, sphinx: SphinxRecognizer, fusion: TextFusion
) -> None:
    rate = classifier.spec.sample_rate
    aligner = TranscriptAligner(Transcriber(sphinx, rate, offset=4.0), fusion)
    windows = find_windows(talk, classifier, Windowing(2.0, 2.0), start=4.0, tap=aligner.add)
    found = list(aligner.align(windows))
    times = [
        word.start for window in found for word in (window.spoken.times if window.spoken else ())
    ]
    assert times
    assert all(4.6 <= start <= 7.5 for start in times)


def test_translations_are_read_and_foreign_words_are_not(fusion: TextFusion) -> None:
    utterances = [
        Utterance(0, 1, "I am happy", "en"),
        Utterance(1, 2, "jestem happy", "pl"),
        Utterance(2, 3, "jestem zły", "pl", translation="I am angry"),
    ]
    first, second, third = fusion.classify(utterances)
    assert max(first, key=first.__getitem__) == "happy"
    assert second == {}
    assert max(third, key=third.__getitem__) == "angry"
    assert fusion.classify([]) == []
    said = fusion.combine(utterances[2].text, utterances[2], third, {"calm": 0.9, "angry": 0.1})
    assert said.disagreement == 'said calmly: "I am angry"'
    assert (said.language, said.translation) == ("pl", "I am angry")
    # Without words it is the voice that decides.
    alone = fusion.combine("jestem happy", utterances[1], second, {"calm": 0.9, "angry": 0.1})
    assert alone.words.emotion == ""
    assert alone.fused.emotion == "calm"


class Scripted:
    """A transcriber that knows two utterances, a short happy one and a long sad one."""

    decided_until = 0.0

    def add(self, block: Any) -> list[TranscribedUtterance]:
        return []

    def finish(self) -> list[TranscribedUtterance]:
        texts = (Utterance(0, 1, "I am happy", "en"), Utterance(1, 4, "I am sad", "en"))
        return [TranscribedUtterance(text, np.zeros(1, np.float32)) for text in texts]


def test_utterances_count_by_the_time_they_have_in_a_window(fusion: TextFusion) -> None:
    scripted: Any = Scripted()
    happy, sad = fusion.classify([found.utterance for found in scripted.finish()])
    window = Window("a.wav", 0, 4, "calm", 1.0, {"calm": 1.0})
    (found,) = TranscriptAligner(scripted, fusion).align([window])
    assert found.spoken is not None
    assert found.spoken.text == "I am happy I am sad"
    expected = {label: (happy[label] + 3 * sad[label]) / 4 for label in happy}
    assert found.spoken.words.probabilities == pytest.approx(expected)
    # What begins with the window's end is not in it.
    (found,) = TranscriptAligner(scripted, fusion).align([replace(window, end=1)])
    assert found.spoken is not None
    assert found.spoken.text == "I am happy"
    assert found.spoken.words.probabilities == pytest.approx(happy)
