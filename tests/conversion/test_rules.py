"""Rules: what is learned from voices whose emotions are known to the decibel, and what it does."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tables import make_table
from voiced import BANDS, SPEC, contours, matrix_of, parallel_table

from ser.audio import reader
from ser.conversion.rules import (
    MAX_HZ,
    MAX_SEMITONES,
    MEAN,
    MIN_HZ,
    RuleConverter,
    Rules,
    learn_rules,
)
from ser.corpora.ravdess import Ravdess
from ser.dataset.table import record_dtype
from ser.errors import SerError, TableError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

SLOPE = np.linspace(0, 12, BANDS)
"""Decibels that are added: more to higher bands."""

MANNERS = {
    ("neutral", "normal"): {},
    ("angry", "normal"): {"pitch": 2.0, "span": 1.2, "stretch": 1.1, "gain": 0.5 * SLOPE},
    ("angry", "strong"): {"pitch": 8.0, "span": 1.5, "stretch": 1.3, "gain": 2 * SLOPE},
    ("sad", "normal"): {"pitch": -1.0, "span": 0.7, "stretch": 1.4, "gain": -SLOPE},
    ("sad", "strong"): {"pitch": 3.0, "span": 0.9, "stretch": 1.5, "gain": SLOPE},
}


@pytest.fixture(scope="module")
def rules() -> Rules:
    return learn_rules(parallel_table(MANNERS, speakers=3, texts=2))


@pytest.mark.parametrize(("style", "manner"), MANNERS.items())
def test_what_was_put_in_is_found(
    rules: Rules, style: tuple[str, str], manner: dict[str, object]
) -> None:
    emotion, intensity = style
    assert rules.reference == "neutral"
    levels = {rule.intensity: rule for rule in rules.emotions[emotion]}
    rule = levels[1.0 if emotion == "neutral" or intensity == "strong" else 0.4]
    assert rule.pitch == pytest.approx(manner.get("pitch", 0), abs=0.05)
    assert rule.range == pytest.approx(manner.get("span", 1), rel=0.02)
    assert rule.stretch == pytest.approx(manner.get("stretch", 1), rel=0.02)
    # Smoothing bends the ends of a slope a little.
    np.testing.assert_allclose(rule.gain, manner.get("gain", np.zeros(BANDS)), atol=0.3)
    assert rule.speakers == 3


def test_pauses_do_not_count_in_the_spectrum() -> None:
    table = parallel_table({("neutral", "normal"): {}, ("angry", "strong"): {}})
    for number in np.flatnonzero(table["y"] == "angry"):
        # The same speech with twice the pauses.
        speaker = int(table["speaker"][number])
        table["x"][number, :100] = matrix_of(
            contours(100, middle=80.0 + speaker, voiced=0.3, seed=speaker)
        )
    (rule,) = learn_rules(table).emotions["angry"]
    assert np.abs(rule.gain).max() < 0.5


def test_one_odd_speaker_decides_nothing() -> None:
    table = parallel_table(MANNERS, speakers=5)
    odd = (table["speaker"] == "05") & (table["y"] == "angry")
    # Ten semitones higher and 25 dB louder than anybody.
    table["x"][odd, :, 25] += 10
    table["x"][odd, :, 0] += 25 * np.sqrt(BANDS)
    for rule, kept in zip(
        learn_rules(table).emotions["angry"],
        learn_rules(table[table["speaker"] != "05"]).emotions["angry"],
        strict=True,
    ):
        assert rule.pitch == pytest.approx(kept.pitch, abs=0.1)
        np.testing.assert_allclose(rule.gain, kept.gain, atol=0.1)


def test_only_the_records_named_count(rules: Rules) -> None:
    table = parallel_table(MANNERS, speakers=4)
    table["x"][table["speaker"] == "04", :, 25] += np.where(
        table["y"][table["speaker"] == "04"] == "angry", 5, 0
    )[:, None]
    chosen = np.flatnonzero(table["speaker"] != "04")
    seen: list[int] = []
    found = learn_rules(table, chosen, progress=seen.append)
    assert sum(seen) == len(chosen)
    assert found.emotions["angry"][-1].pitch == pytest.approx(8, abs=0.05)
    # Nor do copies that were changed by a program.
    copies = table.copy()
    copies["augment"] = "pitch"
    copies["x"][:, :, 25] += np.where(copies["y"] == "angry", 4, 0)[:, None]
    assert learn_rules(np.concatenate([table, copies]), chosen) == found


def test_without_anybody_neutral_the_mean_is_the_measure() -> None:
    table = parallel_table({k: v for k, v in MANNERS.items() if k[0] != "neutral"}, speakers=2)
    found = learn_rules(table)
    assert found.reference == MEAN
    assert set(found.emotions) == {"angry", "sad"}
    # The four styles have 2, 8, -1 and 3 semitones: 3 on average.
    shifts = {
        (emotion, rule.intensity): rule.pitch
        for emotion, those in found.emotions.items()
        for rule in those
    }
    expected = {("angry", 0.4): -1, ("angry", 1.0): 5, ("sad", 0.4): -4, ("sad", 1.0): 0}
    assert shifts == pytest.approx(expected, abs=0.05)


def test_corpora_that_say_no_intensity() -> None:
    unsaid = {(e, ""): manner for (e, i), manner in MANNERS.items() if i == "normal"}
    table = parallel_table(unsaid, speakers=2)
    (alone,) = learn_rules(table).emotions["angry"]
    assert (alone.intensity, alone.pitch) == (0.7, pytest.approx(2, abs=0.05))
    table["corpus"] = "other"
    both = np.concatenate([parallel_table(MANNERS, speakers=2), table])
    assert [rule.intensity for rule in learn_rules(both).emotions["angry"]] == [0.4, 1.0]


@pytest.mark.parametrize("what", ["one emotion", "no speakers", "no voice"])
def test_nothing_to_learn_from(what: str) -> None:
    table = parallel_table(MANNERS, speakers=2)
    if what == "one emotion":
        table["y"] = "sad"
    elif what == "no speakers":
        table["speaker"] = ""
    else:
        table["x"][:, :, 26] = 0
    with pytest.raises(TableError, match="nothing to learn rules from"):
        learn_rules(table)


def test_other_features_are_refused() -> None:
    with pytest.raises(SerError, match="ser-extract --preset translate"):
        learn_rules(make_table(spec=FeatureSpec()))


def test_rules_survive_as_text(rules: Rules) -> None:
    text = json.dumps(rules.to_dict())
    assert len(text) < 10_000
    again = Rules.from_dict(json.loads(text))
    assert again.to_dict() == rules.to_dict()
    assert RuleConverter(again).emotions == ("neutral", "sad", "angry")


@pytest.mark.parametrize("field", ["pitch", "gain", "stretch", "emotions", "text"])
def test_broken_rules_are_refused(rules: Rules, field: str) -> None:
    values = json.loads(json.dumps(rules.to_dict()))
    rule = values["emotions"]["angry"][0]
    if field == "pitch":
        rule["pitch"] = float("nan")
    elif field == "gain":
        rule["gain"] = rule["gain"][:-1]
    elif field == "stretch":
        rule["stretch"] = -1.0
    elif field == "emotions":
        values["emotions"] = {}
    else:
        rule["pitch"] = "high"
    with pytest.raises(SerError, match=r"rules: (are malformed|hold impossible values)"):
        Rules.from_dict(values)


def test_a_strong_recording_comes_out(rules: Rules) -> None:
    phrase = contours(seed=3)
    change = RuleConverter(rules)(phrase, "angry")
    assert np.median(change.pitch[phrase.voiced]) == pytest.approx(8, abs=0.1)
    changed = (phrase.pitch + change.pitch)[phrase.voiced]
    assert np.ptp(changed) / np.ptp(phrase.pitch[phrase.voiced]) == pytest.approx(1.5, rel=0.02)
    np.testing.assert_allclose(change.stretch, 1.3, rtol=0.02)
    np.testing.assert_allclose(change.gain, np.tile(2 * SLOPE, (len(phrase), 1)), atol=0.5)


def test_intensity_goes_through_normal_recordings(rules: Rules) -> None:
    convert, phrase = RuleConverter(rules), contours(seed=3)

    def shift(intensity: float) -> float:
        change = convert(phrase, "sad", intensity)
        return float(np.median(change.pitch[phrase.voiced]))

    # Normal sadness is lower than neutral, and strong sadness higher.
    expected = {0.2: -0.5, 0.4: -1.0, 0.7: 1.0, 1.0: 3.0, 1.5: 4.5}
    assert {at: shift(at) for at in expected} == pytest.approx(expected, abs=0.1)
    assert convert(phrase, "sad", 0).is_identity
    assert convert(phrase, "sad", 1.0, "sad").is_identity
    assert convert(phrase, "neutral").is_identity
    half = convert(phrase, "angry", 0.2).stretch[0]
    assert half == pytest.approx(np.sqrt(1.1), rel=0.01)


def test_a_source_that_is_known_is_undone(rules: Rules) -> None:
    convert, phrase = RuleConverter(rules), contours(seed=3)
    # Anger between normal and strong has 5 semitones.
    plain = convert(phrase, "neutral", 1.0, "angry")
    assert np.median(plain.pitch[phrase.voiced]) == pytest.approx(-5, abs=0.1)
    assert plain.stretch[0] < 1
    assert (plain.gain[:, 1:] <= 0).all()
    other = convert(phrase, "sad", 1.0, "angry")
    assert np.median(other.pitch[phrase.voiced]) == pytest.approx(3 - 5, abs=0.1)
    # What the rules do not know is taken for neutral.
    unknown = convert(phrase, "sad", 1.0, "boredom")
    np.testing.assert_array_equal(unknown.pitch, convert(phrase, "sad").pitch)


def test_pitch_stays_where_voices_are(rules: Rules) -> None:
    convert = RuleConverter(rules)
    high = contours(seed=1, middle=12 * np.log2(520))
    low = contours(seed=1, middle=12 * np.log2(63))
    raised = convert(high, "angry", 1.5)
    assert (high.pitch + raised.pitch).max() <= 12 * np.log2(MAX_HZ) + 1e-3
    lowered = convert(low, "neutral", 1.0, "angry")
    kept = low.pitch + lowered.pitch >= 12 * np.log2(MIN_HZ) - 1e-3
    # What was lower before is not moved up.
    assert (kept | (lowered.pitch == 0)).all()
    wide = contours(seed=1, span=30.0)
    assert np.abs(convert(wide, "angry", 1.5).pitch).max() <= MAX_SEMITONES


def test_a_phrase_without_a_voice(rules: Rules) -> None:
    whisper = contours(seed=2, voiced=0.0)
    change = RuleConverter(rules)(whisper, "angry")
    assert not change.pitch.any()
    assert change.gain.any()
    assert len(RuleConverter(rules)(contours(frames=0), "angry")) == 0


def test_an_emotion_that_it_cannot_make(rules: Rules) -> None:
    with pytest.raises(SerError, match="use one of neutral, sad, angry"):
        RuleConverter(rules)(contours(), "happy")


@pytest.mark.corpora
def test_what_actors_do(corpora: Path) -> None:
    """Four of them, strongly angry: what is known of all of them, more or less."""
    extract = Extractor(SPEC)
    clips = [
        (clip, extract(reader.read(clip.path, SPEC.sample_rate)))
        for actor in ("01", "02", "03", "04")
        for path in sorted((corpora / "ravdess" / f"Actor_{actor}").iterdir())
        if (clip := Ravdess().parse(path)) is not None
        and (clip.emotion, clip.intensity) in (("neutral", "normal"), ("angry", "strong"))
    ]
    assert len(clips) == 32
    longest = max(len(matrix) for _, matrix in clips)
    table = np.zeros(len(clips), record_dtype(SPEC, longest, clips[0][1].shape[1]))
    for record, (clip, matrix) in zip(table, clips, strict=True):
        record["x"][: len(matrix)] = matrix
        record["frames"] = len(matrix)
        record["y"], record["speaker"], record["text"] = clip.emotion, clip.speaker, clip.text
        record["corpus"], record["intensity"] = clip.corpus, clip.intensity
    (anger,) = learn_rules(table).emotions["angry"]
    assert 6 < anger.pitch < 15
    assert 1.0 < anger.stretch < 2.0
    assert 12 < np.mean(anger.gain) < 32
    # Harder sounds: more between 1 and 4 kHz than below.
    assert np.mean(anger.gain[25:60]) > np.mean(anger.gain[:25]) + 3
