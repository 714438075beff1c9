"""Clips beside what is usual for their voice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.evaluation.speaker_norm import SpeakerNormalizer


def made(
    recordings: list[ReferenceRecording], *said: tuple[str, str, str, int]
) -> list[ReferenceRecording]:
    return [
        replace(recordings[0], speaker=speaker, emotion=emotion, text=text, take=take)
        for speaker, emotion, text, take in said
    ]


def test_rows_are_read_against_the_voice_and_how_it_speaks_neutrally(
    recordings: list[ReferenceRecording],
) -> None:
    known = made(
        recordings,
        ("a", "neutral", "1", 0),
        ("a", "neutral", "1", 1),
        ("a", "sad", "1", 0),
        ("b", "neutral", "1", 0),
        ("b", "sad", "1", 0),
    )
    rows = np.array([[1.0], [3.0], [8.0], [100.0], [300.0]], np.float32)
    found = SpeakerNormalizer(rows, known).normalize(rows, known)
    deviation = rows[:3].std()
    mean = rows[:3].mean()
    np.testing.assert_allclose(found[:3, 0], (rows[:3, 0] - mean) / deviation, rtol=1e-4)
    # The first take is read against the second, and the other way round; so is what has its words.
    neutral = np.array([3.0, 1.0, 3.0])
    np.testing.assert_allclose(found[:3, 1], (rows[:3, 0] - neutral) / deviation, rtol=1e-4)
    # The only neutral recording of a voice has to do for itself.
    np.testing.assert_allclose(found[3:], [[-1, 0], [1, 2]], rtol=1e-4, atol=1e-6)


def test_nothing_is_further_than_far(recordings: list[ReferenceRecording]) -> None:
    known = made(recordings, ("a", "neutral", "1", 0), ("a", "neutral", "2", 0))
    voices = SpeakerNormalizer(np.array([[1.0], [2.0]], np.float32), known)
    found = voices.normalize(np.array([[1e6], [-1e6]], np.float32), known)
    assert found.tolist() == [[4, 4], [-4, -4]]


def test_who_never_speaks_neutrally_is_read_against_the_mean(
    recordings: list[ReferenceRecording],
) -> None:
    known = made(recordings, ("a", "sad", "1", 0), ("a", "angry", "2", 0))
    rows = np.array([[1.0], [3.0]], np.float32)
    found = SpeakerNormalizer(rows, known).normalize(rows, known)
    np.testing.assert_allclose(found, [[-1, -1], [1, 1]], rtol=1e-4)
