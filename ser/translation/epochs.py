"""Pitch marks: one for each period of a voice, where most of its energy is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.translation.contours import HOP, Contours

Vector = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SPACING = 0.006
"""Seconds between marks where there is no voice."""

# Periods of the lowest voice of a phrase that the phase of a period is averaged over.
_PERIODS = 2.5
_SHORTEST, _LONGEST = 0.010, 0.045
# Seconds over which it is averaged where in a period the energy is: it moves with the formants, and
# marks that follow slowly stay as even as the periods are.
_ENERGY = 0.060
# A fundamental with less of a voice's power than this was cut off by a telephone.
_LOST = 0.003


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """Marks along a phrase, from its first sample to its end.

    Attributes:
        places: In samples, not whole ones; strictly rising, the first 0, the last the number of
            samples; shape (marks,).
        voiced: Which marks are a period's, shape (marks,). Never the first or the last.
    """

    places: Doubles
    voiced: npt.NDArray[np.bool_]


def epochs_of(samples: Vector, rate: int, contours: Contours) -> Epochs:
    """Puts a mark into each period.

    The phase of a voice is that of its fundamental: the waveform, turned back by the phase that the
    pitch contour makes, and averaged over some periods, says how far that phase is off. So each
    period has one mark, and the distances between them are as even as the periods, without any
    search for peaks. Where in the period the marks lie is decided by its energy, which windows of
    two periods should have in their middle (Moulines and Charpentier, "Pitch-synchronous waveform
    processing techniques for text-to-speech synthesis using diphones", Speech Communication 9,
    1990).

    Args:
        samples: Mono, shape (samples,).
        rate: Their rate in hertz.
        contours: What is known of the phrase.

    Returns:
        Marks, evenly `SPACING` apart where there is no voice.
    """
    count = len(samples)
    stretches = _stretches(contours.voiced, rate, count)
    groups: list[tuple[Doubles, bool]] = []
    if stretches:
        phase = _phase(samples.astype(np.float64), rate, contours, stretches)
        for start, stop in stretches:
            groups.append((_crossings(phase[start:stop]) + start, True))
    return _joined(groups, rate, count)


def _stretches(voiced: npt.NDArray[np.bool_], rate: int, count: int) -> list[tuple[int, int]]:
    """Finds where there is a voice: samples from, to."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]])))
    # Frames reach half a step to either side.
    places = np.clip(np.round((edges - 0.5) * HOP * rate), 0, count).astype(np.intp)
    pairs = places.reshape(-1, 2)
    return [(int(a), int(b)) for a, b in pairs if b - a > 1]


def _phase(x: Doubles, rate: int, contours: Contours, stretches: list[tuple[int, int]]) -> Doubles:
    """Gives the phase of the voice in cycles, whole where its energy is, at each sample."""
    times = np.arange(len(x)) / (rate * HOP)
    hertz = 2 ** (np.interp(times, np.arange(len(contours)), contours.pitch) / 12)
    cycles = np.cumsum(hertz) / rate
    lowest = float(np.percentile(hertz[stretches[0][0] : stretches[-1][1]], 2))
    width = float(np.clip(_PERIODS / lowest, _SHORTEST, _LONGEST))
    turned = x * np.exp(-2j * np.pi * cycles)
    around = _averaged(turned, width * rate)
    squares = np.square(x)
    power = _averaged(squares, 2 * width * rate)
    by_energy = _averaged(squares * np.exp(-2j * np.pi * cycles), width * rate)
    phase = cycles.copy()
    for start, stop in stretches:
        part = slice(start, stop)
        fundamental = 2 * np.abs(around[part]) ** 2
        lost = fundamental.mean() < _LOST * power[part].mean()
        drift = by_energy[part] if lost else around[part]
        phase[part] += np.unwrap(np.angle(drift)) / (2 * np.pi)
    # How the energy lies in those periods.
    middle = _averaged(squares * np.exp(-2j * np.pi * phase), _ENERGY * rate)
    for start, stop in stretches:
        part = slice(start, stop)
        phase[part] += np.unwrap(np.angle(middle[part])) / (2 * np.pi)
    return phase


def _averaged(values: npt.NDArray[Any], width: float) -> npt.NDArray[Any]:
    """Averages over a Hann window of `width` samples, centred."""
    from scipy.signal import oaconvolve

    half = max(1, round(width / 2))
    window = np.hanning(2 * half + 1)
    result: npt.NDArray[Any] = oaconvolve(values, window / window.sum(), "same")
    return result


def _crossings(phase: Doubles) -> Doubles:
    """Finds where a phase in cycles passes whole numbers for the first time, in samples."""
    rising = np.maximum.accumulate(phase)
    numbers = np.arange(np.ceil(rising[0]), np.floor(rising[-1]) + 1)
    # Where the phase goes back a little it stands still here, and one place is as good as another.
    rising = rising + 1e-9 * np.arange(len(rising))
    return np.interp(numbers, rising, np.arange(len(rising)))


def _joined(groups: list[tuple[Doubles, bool]], rate: int, count: int) -> Epochs:
    """Fills what is between voices with even marks."""
    space = SPACING * rate
    places: list[Doubles] = [np.zeros(1)]
    voiced = [np.zeros(1, np.bool_)]
    for marks, _ in [*groups, (np.array([float(count)]), False)]:
        if not len(marks):
            continue
        last = places[-1][-1]
        marks = marks[marks > last + 1]
        if not len(marks):
            continue
        between = max(1, round((marks[0] - last) / space))
        # Whole samples, so that what is not changed is copied as it is.
        even = np.round(np.linspace(last, marks[0], between + 1, dtype=np.float64)[1:-1])
        places += [even, marks]
        voiced += [np.zeros(len(even), np.bool_), np.ones(len(marks), np.bool_)]
    result, flags = np.concatenate(places), np.concatenate(voiced)
    flags[-1] = False
    if result[-1] != count:
        result, flags = np.append(result, float(count)), np.append(flags, np.False_)
    return Epochs(result, flags)
