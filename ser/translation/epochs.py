"""Pitch marks: one for each period of a voice, where most of its energy is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.translation.contours import HOP, Contours

Vector = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

SPACING = 0.006
"""Seconds between marks where there is no voice."""

# Gaps of so many frames in a voice are only doubt about it.
_BRIDGED = 2
# Where the next period is looked for, in periods of the contour.
_NEAREST, _FARTHEST = 0.7, 1.4
# What it costs in correlation to be farther from the contour's period, per squared logarithm.
_STRAY = 3.0
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
    chains = [
        _chain(samples, start, stop, periods, hop)
        for start, stop in _stretches(contours.voiced, hop, count)
    ]
    chains = [chain for chain in chains if len(chain) > 1]
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


def _chain(x: Vector, start: int, stop: int, periods: Doubles, hop: float) -> Doubles:
    """Goes from period to period, from the loudest frame to both ends."""
    steps = np.arange(start, stop, max(1, round(hop)))
    energy = np.add.reduceat(np.square(x[start:stop]), steps - start)
    middle = float(min(steps[int(energy.argmax())] + hop / 2, stop - 1))
    marks = [middle, *_followed(x, middle, start, stop, periods, hop, 1)]
    before = _followed(x, middle, start, stop, periods, hop, -1)
    return np.array([*before[::-1], *marks])


def _followed(
    x: Vector, place: float, start: int, stop: int, periods: Doubles, hop: float, way: int
) -> list[float]:
    """Finds the next periods to one side (`way` 1 or -1) as long as they are inside."""
    marks: list[float] = []
    kept: Vector | None = None
    while True:
        period = float(np.interp(place / hop, np.arange(len(periods)), periods))
        half = max(2, round(period / 2))
        here = round(place)
        near, far = round(_NEAREST * period), round(_FARTHEST * period)
        first = here + (near if way > 0 else -far)
        if here - half < 0 or here + half > len(x):
            return marks
        if first - half < 0 or first + (far - near) + half > len(x):
            return marks
        last = x[here - half : here + half]
        if kept is not None:
            last = _LAST * last + (1 - _LAST) * _fitted(kept, 2 * half)
        kept = last
        searched = x[first - half : first + far - near + half]
        lags = np.abs(np.arange(first, first + far - near + 1) - place)
        likeness = np.correlate(searched, last, "valid")
        energy = np.concatenate([[0.0], np.cumsum(np.square(searched, dtype=np.float64))])
        energy = energy[2 * half :] - energy[: -2 * half]
        size = np.sqrt(energy * float(last @ last)) + 1e-12
        score = likeness / size - _STRAY * np.log(lags / period) ** 2
        best = int(score.argmax())
        place = first + best + _vertex(score, best) + (place - here)
        if not start <= place < stop:
            return marks
        marks.append(place)


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
    turned = np.square(x, dtype=np.float64) * np.exp(-2j * np.pi * phase)
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
