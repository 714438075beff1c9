"""The loudness of converted speech: as the source's, as an actor's, or as is asked for."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from ser.arrays import Samples
from ser.errors import ParameterError
from ser.preprocess.loudness import block_powers, gated_loudness

Loudness = Literal["keep", "actor"] | float
"""``keep`` for the source's integrated loudness; ``actor`` for the change of level that the emotion
makes; or LUFS."""

LOUDEST, SOFTEST = 0.0, -70.0
"""The range of LUFS that may be asked for."""

_TRANSITION_SECONDS = 0.02


def check_loudness(loudness: object) -> None:
    """Checks a loudness.

    Raises:
        ParameterError: It is none.
    """
    if loudness in ("keep", "actor"):
        return
    number = math.nan
    if isinstance(loudness, int | float) and not isinstance(loudness, bool):
        number = float(loudness)
    if not SOFTEST <= number <= LOUDEST:
        raise ParameterError(
            "loudness",
            "is no loudness",
            f"give keep, actor, or LUFS from {SOFTEST:g} to {LOUDEST:g}",
            loudness,
        )


class LoudnessMatcher:
    """Brings converted speech to a loudness, by one gain for the whole or, in a stream, by phrases.

    One gain for the whole keeps the changes of level that an emotion makes within a recording. In
    a stream the whole is not known: the gain follows what was heard so far.

    Args:
        loudness: See `Loudness`.
        rate: Sample rate in hertz.
        level: Decibels by which the result is louder than that.
    """

    def __init__(self, loudness: Loudness, rate: int, level: float = 0.0) -> None:
        self._loudness = loudness
        self._more = 10 ** (level / 20)
        self._rate = rate
        self._source = self._result = np.zeros(0)
        self._gain = 1.0

    def gain(self, source: Samples, result: Samples) -> float:
        """Takes what was heard and what was made of it, and gives the gain from now on.

        Args:
            source: Shape (samples,) or (samples, channels).
            result: Likewise, without this gain.

        Returns:
            A factor; 1 where nothing is to be changed, or nothing is loud enough to be measured.
        """
        if self._loudness == "actor":
            return self._more
        self._result = np.append(self._result, block_powers(result, self._rate))
        made = gated_loudness(self._result)
        if self._loudness == "keep":
            self._source = np.append(self._source, block_powers(source, self._rate))
            wanted = gated_loudness(self._source)
        else:
            wanted = float(self._loudness)
        if math.isfinite(made) and math.isfinite(wanted) and made != wanted:
            return float(10 ** ((wanted - made) / 20)) * self._more
        return self._more

    def match(self, source: Samples, result: Samples) -> Samples:
        """Gives a whole result at the loudness that is wanted; see `gain`."""
        gain = self.gain(source, result)
        return result if gain == 1 else result * np.float32(gain)

    def match_part(self, source: Samples, result: Samples) -> Samples:
        """Gives the next part of a stream; it begins in a pause, where a change is not heard."""
        before, self._gain = self._gain, self.gain(source, result)
        if before == self._gain == 1 or not len(result):
            return result
        size = min(len(result), max(1, round(_TRANSITION_SECONDS * self._rate)))
        gains = np.full(len(result), self._gain, np.float32)
        gains[:size] = np.linspace(before, self._gain, size)
        louder: Samples = (result.T * gains).T
        return louder
