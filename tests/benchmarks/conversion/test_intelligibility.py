"""Sentences of corpora that no translator has learnt from."""

from __future__ import annotations

from pathlib import Path

import pytest
from speech import write_corpus

from benchmarks.conversion.intelligibility import measure_recognition, plan_sentences
from ser.conversion.artifact import write_rules_artifact
from ser.conversion.rules import Rule, Rules
from ser.corpora.base import Clip
from ser.corpora.registry import find_clips
from ser.errors import SerError
from ser.features.spec import PRESETS

EMOTIONS = ("neutral", "sad", "angry")


def clip(speaker: str, emotion: str, text: str, gender: str = "female") -> Clip:
    path = Path(f"{speaker}-{emotion}-{text}.wav")
    return Clip(path, emotion, speaker, "made", text, gender=gender)


def test_sentences_are_recognised_by_what_others_say() -> None:
    people = {"a": "female", "b": "male", "c": "female", "d": "male"}
    clips = [
        clip(speaker, emotion, str(text), gender)
        for speaker, gender in people.items()
        for emotion in EMOTIONS
        for text in range(10)
    ]
    # Whoever lacks an emotion of a sentence is not asked for it.
    clips.remove(clip("a", "sad", "3"))
    chosen = plan_sentences(clips, per_speaker=3, per_sentence=2)
    assert [source.speaker for source in chosen.sources] == sorted(3 * "abcd")
    assert all(source.emotion == "neutral" for source in chosen.sources)
    assert "3" not in [source.text for source in chosen.sources if source.speaker == "a"]
    assert chosen.emotions == ("sad", "angry")
    for target, number in chosen.targets:
        source = chosen.sources[number]
        assert (target.speaker, target.text) == (source.speaker, source.text)
    assert len(chosen.targets) == 2 * len(chosen.sources)
    assert chosen.templates["a", "sad"] == chosen.templates["a", "angry"]
    templates = chosen.templates["a", "sad"]
    assert len(templates) == 2 * 10
    assert "a" not in {template.speaker for template in templates}
    assert {template.emotion for template in templates} == {"neutral"}
    # One woman there is beside her; the other place goes to a man.
    assert [template.gender for template in templates[:2]] == ["female", "male"]


def test_two_speakers_are_recognised_by_themselves_in_other_emotions() -> None:
    emotions = (*EMOTIONS, "happy", "fearful")
    clips = [clip(s, emotion, str(t)) for s in "ab" for emotion in emotions for t in range(5)]
    chosen = plan_sentences(clips, per_speaker=1)
    assert len(chosen.templates) == 2 * 4
    for (speaker, emotion), templates in chosen.templates.items():
        assert {template.speaker for template in templates} == {speaker}
        used = {template.emotion for template in templates}
        assert len(used) == 2
        assert not used & {"neutral", emotion}
        assert len(templates) == 2 * 5


def test_nobody_says_the_same_in_every_emotion() -> None:
    with pytest.raises(SerError, match="nobody who says a sentence in every emotion"):
        plan_sentences([clip("a", "neutral", "1"), clip("a", "sad", "2")])


def test_what_keeps_the_words_keeps_them(tmp_path: Path) -> None:
    write_corpus("nemo", tmp_path / "nemo", speakers=3, takes=2, emotions=("neutral", "sad"))
    model = tmp_path / "rules.keras"
    rule = Rule(1.0, 3.0, 1.0, 1.2, (3.0,) * PRESETS["translate"].n_mels)
    write_rules_artifact(model, Rules("neutral", {"sad": (rule,)}))
    seen: list[int] = []
    chosen = plan_sentences(find_clips([tmp_path / "nemo"], "nemo").clips, per_speaker=2)
    found = measure_recognition(chosen, model, tmp_path / "made", progress=seen.append)
    assert (found.sentences, found.clips) == (2, 6)
    assert found.made > 0.8
    assert found.real > 0.8
    assert sum(seen) == 6 + 6 + 6
