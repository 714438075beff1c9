"""Segmentation of a recording of any length into phrases, at pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Mask, Samples

MAX_SECONDS = 12.0
"""Longest phrase in seconds, which bounds the memory."""

MIN_PAUSE = 0.3
"""Shortest pause between phrases, in seconds."""

MARGIN = 0.15
"""Seconds of a pause that stay with a phrase at either end."""

# Shorter phrases, such as single words, are joined with what follows.
_MIN_SECONDS = 1.0
# Speech without a pause is cut at its quietest moment behind this many seconds.
_EARLIEST_CUT = 5.0
# Seconds between levels.
_HOP = 0.01
# The threshold between pause and sound lies at this part of the range of levels, not more than so
# many decibels under the loudest, and not under so many decibels.
_THRESHOLD = 0.25
_RANGE = 50.0
_SILENCE_DB = -90.0
# Levels of the last half minute decide the threshold.
_HISTORY = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A phrase, or a pause between two.

    Attributes:
        samples: Shape (samples, channels).
        is_pause: Whether it is a pause.
        cut: Whether it ends within speech, because it would have been too long.
    """

    samples: Samples
    is_pause: bool
    cut: bool = False


def split_phrases(blocks: Iterable[Samples], rate: int) -> Iterator[Phrase]:
    """Splits a stream at its pauses, in constant memory.

    Args:
        blocks: Of shape (samples, channels), of any lengths.
        rate: Hertz.

    Yields:
        All samples, in order; phrases and pauses of at most `MAX_SECONDS` seconds.
    """
    buffered: list[Samples] = []
    count, full = 0, round(MAX_SECONDS * rate)
    splitter = _PhraseSplitter(rate)
    for block in blocks:
        buffered.append(block)
        count += len(block)
        while count >= full:
            rest = buffered[0] if len(buffered) == 1 else np.concatenate(buffered)
            phrase = splitter.next(rest[:full])
            yield phrase
            buffered = [rest[len(phrase.samples) :]]
            count = len(buffered[0])
    rest = np.concatenate(buffered) if buffered else np.zeros((0, 1), np.float32)
    while len(rest):
        phrase = splitter.next(rest[:full], ended=len(rest) <= full)
        yield phrase
        rest = rest[len(phrase.samples) :]


class _PhraseSplitter:
    """Splits at a threshold that follows the levels of the recording.

    Args:
        rate: Hertz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._history = np.empty(0)

    def next(self, samples: Samples, ended: bool = False) -> Phrase:
        """Takes the first phrase, or the pause before it.

        Args:
            samples: What follows the last phrase, shape (samples, channels).
            ended: Whether the recording ends with these samples.
        """
        levels = _levels(samples, self._rate)
        threshold = _threshold(np.concatenate([self._history, levels]))
        phrase = _first_phrase(samples, self._rate, levels > threshold, levels, ended)
        passed = round(len(phrase.samples) / (self._rate * _HOP))
        self._history = np.concatenate([self._history, levels[:passed]])[-_HISTORY:]
        return phrase


def _first_phrase(samples: Samples, rate: int, loud: Mask, levels: Doubles, ended: bool) -> Phrase:
    hop, margin = rate * _HOP, round(MARGIN / _HOP)
    sounds = np.flatnonzero(loud)
    if not len(sounds):
        return Phrase(samples, is_pause=True)
    begin = int(sounds[0]) - margin
    if begin > margin:
        return Phrase(samples[: round(begin * hop)], is_pause=True)
    # The first pause that is long enough.
    gaps = np.diff(sounds)
    long_enough = (gaps * _HOP >= MIN_PAUSE) & ((sounds[1:] - sounds[0]) * _HOP >= _MIN_SECONDS)
    ends = sounds[:-1][long_enough]
    last = int(ends[0]) if len(ends) else int(sounds[-1])
    trailing = len(levels) - 1 - last
    if len(ends) or trailing * _HOP >= MIN_PAUSE:
        return Phrase(samples[: round((last + 1 + margin) * hop)], is_pause=False)
    if ended:
        return Phrase(samples, is_pause=False)
    # Speech without a pause: cut at the quietest moment of the length of a stop consonant.
    smooth = np.convolve(10 ** (levels / 10), np.ones(5) / 5, "same")
    first = min(round(_EARLIEST_CUT / _HOP), len(levels) - 6)
    place = first + int(smooth[first:-5].argmin())
    return Phrase(samples[: round((place + 0.5) * hop)], is_pause=False, cut=True)


def _levels(samples: Samples, rate: int) -> Doubles:
    """Measures the level in decibels every 10 ms."""
    mono = samples.mean(axis=1)
    mono = mono - mono.mean()
    count = max(1, int(len(mono) / (rate * _HOP)))
    starts = np.minimum(np.round(np.arange(count) * rate * _HOP), len(mono) - 1).astype(np.intp)
    sums = np.add.reduceat(np.square(mono, dtype=np.float64), starts)
    sizes = np.diff(np.append(starts, len(mono)))
    levels: Doubles = 10 * np.log10(np.maximum(sums / np.maximum(sizes, 1), 1e-12))
    return levels


def _threshold(levels: Doubles) -> float:
    """Computes the level that separates pauses from sound."""
    soft, strong = np.percentile(levels, [5, 95])
    threshold = soft + _THRESHOLD * (strong - soft)
    return float(max(threshold, levels.max() - _RANGE, _SILENCE_DB))
