"""Pitch marks: one per period of voiced speech, where most of the period's energy is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Mask, Vector
from ser.conversion.contours import HOP, Contours

SPACING = 0.006
"""Seconds between marks in unvoiced parts."""

# Unvoiced gaps of so many frames are bridged.
_MAX_GAP = 2
# The next mark is searched in this range, in periods of the F0 contour.
_MIN_PERIODS, _MAX_PERIODS = 0.7, 1.4
# Penalty on the correlation for deviating from the contour's period, per squared logarithm.
_DEVIATION_PENALTY = 3.0
# Voicing goes on beyond the contour, whose estimate needs several periods: marks continue for up to
# so many frames, while periods have this correlation and this share of the loudest power.
_EXTENSION, _MIN_CORRELATION, _MIN_POWER = 8, 0.7, 1e-3
# Frames at either end of a phrase that get no marks of a voice.
_MARGIN = 3
# Weight of the last period in the template; the rest is that of the periods before it.
_TEMPLATE_UPDATE = 0.5
# Seconds over which the position of the energy within periods is averaged: it moves with the
# formants, and marks that follow it slowly stay as regular as the periods are.
_ENERGY_WINDOW = 0.060
# Weight of the mean position of the energy over the phrase.
_MEAN_WEIGHT = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class PitchMarks:
    """Pitch marks of a phrase, from its first sample to its end.

    Attributes:
        places: In fractional samples; strictly rising, the first 0, the last the number of samples;
            shape (marks,).
        voiced: Which marks belong to a period of voiced speech, shape (marks,). Never the first or
            the last.
    """

    places: Doubles
    voiced: Mask


def find_pitch_marks(samples: Vector, rate: int, contours: Contours) -> PitchMarks:
    """Places a mark in each period of voiced speech.

    From the loudest place of a voiced region in both directions, the next mark is where the
    waveform correlates best with the last periods, about one period of the F0 contour away. Then
    all marks are moved, by slowly varying amounts, to where the energy of the periods is, which
    should be in the middle of grains of two periods (Moulines and Charpentier, "Pitch-synchronous
    waveform processing techniques for text-to-speech synthesis using diphones", Speech
    Communication 9, 1990).

    Args:
        samples: Mono, shape (samples,).
        rate: Their rate in hertz.
        contours: Of the phrase.

    Returns:
        Marks, `SPACING` apart in unvoiced parts.
    """
    count = len(samples)
    hop = rate * HOP
    periods = rate / 2 ** (contours.pitch.astype(np.float64) / 12)
    regions = _voiced_regions(contours.voiced, hop, count)
    # The ends of a phrase stay as they are, so that other phrases can be joined to it.
    margin = _MARGIN * hop
    before, runs = margin, []
    for number, (start, stop) in enumerate(regions):
        behind = regions[number + 1][0] if number + 1 < len(regions) else count - margin
        run = _track_region(samples, start, stop, (before, behind), periods, hop)
        before = max(
            float(run[-1]) + float(np.interp(stop / hop, _indices(periods), periods)), margin
        )
        if len(run) > 1:
            runs.append(run)
    return _fill_unvoiced(_center_on_energy(samples, rate, runs), rate, count)


def _voiced_regions(voiced: Mask, hop: float, count: int) -> list[tuple[int, int]]:
    """Finds voiced regions, as first sample and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]])))
    inner = edges[1:-1].reshape(-1, 2)
    bridged = np.repeat(inner[:, 1] - inner[:, 0] <= _MAX_GAP, 2)
    edges = np.concatenate([edges[:1], edges[1:-1][~bridged], edges[-1:]])
    # Frames reach half a hop to either side.
    places = np.clip(np.round((edges - 0.5) * hop), 0, count).astype(np.intp)
    return [(int(a), int(b)) for a, b in places.reshape(-1, 2)]


def _track_region(
    x: Vector,
    start: int,
    stop: int,
    limits: tuple[float, float],
    periods: Doubles,
    hop: float,
) -> Doubles:
    """Tracks periods from the loudest frame of a region in both directions, within limits."""
    steps = np.arange(start, stop, max(1, round(hop)))
    energy = np.add.reduceat(np.square(x[start:stop]), steps - start)
    middle = float(min(steps[int(energy.argmax())] + hop / 2, stop - 1))
    min_power = _MIN_POWER * float(energy.max()) / hop
    extension = _EXTENSION * hop
    last = max(float(stop), min(limits[1], stop + extension))
    first = min(float(start), max(limits[0], start - extension))
    marks = [middle, *_track_periods(x, middle, stop, last, min_power, periods, hop)]
    # To the left likewise, on the reversed waveform.
    size = len(x)
    earlier = _track_periods(
        x[::-1], size - middle, size - start, size - first, min_power, periods, -hop
    )
    return np.array([*(size - np.array(earlier[::-1])), *marks])


