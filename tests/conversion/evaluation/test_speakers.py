"""The speaker classifier."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from speech import render

from benchmarks.conversion.measures import measure_samples
from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.evaluation.speakers import SpeakerClassifier


def heard_as(known: list[ReferenceRecording], clips: list[ReferenceRecording]) -> list[str]:
    return SpeakerClassifier(known).predict(
        [r.measures for r in clips], [r.emotion for r in clips], [r.text for r in clips]
    )


def test_voices_are_recognised_by_what_else_they_said() -> None:
    # Synthetic sentences differ more in their sounds than real ones: it takes some of them.
    clips = [
        ReferenceRecording(
            speaker,
            emotion,
            "strong",
            str(text),
            0,
            measure_samples(
                render(emotion, int(speaker), seed=0, seconds=1.5, text=text, intensity="strong")
            ),
        )
        for speaker in ("01", "02")
        for emotion in ("neutral", "sad", "angry")
        for text in (1, 2, 3, 4)
    ]
    found = heard_as(clips, clips)
    assert np.mean([a == r.speaker for a, r in zip(found, clips, strict=True)]) > 0.9


def test_neither_the_sentence_nor_the_emotion_is_known(
    recordings: list[ReferenceRecording],
) -> None:
    asked = [r for r in recordings if r.emotion == "angry" and r.text == "01"]
    # Whatever is like them in one or the other is said to be somebody else's.
    lied = [
        replace(r, speaker={"01": "02", "02": "01", "03": "04", "04": "03"}[r.speaker])
        if r.emotion == "angry" or r.text == "01"
        else r
        for r in recordings
    ]
    assert heard_as(lied, asked) == heard_as(recordings, asked)


def test_one_sentence_has_to_do_where_there_is_no_other(
    recordings: list[ReferenceRecording],
) -> None:
    single = [r for r in recordings if r.text == "01" and r.speaker in ("01", "02")]
    found = heard_as(single, single)
    assert np.mean([a == r.speaker for a, r in zip(found, single, strict=True)]) > 0.8
