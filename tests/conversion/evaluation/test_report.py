"""Figures of answers that are known, and their intervals."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from ser.conversion.evaluation.assessment import Assessment
from ser.conversion.evaluation.distances import Distance
from ser.conversion.evaluation.report import ALL, NORMAL, REAL, RULES, STRONG, summarize

EMOTIONS = ("neutral", "sad", "angry")


def answer(
    speaker: str,
    emotion: str,
    heard: str,
    *,
    intensity: str = "strong",
    voice: str | None = None,
    text: str = "1",
    apart: Sequence[Distance] = (),
) -> Assessment:
    strength = "" if emotion == "neutral" else intensity
    return Assessment(
        speaker, emotion, strength, {"one": heard}, voice or speaker, "1", text, tuple(apart)
    )


def perfect(speakers: Sequence[str] = ("a", "b", "c")) -> list[Assessment]:
    return [answer(speaker, emotion, emotion) for speaker in speakers for emotion in EMOTIONS]


def hopeless(speakers: Sequence[str] = ("a", "b", "c")) -> list[Assessment]:
    return [answer(speaker, emotion, "neutral") for speaker in speakers for emotion in EMOTIONS]


def test_rates_ratios_and_differences() -> None:
    report = summarize({"ours": perfect(), RULES: hopeless(), REAL: perfect()})
    ours = report.systems["ours"][STRONG].classifiers["one"]
    assert (ours.macro.value, ours.macro.low, ours.macro.high) == (1, 1, 1)
    assert ours.over_real is not None
    assert ours.over_real.value == 1
    assert ours.above_rules is not None
    assert ours.above_rules.value == pytest.approx(2 / 3)
    assert ours.diagonal
    rules = report.systems[RULES][STRONG].classifiers["one"]
    assert rules.macro.value == pytest.approx(1 / 3)
    assert rules.emotions == {"neutral": 1, "sad": 0, "angry": 0}
    assert rules.emotions_over_real == {"neutral": 1, "sad": 0, "angry": 0}
    assert rules.above_rules is None
    assert not rules.diagonal
    assert rules.confusion == ((3, 0, 0), (3, 0, 0), (3, 0, 0))


def test_intervals_are_over_actors() -> None:
    mixed = [*perfect(("a", "b")), *hopeless(("c", "d"))]
    macro = summarize({"ours": mixed}).systems["ours"][ALL].classifiers["one"].macro
    assert macro.value == pytest.approx(2 / 3)
    # Four times c or d, or a or b: one in sixteen each.
    assert (macro.low, macro.high) == (pytest.approx(1 / 3), 1)
    alike = [some for who in "abcd" for some in (*perfect((who,)), *hopeless((who,)))]
    even = summarize({"ours": alike}).systems["ours"][ALL].classifiers["one"].macro
    assert even.low == even.high == pytest.approx(2 / 3)


def test_a_difference_draws_the_same_actors_on_both_sides() -> None:
    # Everybody gains the same, but starts from elsewhere.
    rules = [*perfect(("a", "b")), *hopeless(("c", "d"))]
    report = summarize({"ours": rules, RULES: rules})
    above = report.systems["ours"][STRONG].classifiers["one"].above_rules
    assert above is not None
    assert (above.value, above.low, above.high) == (0, 0, 0)


def test_strengths_are_told_apart() -> None:
    weak = [answer("a", "sad", "neutral", intensity="normal") for _ in range(3)]
    groups = summarize({"ours": [*perfect(("a",)), *weak]}).systems["ours"]
    assert (groups[STRONG].outputs, groups[NORMAL].outputs, groups[ALL].outputs) == (3, 3, 6)
    assert groups[NORMAL].classifiers["one"].macro.value == 0
    assert groups[ALL].classifiers["one"].emotions["sad"] == 0.25
    unsaid = [answer("a", "sad", "sad", intensity=""), answer("a", "neutral", "neutral")]
    assert list(summarize({"ours": unsaid}).systems["ours"]) == [ALL]


def test_voice_words_and_distances_leave_neutral_targets_out() -> None:
    near, far = Distance(1.0, 0.1, 4.0), Distance(5.0, 0.5, 8.0)
    answers = [
        answer("a", "neutral", "neutral", apart=[Distance(0, 0, 0)]),
        answer("a", "sad", "sad", apart=[near, far]),
        answer("b", "sad", "sad", voice="a", apart=[near, near]),
        answer("b", "sad", "sad", text="2", apart=[far, Distance(None, 0.5, 8.0)]),
    ]
    group = summarize({"ours": answers}).systems["ours"][STRONG]
    assert group.speaker.value == pytest.approx(2 / 3)
    assert group.words.value == pytest.approx(2 / 3)
    assert group.pitch is not None
    # Medians over takes are 3, 1 and 5.
    assert group.pitch.value == 3
    assert group.duration is not None
    assert group.duration.value == pytest.approx(0.3)
    assert (group.pitch.low, group.pitch.high) == (1, 3)


def test_a_report_is_plain_json() -> None:
    report = summarize({"ours": perfect(), REAL: hopeless()}, notes=["said"])
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert found["emotions"] == list(EMOTIONS)
    assert found["notes"] == ["said"]
    ours = found["systems"]["ours"][STRONG]["judges"]["one"]
    assert ours["emotions_over_real"] == {"neutral": 1, "sad": None, "angry": None}


def test_the_interval_of_a_median_is_around_it() -> None:
    answers = [
        answer(str(actor), "sad", "sad", apart=[Distance(float(actor), 1.0, 1.0)])
        for actor in range(1, 10)
    ]
    figure = summarize({"ours": answers}).systems["ours"][ALL].pitch
    assert figure is not None
    assert figure.value == 5
    # Of 1 to 9, as far below as above.
    assert (figure.low, figure.high) == (pytest.approx(3, abs=1), pytest.approx(7, abs=1))
    assert figure.low + figure.high == pytest.approx(10, abs=1)
