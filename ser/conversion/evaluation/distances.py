"""How far a clip is from a real recording of what it should have become."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix
from ser.conversion.dtw import align
from ser.conversion.evaluation.measures import ClipMeasures

# Frames that are compared in pitch: fewer say nothing.
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class Distance:
    """How two clips of the same words differ.

    Attributes:
        pitch: Root mean square difference in semitones over aligned frames where both have a
            pitch; None where there are next to none.
        duration: Difference of their speech in seconds, without its sign.
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
    """Compares clips with others, pair by pair."""
    found = []
    for start in range(0, len(clips), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        positions = align(
            [_compared(clip) for clip in clips[part]], [_compared(other) for other in others[part]]
        )
        for clip, other, places in zip(clips[part], others[part], positions, strict=True):
            found.append(_distance(clip, other, np.round(places).astype(np.intp)))
    return found


_TOGETHER = 32
_BANDS = 80


def _compared(heard: ClipMeasures) -> Matrix:
    """What is aligned: the shape of the envelope and the level, each beside the clip's own."""
    rows = heard.envelope[:, :13]
    compared: Matrix = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-3)
    compared[:, 0] *= 2
    return compared


def _distance(clip: ClipMeasures, other: ClipMeasures, places: npt.NDArray[np.intp]) -> Distance:
    difference = clip.envelope[:, 1:] - other.envelope[places, 1:]
    both = clip.voiced & other.voiced[places]
    apart = clip.pitch[both] - other.pitch[places][both]
    return Distance(
        pitch=float(np.sqrt(np.square(apart).mean())) if both.sum() >= _FEWEST else None,
        duration=abs(clip.seconds - other.seconds),
        envelope=float(np.sqrt(np.square(difference).sum(axis=1) / _BANDS).mean()),
    )
