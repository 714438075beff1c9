"""Windows, and the emotion of words."""

from __future__ import annotations

from dataclasses import replace

from timelines import angry, silence, unsure

from ser.timeline.window import NO_ESTIMATE, EmotionEstimate, format_label, top_labels


def test_an_estimate_takes_the_most_probable_label() -> None:
    estimate = EmotionEstimate.from_probabilities({"sad": 0.4, "angry": 0.6})
    assert estimate == ("angry", 0.6, {"sad": 0.4, "angry": 0.6})
    assert EmotionEstimate.from_probabilities({}) == NO_ESTIMATE
    assert NO_ESTIMATE.emotion == ""


def test_the_most_probable_labels_come_first() -> None:
    assert top_labels(angry(0, 3), 2) == [("angry", 0.83), ("neutral", 0.1)]
    assert top_labels(unsure(0, 3), 9) == [("angry", 0.35), ("sad", 0.34), ("neutral", 0.31)]
    assert top_labels(silence(0, 3), 3) == []
    # Smoothing may have chosen another emotion than the probabilities do.
    chosen = replace(angry(0, 3), emotion="sad", confidence=0.07)
    assert top_labels(chosen, 2) == [("sad", 0.07), ("angry", 0.83)]
    assert format_label(("sad", 0.068)) == "sad 0.07"
