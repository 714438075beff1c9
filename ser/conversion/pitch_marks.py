"""Pitch marks: one for each period of a voice, where most of its energy is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles, Vector
from ser.conversion.contours import HOP, Contours

SPACING = 0.006
"""Seconds between marks where there is no voice."""

# Gaps of so many frames in a voice are only doubt about it.
_BRIDGED = 2
# Where the next period is looked for, in periods of the contour.
_NEAREST, _FARTHEST = 0.7, 1.4
# What it costs in correlation to be farther from the contour's period, per squared logarithm.
_STRAY = 3.0
# Voices go on where the contour, which needs some periods at once, does not see them any more: for
# so many frames, as long as periods are so alike and have that part of the loudest's power. At the
# ends of a phrase so many frames are left alone.
_FARTHER, _ALIKE, _WEAKEST = 8, 0.7, 1e-3
_ENDS = 3
# How much of what is looked for is the last period; the rest are those before it.
_LAST = 0.5
# Seconds over which it is averaged where in a period the energy is: it moves with the formants, and
# marks that follow slowly stay as even as the periods are.
_ENERGY = 0.060
# How much of the energy votes for where it is in the rest of the voice.
_STEADY = 0.4


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

    From the loudest place of a voice on, the next period is where the waveform is most like the
    last ones, about as far away as the pitch contour says. Then all marks move, slowly against each
    other, to where the energy of a period is, which grains of two periods should have in their
    middle (Moulines and Charpentier, "Pitch-synchronous waveform processing techniques for
    text-to-speech synthesis using diphones", Speech Communication 9, 1990).

    Args:
        samples: Mono, shape (samples,).
        rate: Their rate in hertz.
        contours: What is known of the phrase.

    Returns:
        Marks, evenly `SPACING` apart where there is no voice.
    """
    count = len(samples)
    hop = rate * HOP
    periods = rate / 2 ** (contours.pitch.astype(np.float64) / 12)
    stretches = _stretches(contours.voiced, hop, count)
    # At its ends a phrase is what it was, so that others can be joined to it.
    ends = _ENDS * hop
    before, chains = ends, []
    for number, (start, stop) in enumerate(stretches):
        behind = stretches[number + 1][0] if number + 1 < len(stretches) else count - ends
        chain = _chain(samples, start, stop, (before, behind), periods, hop)
        before = max(
            float(chain[-1]) + float(np.interp(stop / hop, _count(periods), periods)), ends
        )
        if len(chain) > 1:
            chains.append(chain)
    return _joined(_centred(samples, rate, chains), rate, count)


