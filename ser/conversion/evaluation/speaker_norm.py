"""What is usual for a voice, taken out of its clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.arrays import Matrix
from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.pairs import NEUTRAL

# Further from what is usual than this many deviations nothing is more telling.
_FAR = 4.0


class SpeakerNormalizer:
    """Reads clips against real recordings of the same voice.

    Two things are known of a voice: mean and deviation over all its recordings, without their
    labels, and how it speaks neutrally. A clip is never read against itself, nor a translation
    against its source: of the neutral recordings the one of the same sentence and take is left out.

    Args:
        rows: Of real recordings.
        recordings: Which ones.
    """

    def __init__(self, rows: Matrix, recordings: Sequence[ReferenceRecording]) -> None:
        self._rows = rows
        self._names = np.array([recording.speaker for recording in recordings])
        self._said = [_said(recording) for recording in recordings]
        self._neutral = np.array([recording.emotion == NEUTRAL for recording in recordings])
        self._known: dict[tuple[str, str, int], tuple[Matrix, Matrix, Matrix]] = {}

    def relative(self, rows: Matrix, sources: Sequence[ReferenceRecording]) -> Matrix:
        """Gives rows in deviations from the voice's mean, and from its neutral recordings.

        Args:
            rows: Of clips, shape (clips, n).
            sources: Whose each is, and of which sentence and take: the clip itself, or what it was
                made of.

        Returns:
            Shape (clips, 2 n).
        """
        found = [self._of(_said(source)) for source in sources]
        means, neutral, deviations = (np.array([one[k] for one in found]) for k in range(3))
        both = [(rows - means) / deviations, (rows - neutral) / deviations]
        relative: Matrix = np.clip(np.concatenate(both, axis=1), -_FAR, _FAR).astype(np.float32)
        return relative

    def _of(self, said: tuple[str, str, int]) -> tuple[Matrix, Matrix, Matrix]:
        if said not in self._known:
            own = self._names == said[0]
            mean, deviation = self._rows[own].mean(axis=0), self._rows[own].std(axis=0) + 1e-6
            others = np.array([other != said for other in self._said])
            # Somebody may speak neutrally once, or never.
            usual = next(
                (
                    some
                    for some in (own & self._neutral & others, own & self._neutral)
                    if some.any()
                ),
                own,
            )
            self._known[said] = mean, self._rows[usual].mean(axis=0), deviation
        return self._known[said]


def _said(recording: ReferenceRecording) -> tuple[str, str, int]:
    return recording.speaker, recording.text, recording.take
