"""A recording of any length, cut into phrases at its pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles, Samples

LONGEST = 12.0
"""Seconds of a phrase, at most: what is held in memory."""

PAUSE = 0.3
"""Seconds of quiet that separate phrases."""

MARGIN = 0.15
"""Seconds of quiet that stay with a phrase at either end."""

# A word by itself; shorter phrases are kept together with what follows.
_SHORTEST = 1.0
# Where there is no pause, the quietest place is looked for from here on.
_EARLIEST = 5.0
_STEP = 0.01
# Of the way from the quiet to the loud parts, in decibels, what is quiet; and what is in any case.
_PART = 0.25
_RANGE = 50.0
_SILENT = -90.0
# Steps of 10 ms that levels are compared with: half a minute.
_REMEMBERED = 3000


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A phrase, or what is between two.

    Attributes:
        samples: Shape (samples, channels).
        quiet: Whether there is nothing but quiet in it.
        cut: Whether it ends in the middle of sound, because that went on for too long.
    """

    samples: Samples
    quiet: bool
    cut: bool = False


def pieces(blocks: Iterable[Samples], rate: int) -> Iterator[Piece]:
    """Cuts a stream at its pauses, in constant memory.

    Args:
        blocks: Of shape (samples, channels), of any lengths.
        rate: Hertz.

    Yields:
        All samples, in their order; phrases have at most `LONGEST` seconds, and so have pauses.
    """
    held: list[Samples] = []
    count, full = 0, round(LONGEST * rate)
    cutter = _Cutter(rate)
    for block in blocks:
        held.append(block)
        count += len(block)
        while count >= full:
            rest = held[0] if len(held) == 1 else np.concatenate(held)
            piece = cutter.next(rest[:full])
            yield piece
            held = [rest[len(piece.samples) :]]
            count = len(held[0])
    rest = np.concatenate(held) if held else np.zeros((0, 1), np.float32)
    while len(rest):
        piece = cutter.next(rest[:full], ended=len(rest) <= full)
        yield piece
        rest = rest[len(piece.samples) :]


class _Cutter:
    """Knows how loud the recording was so far.

    Args:
        rate: Hertz.
    """

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._before = np.empty(0)

    def next(self, samples: Samples, ended: bool = False) -> Piece:
        """Takes the first phrase, or the quiet before it."""
        levels = _levels(samples, self._rate)
        threshold = _threshold(np.concatenate([self._before, levels]))
        piece = _first(samples, self._rate, levels > threshold, levels, ended)
        passed = round(len(piece.samples) / (self._rate * _STEP))
        self._before = np.concatenate([self._before, levels[:passed]])[-_REMEMBERED:]
        return piece


def _first(
    samples: Samples, rate: int, loud: npt.NDArray[np.bool_], levels: Doubles, ended: bool
) -> Piece:
    hop, margin = rate * _STEP, round(MARGIN / _STEP)
    sounds = np.flatnonzero(loud)
    if not len(sounds):
        return Piece(samples, quiet=True)
    begin = int(sounds[0]) - margin
    if begin > margin:
        return Piece(samples[: round(begin * hop)], quiet=True)
    # The first pause that is long enough.
    gaps = np.diff(sounds)
    long_enough = (gaps * _STEP >= PAUSE) & ((sounds[1:] - sounds[0]) * _STEP >= _SHORTEST)
    ends = sounds[:-1][long_enough]
    last = int(ends[0]) if len(ends) else int(sounds[-1])
    over = len(levels) - 1 - last
    if len(ends) or over * _STEP >= PAUSE:
        return Piece(samples[: round((last + 1 + margin) * hop)], quiet=False)
    if ended:
        return Piece(samples, quiet=False)
    # Speech without a pause: at the quietest moment, which is as long as a stop consonant.
    even = np.convolve(10 ** (levels / 10), np.ones(5) / 5, "same")
    first = min(round(_EARLIEST / _STEP), len(levels) - 6)
    place = first + int(even[first:-5].argmin())
    return Piece(samples[: round((place + 0.5) * hop)], quiet=False, cut=True)


def _levels(samples: Samples, rate: int) -> Doubles:
    """Measures decibels every 10 ms."""
    mono = samples.mean(axis=1)
    mono = mono - mono.mean()
    count = max(1, int(len(mono) / (rate * _STEP)))
    starts = np.minimum(np.round(np.arange(count) * rate * _STEP), len(mono) - 1).astype(np.intp)
    sums = np.add.reduceat(np.square(mono, dtype=np.float64), starts)
    sizes = np.diff(np.append(starts, len(mono)))
    levels: Doubles = 10 * np.log10(np.maximum(sums / np.maximum(sizes, 1), 1e-12))
    return levels


def _threshold(levels: Doubles) -> float:
    """Says what is quiet beside the rest."""
    soft, strong = np.percentile(levels, [5, 95])
    wanted = soft + _PART * (strong - soft)
    return float(max(wanted, levels.max() - _RANGE, _SILENT))
