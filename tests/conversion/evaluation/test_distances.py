"""Distances between two clips of the same words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ser.conversion.evaluation.distances import measure_distances
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.recordings import ReferenceRecording


@pytest.fixture
def clip(recordings: list[ReferenceRecording]) -> ClipMeasures:
    return recordings[0].measures


def test_a_clip_is_at_no_distance_from_itself(clip: ClipMeasures) -> None:
    (found,) = measure_distances([clip], [clip])
    assert (found.pitch, found.duration) == (0, 0)
    assert found.envelope == pytest.approx(0, abs=1e-6)


def test_what_is_added_is_found(clip: ClipMeasures) -> None:
    # A coefficient that is moved by the root of the bands moves every band's root mean square by 1.
    envelope = clip.envelope.copy()
    envelope[:, 5] += 2 * np.sqrt(80)
    envelope[:, 0] += 100
    other = replace(clip, pitch=clip.pitch + 3, envelope=envelope)
    (found,) = measure_distances([clip], [other])
    assert found.pitch == pytest.approx(3, abs=1e-5)
    assert found.envelope == pytest.approx(2, rel=1e-3)


def test_the_same_words_said_slowly(clip: ClipMeasures) -> None:
    twice = np.repeat(np.arange(len(clip.pitch)), 2)
    slow = replace(
        clip,
        envelope=clip.envelope[twice],
        pitch=clip.pitch[twice],
        voiced=clip.voiced[twice],
    )
    (found,) = measure_distances([clip], [slow])
    assert found.duration == pytest.approx(clip.seconds)
    assert found.pitch is not None
    assert found.pitch < 0.5
    assert found.envelope < 1


def test_whispers_have_no_pitch_to_compare(clip: ClipMeasures) -> None:
    (found,) = measure_distances([replace(clip, voiced=np.zeros_like(clip.voiced))], [clip])
    assert found.pitch is None
