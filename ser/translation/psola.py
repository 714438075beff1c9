"""Another pitch and another timing for the same waveform (TD-PSOLA)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.translation.epochs import SPACING, Epochs

Vector = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]

# Between samples there are this many places that a grain can be put to, at 16 kHz: without them,
# rounding is a jitter that makes the upper harmonics hoarse.
_FINE_HZ = 128_000


@dataclass(frozen=True, slots=True, eq=False)
class Grains:
    """Which parts of a waveform come where; the same for all channels.

    Attributes:
        sources: The middle of each in the source, in samples, shape (grains,).
        targets: In the output, strictly rising, shape (grains,).
        rises: Samples over which each fades in before its middle, shape (grains,).
        falls: And out behind it, shape (grains,).
        alike: Whether each goes on as the one before it does, so that amplitudes and not powers
            add up while they cross, shape (grains,).
        count: Samples of the output.
    """

    sources: Doubles
    targets: Doubles
    rises: Doubles
    falls: Doubles
    alike: npt.NDArray[np.bool_]
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class TimeMap:
    """When each sample of a phrase comes in the output.

    Attributes:
        source: Samples, rising, shape (points,).
        target: Samples, rising, shape (points,).
    """

    source: Doubles
    target: Doubles

    @property
    def count(self) -> int:
        """Samples of the output."""
        return round(float(self.target[-1]))

    def forward(self, places: Doubles) -> Doubles:
        """From the source to the output."""
        return np.interp(places, self.source, self.target)

    def backward(self, places: Doubles) -> Doubles:
        """From the output to the source."""
        return np.interp(places, self.target, self.source)


def time_map(stretch: Vector, hop: float, count: int) -> TimeMap:
    """Adds up how much longer everything becomes.

    Args:
        stretch: How many times as long each frame becomes, shape (frames,).
        hop: Samples from one frame's middle to the next, need not be whole.
        count: Samples of the phrase.

    Returns:
        A map whose output has a whole number of samples. Where nothing is stretched behind the last
        change, it moves by whole samples.
    """
    inside = np.arange(len(stretch)) * hop
    source = np.concatenate([[0.0], inside[(inside > 0) & (inside < count)], [float(count)]])
    more = np.interp(source, inside, stretch.astype(np.float64) - 1)
    added = np.concatenate([[0.0], np.cumsum(np.diff(source) * (more[1:] + more[:-1]) / 2)])
    wanted = round(added[-1])
    if abs(added[-1]) > 0.5:
        added *= wanted / added[-1]
    elif added.any():
        # Longer here and shorter there: what is left goes where most is changed.
        weight = np.concatenate([[0.0], np.cumsum(np.diff(source) * np.abs(more[1:] + more[:-1]))])
        added += (wanted - added[-1]) * weight / weight[-1]
    return TimeMap(source, source + added)


def plan(
    epochs: Epochs, ratio: Doubles, times: TimeMap, rate: int, rng: np.random.Generator
) -> Grains:
    """Says which grains come where.

    Args:
        epochs: Marks of the source.
        ratio: What the pitch is multiplied with at each mark, shape (marks,).
        times: When everything comes.
        rate: Hertz.
        rng: Where noise is stretched, its grains are taken from about where they belong, by chance:
            the same one twice would be heard as a tone.
    """
    marks, voiced = epochs.places, epochs.voiced
    moved = times.forward(marks)
    inner = voiced[1:] & voiced[:-1]
    gap = np.diff(marks)
    speed = np.where(inner, np.sqrt(ratio[1:] * ratio[:-1]), 1.0)
    stretch = np.diff(moved) / gap
    # How many periods of the output there are up to each mark. The first and the last grain stay
    # with the ends.
    periods = np.concatenate([[0.0], np.cumsum(speed * stretch)])
    whole = max(1, round(periods[-1]))
    numbers = np.arange(whole + 1) * (periods[-1] / whole)
    places = np.interp(numbers, periods, marks)
    targets = times.forward(places)
    behind = np.clip(np.searchsorted(marks, places, "right") - 1, 0, len(marks) - 2)
    nearest = behind + (np.interp(numbers, periods, np.arange(len(marks))) - behind >= 0.5)
    own = voiced[nearest]
    sources = np.where(own, marks[nearest], places)
    # Noise.
    changed = np.abs(stretch[behind] - 1)
    scatter = np.where(own, 0.0, np.clip(4 * changed, 0, 1) * 0.5 * SPACING * rate)
    scatter[[0, -1]] = 0
    sources = sources + scatter * rng.uniform(-1, 1, len(sources))
    step = np.diff(targets)
    both = own[1:] & own[:-1]
    periods_before = np.concatenate([gap[:1], gap])[nearest]
    periods_behind = np.concatenate([gap, gap[-1:]])[nearest]
    falls = np.where(both, _width(periods_behind[:-1], step), step)
    rises = np.where(both, _width(periods_before[1:], step), step)
    alike = both | (np.abs(np.diff(targets - sources)) < 0.01)
    return Grains(
        sources,
        targets,
        np.concatenate([[1.0], rises]),
        np.concatenate([falls, [1.0]]),
        np.concatenate([[True], alike]),
        times.count,
    )


def _width(period: Doubles, step: Doubles) -> Doubles:
    """Says how far a grain reaches, between its own period and the one it is put at.

    As far as its own period, it has its neighbours' pulses at its ends, which are heard where it is
    put closer to others; as far as the new one, its spectrum is blurred, or smeared over a pulse of
    the neighbours. Measured on the envelope and on harmonics to noise of 22 clips, at -8 to 12
    semitones.
    """
    width: Doubles = np.where(step > period, np.sqrt(period * step), period**0.25 * step**0.75)
    return width


def overlapped(samples: Vector, grains: Grains, rate: int) -> Vector:
    """Puts grains together.

    Args:
        samples: One channel, shape (samples,).
        grains: Which come where.
        rate: Hertz.

    Returns:
        Shape (grains.count,).
    """
    fine = max(1, round(_FINE_HZ / rate))
    between = _between(samples, fine)
    first = np.ceil(grains.targets - grains.rises).astype(np.intp)
    last = np.floor(grains.targets + grains.falls).astype(np.intp)
    first, last = np.maximum(first, 0), np.minimum(last, grains.count - 1)
    sizes = np.maximum(last - first + 1, 0)
    total = int(sizes.sum())
    starts = np.cumsum(sizes) - sizes
    output = np.repeat(first - starts, sizes) + np.arange(total)
    offset = np.repeat(grains.targets, sizes)
    distance = output - offset
    early = distance < 0
    width = np.where(early, np.repeat(grains.rises, sizes), np.repeat(grains.falls, sizes))
    joined = np.where(
        early,
        np.repeat(grains.alike, sizes),
        np.repeat(np.concatenate([grains.alike[1:], [True]]), sizes),
    )
    window = np.cos(0.5 * np.pi * np.minimum(np.abs(distance) / width, 1))
    window = np.where(joined, window * window, window)
    shift = np.round((grains.sources - grains.targets) * fine).astype(np.intp)
    read = np.clip(output * fine + np.repeat(shift, sizes), 0, len(between) - 1)
    result = np.bincount(output, window * between[read], minlength=grains.count)
    return result.astype(np.float32)


def _between(samples: Vector, fine: int) -> Vector:
    """Gives the samples with `fine` - 1 more between each two."""
    if fine == 1:
        return samples
    from scipy.signal import resample_poly

    result: Vector = resample_poly(samples, fine, 1).astype(np.float32)
    result[::fine] = samples
    return result
