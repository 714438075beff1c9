"""Windows within turns, classified: each speaker's voice by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from speech import render
from spoken import EMOTIONS
from windowed import RATE, classify, twelve_seconds, write

from ser.errors import AudioError, ParameterError
from ser.inference.adaptation import SELF
from ser.inference.classifier import Adaptation, open_classifier
from ser.inference.config import make_config
from ser.inference.consumers import RemarkList, SummaryMaker, WindowList
from ser.inference.recognizer import Recognizer, analyze
from ser.inference.turn_windows import read_turns
from ser.inference.turns import ListedTurns
from ser.inference.windowing import Windowing
from ser.labels import NO_SPEECH
from ser.timeline.turn import Turn
from ser.timeline.window import Window


@pytest.fixture(scope="module")
def speech() -> Any:
    return twelve_seconds()


def test_windows_are_those_of_the_turns(tiny_model: Path, speech: Any, tmp_path: Path) -> None:
    classifier = open_classifier(tiny_model)
    path = write(tmp_path / "a.wav", speech)
    turns = [Turn(1, 2, "Anna"), Turn(4, 6, "Ben")]
    found = read_turns(path, turns, classifier, Windowing(1.0, 1.0), vad=False)
    assert found.failure is None
    assert list(found.by_speaker) == ["Anna", "Ben"]
    windows = list(found.merged(iter))
    assert [(w.start, w.end, w.speaker) for w in windows] == [
        (1, 2, "Anna"),
        (4, 5, "Ben"),
        (5, 6, "Ben"),
    ]
    for window in windows:
        clip = classifier.extractor.high_pass(speech)[
            round(window.start * RATE) : round(window.end * RATE)
        ]
        wanted = classify(classifier, clip)
        assert list(window.probabilities.values()) == pytest.approx(list(wanted), abs=1e-5)


def test_a_record_for_each_turn(tiny_model: Path, speech: Any, tmp_path: Path) -> None:
    classifier = open_classifier(tiny_model)
    path = write(tmp_path / "a.wav", speech)
    turns = [Turn(0, 3.2), Turn(5, 5.2), Turn(30, 31)]
    said = RemarkList()
    found = WindowList()
    config = make_config(classifier, vad=False, turns=ListedTurns(tuple(turns)))
    analyze(Recognizer(classifier, config), path, [found, said])
    assert [(w.start, w.end) for w in found.windows] == [(0, 3.2), (5, 5.2), (30, 31)]
    assert [w.emotion == NO_SPEECH for w in found.windows] == [False, False, True]
    assert said.remarks == ["1 of 3 segments lie behind its end at 12.0 s"]
    assert all(w.speaker is None for w in found.windows)


def test_all_turns_behind_the_end(tiny_model: Path, speech: Any, tmp_path: Path) -> None:
    classifier = open_classifier(tiny_model)
    path = write(tmp_path / "a.wav", speech)
    with pytest.raises(AudioError, match=r"ends at 12\.0 s, before its first segment at 3000"):
        read_turns(path, [Turn(3000, 6000)], classifier, Windowing(1.0, 1.0))


def test_a_recording_that_breaks_off(tiny_model: Path, speech: Any, tmp_path: Path) -> None:
    classifier = open_classifier(tiny_model)
    path = tmp_path / "a.flac"
    soundfile.write(path, np.concatenate([speech] * 4), RATE)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    turns = ListedTurns((Turn(0, 2, "Anna"), Turn(40, 42, "Ben")))
    config = make_config(classifier, vad=False, turns=turns)
    found = WindowList()
    with pytest.raises(AudioError):
        analyze(Recognizer(classifier, config), path, [found])
    assert found.windows[0].emotion != NO_SPEECH
    assert found.windows[-1].emotion == NO_SPEECH


@pytest.fixture(scope="module")
def two_voices(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Two voices that take turns, and when."""
    parts, turns, at = [], [], 0.0
    for number in range(16):
        speaker = number % 2
        emotion = EMOTIONS[number // 2 % len(EMOTIONS)]
        parts.append(render(emotion, 1 + 2 * speaker, seed=60 + number, seconds=2.0))
        turns.append(Turn(at, at + 2.0, ("Anna", "Ben")[speaker]))
        at += 2.0
    path = tmp_path_factory.mktemp("voices") / "voices.wav"
    return write(path, np.concatenate(parts)), tuple(turns)


def windows_of(classifier: Any, path: Path, turns: Any, **options: Any) -> list[Window]:
    config = make_config(classifier, vad=False, turns=ListedTurns(turns), **options)
    found = WindowList()
    analyze(Recognizer(classifier, config), path, [found])
    return found.windows


def test_each_voice_is_learnt_by_itself(lda_model: Path, two_voices: Any) -> None:
    classifier = open_classifier(lda_model)
    path, turns = two_voices
    learnt: dict[str, Adaptation | None] = {}
    both = read_turns(
        path,
        turns,
        classifier,
        Windowing(2.0, 2.0),
        whole=True,
        adapt_while_reading=True,
        on_adaptation=lambda adaptation, speaker: learnt.update({speaker: adaptation}),
        vad=False,
    )
    assert set(learnt) == {"Anna", "Ben"}
    assert all(adaptation is not None for adaptation in learnt.values())
    # What Ben says changes nothing for Anna.
    alone = [turn for turn in turns if turn.speaker == "Anna"]
    only = windows_of(classifier, path, tuple(alone))
    for one, other in zip(only, both.by_speaker["Anna"], strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-5)
    mixed = windows_of(classifier, path, tuple(Turn(t.start, t.end, "one") for t in turns))
    pairs = zip(mixed[::2], only, strict=True)
    assert any(a.probabilities != pytest.approx(b.probabilities, abs=1e-3) for a, b in pairs)


def test_a_summary_for_each_speaker(lda_model: Path, two_voices: Any) -> None:
    classifier = open_classifier(lda_model)
    path, turns = two_voices
    config = make_config(classifier, vad=False, turns=ListedTurns(turns))
    maker = SummaryMaker("a.wav", classifier.labels)
    analyze(Recognizer(classifier, config), path, [maker])
    anna, ben = maker.summaries
    assert (anna.speaker, ben.speaker) == ("Anna", "Ben")
    assert (anna.windows, ben.windows) == (8, 8)
    assert anna.voice is not None
    # Of 2 s each, of which the network sees 1 s at a time.
    assert anna.voice.windows == 16
    assert anna.turns is not None
    assert anna.turns.followed == {"Ben": 7}


def test_an_adaptation_that_would_mix_voices_is_refused(tiny_model: Path) -> None:
    classifier = open_classifier(tiny_model)
    with pytest.raises(ParameterError, match="would mix its speakers"):
        make_config(classifier, adapt=[SELF], turns=ListedTurns((Turn(0, 1),)))
