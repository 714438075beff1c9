"""Distances between a clip and real recordings of what it should have become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Indices, Matrix
from ser.conversion.dtw import align
from ser.conversion.evaluation.measures import ClipMeasures

# Frames needed for a difference of F0.
_MIN_FRAMES = 5
_N_BANDS = 80
# Pairs aligned at a time.
_BATCH_SIZE = 32


@dataclass(frozen=True, slots=True)
class Distance:
    """The distance between two clips of the same words.

    Attributes:
        pitch: Root mean square difference of F0 in semitones over aligned frames that are voiced in
            both; None where there are too few.
        duration: Absolute difference of the duration of their speech in seconds.
        envelope: Mel-cepstral distortion in decibels over aligned frames, without the level
            (Kubichek, "Mel-cepstral distance measure for objective speech quality assessment",
            IEEE PACRIM 1993; here of orthonormal cepstra in decibels, of which the formula is the
            root mean square difference over the mel bands).
    """

    pitch: float | None
    duration: float
    envelope: float


def measure_distances(
    clips: Sequence[ClipMeasures], others: Sequence[ClipMeasures]
) -> list[Distance]:
    """Measures the distances of clips to others, pair by pair."""
    found = []
    for start in range(0, len(clips), _BATCH_SIZE):
        part = slice(start, start + _BATCH_SIZE)
        positions = align(
            [_alignment_features(clip) for clip in clips[part]],
            [_alignment_features(other) for other in others[part]],
        )
        for clip, other, places in zip(clips[part], others[part], positions, strict=True):
            found.append(_distance(clip, other, np.round(places).astype(np.intp)))
    return found


def _alignment_features(clip: ClipMeasures) -> Matrix:
    """Gives the level and the shape of the envelope, each normalized over the clip."""
    rows = clip.envelope[:, :13]
    features: Matrix = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-3)
    features[:, 0] *= 2
    return features


def _distance(clip: ClipMeasures, other: ClipMeasures, places: Indices) -> Distance:
    envelope = clip.envelope[:, 1:] - other.envelope[places, 1:]
    voiced = clip.voiced & other.voiced[places]
    pitch = clip.pitch[voiced] - other.pitch[places][voiced]
    return Distance(
        pitch=float(np.sqrt(np.square(pitch).mean())) if voiced.sum() >= _MIN_FRAMES else None,
        duration=abs(clip.seconds - other.seconds),
        envelope=float(np.sqrt(np.square(envelope).sum(axis=1) / _N_BANDS).mean()),
    )
