"""Shares of time, changes and the strongest moment."""

from __future__ import annotations

import pytest
from timelines import silence, unsure

from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.overlap import emotion_spans
from ser.timeline.summary import Summarizer, TalkTime
from ser.timeline.window import Window


def window(start: float, end: float, angry: float) -> Window:
    values = {"angry": angry, "sad": 1 - angry}
    emotion = "angry" if angry > 0.5 else "sad"
    return Window("a.wav", start, end, emotion, values[emotion], values)


def summary(*windows: Window):  # type: ignore[no-untyped-def]
    summarizer = Summarizer("a.wav", ("angry", "sad"))
    for one in windows:
        summarizer.add(one)
    return summarizer.result()


def test_overlapping_windows_count_every_second_once() -> None:
    result = summary(window(0, 4, 0.9), window(2, 6, 0.8), window(4, 8, 0.1))
    assert result.seconds == pytest.approx(8)
    assert result.shares == pytest.approx({"angry": 5 / 8, "sad": 3 / 8, UNCERTAIN: 0})
    assert result.speech == 1
    assert result.probabilities["angry"] == pytest.approx((3 * 0.9 + 2 * 0.8 + 3 * 0.1) / 8)
    assert result.changes == 1
    assert result.strongest == window(0, 4, 0.9)
    assert result.emotion == "angry"


def test_gaps_belong_to_no_emotion() -> None:
    result = summary(window(0, 2, 0.9), window(10, 13, 0.2))
    assert result.seconds == pytest.approx(5)
    assert result.shares["sad"] == pytest.approx(0.6)


def test_shares_are_of_the_time_with_speech() -> None:
    result = summary(window(0, 3, 0.6), silence(3, 7), window(7, 8, 0.1), unsure(8, 10))
    assert result.seconds == pytest.approx(10)
    assert result.speech == pytest.approx(0.6)
    assert result.shares == pytest.approx({"angry": 3 / 6, "sad": 1 / 6, UNCERTAIN: 2 / 6})
    assert result.probabilities["angry"] == pytest.approx((3 * 0.6 + 0.1 + 2 * 0.35) / 6)
    assert result.emotion == "angry"
    assert result.windows == 4


def test_silence_takes_over_in_the_middle_of_an_overlap_as_emotions_do() -> None:
    result = summary(window(0, 4, 0.9), silence(2, 6))
    assert (result.seconds, result.speech) == pytest.approx((6, 0.5))


def test_changes_pass_over_pauses_and_doubt() -> None:
    angry, sad = window(0, 1, 0.9), window(0, 1, 0.1)
    pause, doubt = silence(0, 1), unsure(0, 1)
    assert summary(pause, angry, pause, angry, doubt, angry, pause).changes == 0
    assert summary(doubt, angry, pause, sad, doubt, angry).changes == 2


def test_the_strongest_moment_is_one_of_an_emotion() -> None:
    assert summary(silence(0, 1), unsure(1, 2)).strongest is None
    weak = window(2, 3, 0.2)
    loud = Window("a.wav", 3, 4, UNCERTAIN, 0.99, {"angry": 0.99, "sad": 0.01})
    assert summary(silence(0, 1), weak, loud).strongest == weak


def test_a_recording_may_be_silent_or_doubtful_as_a_whole() -> None:
    silent = summary(silence(0, 5))
    assert (silent.seconds, silent.speech, silent.emotion) == (5, 0, NO_SPEECH)
    assert set(silent.shares.values()) == {0.0}
    assert summary(unsure(0, 5), window(5, 6, 0.9)).emotion == UNCERTAIN
    empty = summary()
    assert (empty.seconds, empty.speech, empty.emotion) == (0, 0, "")


def test_a_result_may_be_asked_for_on_the_way() -> None:
    summarizer = Summarizer("a.wav", ("angry", "sad"))
    summarizer.add(window(0, 2, 0.9))
    assert summarizer.result().seconds == 2
    summarizer.add(window(2, 4, 0.2))
    assert summarizer.result().shares == {"angry": 0.5, "sad": 0.5, UNCERTAIN: 0}


def test_spans_join_equal_neighbours_and_agree_with_the_summary() -> None:
    windows = [window(0, 4, 0.9), window(2, 6, 0.8), window(4, 8, 0.1), window(20, 24, 0.2)]
    spans = list(emotion_spans(windows))
    assert spans == [(0, 5, "angry"), (5, 8, "sad"), (20, 24, "sad")]
    angry = sum(end - start for start, end, emotion in spans if emotion == "angry")
    result = summary(*windows)
    assert angry == pytest.approx(result.shares["angry"] * result.seconds)


def test_speech_is_what_was_measured() -> None:
    summarizer = Summarizer("a.wav", ("angry", "sad"))
    for one in (window(0, 3, 0.9), silence(3, 6)):
        summarizer.add(one)
    assert summarizer.result().speech == 0.5
    summarizer.talk = TalkTime(1.5, 1, 0.5, 0.5)
    assert summarizer.result().speech == 0.25
    assert summarizer.result().talk == summarizer.talk
    # A rest at the end may be in no window, and speech too short for one is in no emotion.
    summarizer.talk = TalkTime(7.0, 0, 0.0, 0.0)
    assert summarizer.result().speech == 1.0
