"""Normalization of features by speaker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.arrays import Matrix
from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.pairs import NEUTRAL

# Normalized features are clipped at so many deviations.
_LIMIT = 4.0


class SpeakerNormalizer:
    """Normalizes features by the real recordings of the same speaker.

    Features are taken relative to the mean over all recordings of the speaker, without their
    labels, and to the mean over the neutral ones, both in deviations. The neutral recording of the
    same sentence and take is left out, so that a clip is not compared with itself or its source.

    Args:
        rows: Features of real recordings, shape (recordings, n).
        recordings: These recordings.
    """

    def __init__(self, rows: Matrix, recordings: Sequence[ReferenceRecording]) -> None:
        self._rows = rows
        self._speakers = np.array([recording.speaker for recording in recordings])
        self._keys = [_key(recording) for recording in recordings]
        self._neutral = np.array([recording.emotion == NEUTRAL for recording in recordings])
        self._cache: dict[tuple[str, str, int], tuple[Matrix, Matrix, Matrix]] = {}

    def normalize(self, rows: Matrix, sources: Sequence[ReferenceRecording]) -> Matrix:
        """Normalizes the features of clips.

        Args:
            rows: Features, shape (clips, n).
            sources: The recording that each clip was made of, or the clip's own.

        Returns:
            Shape (clips, 2 n).
        """
        found = [self._statistics(_key(source)) for source in sources]
        means, neutral, deviations = (np.array([one[k] for one in found]) for k in range(3))
        both = [(rows - means) / deviations, (rows - neutral) / deviations]
        normalized: Matrix = np.clip(np.concatenate(both, axis=1), -_LIMIT, _LIMIT).astype(
            np.float32
        )
        return normalized

    def _statistics(self, key: tuple[str, str, int]) -> tuple[Matrix, Matrix, Matrix]:
        if key not in self._cache:
            own = self._speakers == key[0]
            mean, deviation = self._rows[own].mean(axis=0), self._rows[own].std(axis=0) + 1e-6
            others = np.array([other != key for other in self._keys])
            # A speaker may have one neutral recording, or none.
            neutral = next(
                (
                    chosen
                    for chosen in (own & self._neutral & others, own & self._neutral)
                    if chosen.any()
                ),
                own,
            )
            self._cache[key] = mean, self._rows[neutral].mean(axis=0), deviation
        return self._cache[key]


def _key(recording: ReferenceRecording) -> tuple[str, str, int]:
    return recording.speaker, recording.text, recording.take