def _track_periods(
    x: Vector,
    place: float,
    stop: float,
    last: float,
    min_power: float,
    periods: Doubles,
    hop: float,
) -> list[float]:
    """Finds the marks of the following periods up to `stop`, and up to `last` while they correlate.

    Args:
        x: The waveform.
        place: The mark to start from.
        stop: End of the voiced region in the contour.
        last: Where marks must end.
        min_power: Least mean square of a period behind `stop`.
        periods: In samples, of each frame.
        hop: Samples per frame; negative where the waveform is reversed.
    """
    marks: list[float] = []
    previous: Vector | None = None
    while True:
        frame = place / hop if hop > 0 else (len(x) - place) / -hop
        period = float(np.interp(frame, _indices(periods), periods))
        half = max(2, round(period / 2))
        here = round(place)
        first, searching = (
            here + round(_MIN_PERIODS * period),
            round((_MAX_PERIODS - _MIN_PERIODS) * period),
        )
        if here < half or first + searching + half > len(x):
            return marks
        template = x[here - half : here + half]
        if previous is not None:
            older = _crop_or_pad(previous, 2 * half)
            template = _TEMPLATE_UPDATE * template + (1 - _TEMPLATE_UPDATE) * older
        previous = template
        searched = x[first - half : first + searching + half]
        energy = np.concatenate([[0.0], np.cumsum(np.square(searched, dtype=np.float64))])
        energy = energy[2 * half :] - energy[: -2 * half]
        norm = np.sqrt(energy * float(template @ template)) + 1e-12
        correlation = np.correlate(searched, template, "valid") / norm
        lags = np.arange(first, first + searching + 1) - place
        score = correlation - _DEVIATION_PENALTY * np.log(lags / period) ** 2
        best = int(score.argmax())
        place += first + best + _parabolic_offset(score, best) - here
        weak = correlation[best] < _MIN_CORRELATION or energy[best] < 2 * half * min_power
        if place >= last or (place >= stop and weak):
            return marks
        marks.append(place)


def _indices(values: Doubles) -> Doubles:
    return np.arange(len(values), dtype=np.float64)


def _crop_or_pad(piece: Vector, size: int) -> Vector:
    """Cuts or pads a piece symmetrically to a size."""
    more = (size - len(piece)) // 2
    return piece[-more : len(piece) + more] if more < 0 else np.pad(piece, more)


def _parabolic_offset(values: Doubles, best: int) -> float:
    """Computes the offset of a peak from its sample, by parabolic interpolation."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, middle, after = values[best - 1 : best + 2]
    curvature = before - 2 * middle + after
    return float(0.5 * (before - after) / curvature) if curvature < 0 else 0.0


def _center_on_energy(x: Vector, rate: int, runs: list[Doubles]) -> list[Doubles]:
    """Moves marks to where the energy of the periods is."""
    if not runs:
        return []
    # The phase in cycles at each sample, a whole number at the marks.
    marks = np.concatenate(runs)
    phase = np.interp(np.arange(len(x)), marks, np.arange(len(marks)))
    half = max(1, round(_ENERGY_WINDOW * rate / 2))
    inside = np.zeros(len(x))
    for run in runs:
        inside[max(0, round(run[0])) : max(0, round(run[-1])) + 1] = 1
    # Circular mean: the angle of the energy-weighted sum of phasors is its position in the period.
    phasors = np.square(x, dtype=np.float64) * inside * np.exp(-2j * np.pi * phase)
    phasors, window = np.pad(phasors, half), np.hanning(2 * half + 1)
    energy = np.abs(phasors)
    result = []
    for run in runs:
        starts = np.clip(np.round(run).astype(np.intp), 0, len(x) - 1)
        parts = [slice(start, start + len(window)) for start in starts]
        local = np.array([window @ phasors[part] for part in parts])
        power = np.array([window @ energy[part] for part in parts])
        # A voice with a single harmonic has its energy everywhere: the mean keeps its marks steady.
        mean = local.sum()
        local += _MEAN_WEIGHT * power * mean / max(abs(mean), 1e-30)
        cycles = -np.unwrap(np.angle(local)) / (2 * np.pi)
        numbers = np.arange(len(run))
        # Move by whole periods, to stay as near to the old places as possible.
        cycles -= np.round(np.median(cycles))
        moved = np.interp(numbers + cycles, numbers, run)
        ends = np.clip(numbers + cycles, 0, numbers[-1])
        moved += (numbers + cycles - ends) * np.gradient(run)
        result.append(moved[(np.diff(moved, prepend=-np.inf) > 1) & (moved > 0)])
    return result


def _fill_unvoiced(runs: list[Doubles], rate: int, count: int) -> PitchMarks:
    """Adds evenly spaced marks in unvoiced parts."""
    places: list[Doubles] = [np.zeros(1)]
    voiced = [np.zeros(1, np.bool_)]
    for marks in [*runs, np.array([float(count)])]:
        last = float(places[-1][-1])
        following = marks[(marks > last + 1) & (marks <= count)]
        if not len(following):
            continue
        between = max(1, round((following[0] - last) / (SPACING * rate)))
        # Whole samples, so that unchanged parts are copied exactly.
        even = np.round(np.linspace(last, following[0], between + 1, dtype=np.float64)[1:-1])
        places += [even, following]
        voiced += [np.zeros(len(even), np.bool_), np.ones(len(following), np.bool_)]
    result, flags = np.concatenate(places), np.concatenate(voiced)
    if result[-1] != count:
        result, flags = np.append(result, float(count)), np.append(flags, np.False_)
    flags[-1] = False
    return PitchMarks(result, flags)