def _stretches(voiced: npt.NDArray[np.bool_], hop: float, count: int) -> list[tuple[int, int]]:
    """Finds where there is a voice: samples from, to."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], voiced, [False]])))
    inner = edges[1:-1].reshape(-1, 2)
    bridged = np.repeat(inner[:, 1] - inner[:, 0] <= _BRIDGED, 2)
    edges = np.concatenate([edges[:1], edges[1:-1][~bridged], edges[-1:]])
    # Frames reach half a step to either side.
    places = np.clip(np.round((edges - 0.5) * hop), 0, count).astype(np.intp)
    return [(int(a), int(b)) for a, b in places.reshape(-1, 2)]


def _chain(
    x: Vector,
    start: int,
    stop: int,
    limits: tuple[float, float],
    periods: Doubles,
    hop: float,
) -> Doubles:
    """Goes from period to period, from the loudest frame to both ends, and on within limits."""
    steps = np.arange(start, stop, max(1, round(hop)))
    energy = np.add.reduceat(np.square(x[start:stop]), steps - start)
    middle = float(min(steps[int(energy.argmax())] + hop / 2, stop - 1))
    least = _WEAKEST * float(energy.max()) / hop
    far = _FARTHER * hop
    last = max(float(stop), min(limits[1], stop + far))
    first = min(float(start), max(limits[0], start - far))
    marks = [middle, *_followed(x, middle, stop, last, least, periods, hop)]
    # To the left it is the same, seen in a mirror.
    size = len(x)
    mirrored = _followed(x[::-1], size - middle, size - start, size - first, least, periods, -hop)
    return np.array([*(size - np.array(mirrored[::-1])), *marks])


def _followed(
    x: Vector,
    place: float,
    stop: float,
    last: float,
    least: float,
    periods: Doubles,
    hop: float,
) -> list[float]:
    """Finds the next periods as far as `stop`, and up to `last` as long as they are alike.

    Args:
        x: The waveform.
        place: Where the first one is.
        stop: Where the voice ends, as far as is known.
        last: Where the marks must end.
        least: Mean square of the weakest period behind `stop`.
        periods: In samples, of each frame.
        hop: Samples of a frame; negative where the waveform is mirrored.
    """
    marks: list[float] = []
    kept: Vector | None = None
    while True:
        frame = place / hop if hop > 0 else (len(x) - place) / -hop
        period = float(np.interp(frame, _count(periods), periods))
        half = max(2, round(period / 2))
        here = round(place)
        first, searching = here + round(_NEAREST * period), round((_FARTHEST - _NEAREST) * period)
        if here < half or first + searching + half > len(x):
            return marks
        template = x[here - half : here + half]
        if kept is not None:
            template = _LAST * template + (1 - _LAST) * _fitted(kept, 2 * half)
        kept = template
        searched = x[first - half : first + searching + half]
        energy = np.concatenate([[0.0], np.cumsum(np.square(searched, dtype=np.float64))])
        energy = energy[2 * half :] - energy[: -2 * half]
        size = np.sqrt(energy * float(template @ template)) + 1e-12
        likeness = np.correlate(searched, template, "valid") / size
        lags = np.arange(first, first + searching + 1) - place
        score = likeness - _STRAY * np.log(lags / period) ** 2
        best = int(score.argmax())
        place += first + best + _vertex(score, best) - here
        weak = likeness[best] < _ALIKE or energy[best] < 2 * half * least
        if place >= last or (place >= stop and weak):
            return marks
        marks.append(place)


def _count(values: Doubles) -> Doubles:
    return np.arange(len(values), dtype=np.float64)


def _fitted(piece: Vector, size: int) -> Vector:
    """Cuts or pads a piece around its middle."""
    more = (size - len(piece)) // 2
    return piece[-more : len(piece) + more] if more < 0 else np.pad(piece, more)


def _vertex(values: Doubles, best: int) -> float:
    """How far from its sample a peak is, by a parabola."""
    if not 0 < best < len(values) - 1:
        return 0.0
    before, middle, after = values[best - 1 : best + 2]
    curvature = before - 2 * middle + after
    return float(0.5 * (before - after) / curvature) if curvature < 0 else 0.0


def _centred(x: Vector, rate: int, chains: list[Doubles]) -> list[Doubles]:
    """Moves marks to where the energy of each period is."""
    if not chains:
        return []
    # The phase in cycles at each sample, whole at the marks.
    spots = np.concatenate(chains)
    phase = np.interp(np.arange(len(x)), spots, np.arange(len(spots)))
    half = max(1, round(_ENERGY * rate / 2))
    inside = np.zeros(len(x))
    for chain in chains:
        inside[max(0, round(chain[0])) : max(0, round(chain[-1])) + 1] = 1
    turned = np.square(x, dtype=np.float64) * inside * np.exp(-2j * np.pi * phase)
    turned, window = np.pad(turned, half), np.hanning(2 * half + 1)
    squares = np.abs(turned)
    result = []
    for chain in chains:
        starts = np.clip(np.round(chain).astype(np.intp), 0, len(x) - 1)
        parts = [slice(start, start + len(window)) for start in starts]
        around = np.array([window @ turned[part] for part in parts])
        power = np.array([window @ squares[part] for part in parts])
        # A voice of one harmonic has its energy everywhere; there the marks stay where they are.
        usual = around.sum()
        around += _STEADY * power * usual / max(abs(usual), 1e-30)
        cycles = -np.unwrap(np.angle(around)) / (2 * np.pi)
        numbers = np.arange(len(chain))
        # As near to where they were as can be.
        cycles -= np.round(np.median(cycles))
        moved = np.interp(numbers + cycles, numbers, chain)
        ends = np.clip(numbers + cycles, 0, numbers[-1])
        moved += (numbers + cycles - ends) * np.gradient(chain)
        result.append(moved[(np.diff(moved, prepend=-np.inf) > 1) & (moved > 0)])
    return result


def _joined(chains: list[Doubles], rate: int, count: int) -> Epochs:
    """Fills what is between voices with even marks."""
    places: list[Doubles] = [np.zeros(1)]
    voiced = [np.zeros(1, np.bool_)]
    for marks in [*chains, np.array([float(count)])]:
        last = float(places[-1][-1])
        following = marks[(marks > last + 1) & (marks <= count)]
        if not len(following):
            continue
        between = max(1, round((following[0] - last) / (SPACING * rate)))
        # Whole samples, so that what is not changed is copied as it is.
        even = np.round(np.linspace(last, following[0], between + 1, dtype=np.float64)[1:-1])
        places += [even, following]
        voiced += [np.zeros(len(even), np.bool_), np.ones(len(following), np.bool_)]
    result, flags = np.concatenate(places), np.concatenate(voiced)
    if result[-1] != count:
        result, flags = np.append(result, float(count)), np.append(flags, np.False_)
    flags[-1] = False
    return Epochs(result, flags)
