"""What is usual for a voice, taken out of its clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.float32]
"""Statistics of clips, shape (clips, n)."""

# Further from its mean than this many deviations nothing is more telling.
_FAR = 4.0


class Voices:
    """Reads clips against the mean and the deviation of the same voice's real recordings.

    Args:
        rows: Of real recordings of all emotions, whose labels are not used.
        speakers: Whose each is.
    """

    def __init__(self, rows: Rows, speakers: Sequence[str]) -> None:
        names = np.asarray(speakers)
        self._voices = {
            name: (rows[names == name].mean(axis=0), rows[names == name].std(axis=0) + 1e-6)
            for name in sorted(set(speakers))
        }

    def relative(self, rows: Rows, speakers: Sequence[str]) -> Rows:
        """Gives rows in deviations from the mean of their speaker."""
        means, deviations = (
            np.array([self._voices[name][side] for name in speakers]) for side in (0, 1)
        )
        relative: Rows = np.clip((rows - means) / deviations, -_FAR, _FAR).astype(np.float32)
        return relative
