"""Another pitch and another timing for the same waveform (TD-PSOLA)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles, Vector
from ser.conversion.pitch_marks import Epochs

# Between samples there are this many places that a grain can be put to, at 16 kHz: without them,
# rounding is a jitter that makes the upper harmonics hoarse.
_FINE_HZ = 128_000
# Samples to either side that a value between two is made from.
_TAPS = 24

# Seconds that noise may be early or late before it is looked for where it belongs.
_REACH = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Grains:
    """Which parts of a waveform come where; the same for all channels.

    Attributes:
        sources: The middle of each in the source, in samples, shape (grains,).
        targets: In the output, strictly rising, shape (grains,).
        rises: Samples over which each fades in before its middle, shape (grains,).
        falls: And out behind it, shape (grains,).
        alike: How much each goes on as the one before it does, 0 to 1, shape (grains,): of what is
            alike amplitudes add up while they cross, and of other sounds powers do.
        count: Samples of the output.
    """

    sources: Doubles
    targets: Doubles
    rises: Doubles
    falls: Doubles
    alike: Doubles
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
    # The fraction of a sample that is left goes where most is changed.
    weight = np.concatenate([[0.0], np.cumsum(np.diff(source) * np.abs(more[1:] + more[:-1]))])
    if weight[-1]:
        added += (np.round(added[-1]) - added[-1]) * weight / weight[-1]
    return TimeMap(source, source + added)


def plan(samples: Vector, rate: int, epochs: Epochs, ratio: Doubles, times: TimeMap) -> Grains:
    """Says which grains come where.

    Of a voice, each place takes the period that is nearest in time. Where there is none, grains go
    on in the source as they follow each other in the output, for as long as that is about where
    they belong, and then go back or ahead to the place that sounds most like going on (as in WSOLA:
    Verhelst and Roelands, ICASSP 1993). So noise is repeated seldom, and never evenly, which would
    be heard as a tone.

    Args:
        samples: The source, shape (samples,).
        rate: Hertz.
        epochs: Its marks.
        ratio: What the pitch is multiplied with at each mark, shape (marks,).
        times: When everything comes.
    """
    marks, voiced = epochs.places, epochs.voiced
    gap = np.diff(marks)
    inner = voiced[1:] & voiced[:-1]
    speed = np.where(inner, np.sqrt(ratio[1:] * ratio[:-1]), 1.0)
    stretch = np.diff(times.forward(marks)) / gap
    # How many periods of the output there are up to each mark. The first and the last grain stay
    # with the ends.
    periods = np.concatenate([[0.0], np.cumsum(speed * stretch)])
    whole = max(1, round(periods[-1]))
    numbers = np.arange(whole + 1) * (periods[-1] / whole)
    position = np.interp(numbers, periods, np.arange(len(marks)))
    behind = np.minimum(position.astype(np.intp), len(gap) - 1)
    nearest = behind + (position - behind >= 0.5)
    places = np.interp(numbers, periods, marks)
    targets = times.forward(places)
    own = voiced[nearest]
    moved = targets - places
    # Where nothing is stretched, and the way is whole samples, they are copied.
    still = (np.abs(stretch[behind] - 1) < 1e-9) & (np.abs(moved - np.round(moved)) < 1e-6)
    still[[0, -1]] = True
    sources = np.where(own, marks[nearest], places)
    alike = _unvoiced(samples, rate, sources, targets, own, still)
    step = np.diff(targets)
    both = own[1:] & own[:-1]
    before, after = np.append(gap[:1], gap)[nearest], np.append(gap, gap[-1:])[nearest]
    falls = np.where(both, _width(after[:-1], step), step)
    rises = np.where(both, _width(before[1:], step), step)
    return Grains(
        sources, targets, np.append(1.0, rises), np.append(falls, 1.0), alike, times.count
    )


def _unvoiced(
    samples: Vector,
    rate: int,
    sources: Doubles,
    targets: Doubles,
    own: npt.NDArray[np.bool_],
    still: npt.NDArray[np.bool_],
) -> Doubles:
    """Decides where grains without a voice come from, in `sources`.

    Returns:
        How much each is like what would have followed the one before it, 0 to 1.
    """
    alike = np.ones(len(sources))
    reach = _REACH * rate
    joins = ~(own[1:] & own[:-1]) & (np.abs(np.diff(targets) - np.diff(sources)) > 1e-6)
    following = False
    for k in range(1, len(sources)):
        if own[k] and own[k - 1]:
            following = False
            continue
        if not following and not joins[k - 1]:
            continue
        # What comes before this grain is not where it belongs, or this one is not.
        step = targets[k] - targets[k - 1]
        on = sources[k - 1] + step
        fixed = own[k] or still[k]
        if not fixed and abs(on - sources[k]) <= reach:
            sources[k] = on
            following = True
            continue
        if not fixed:
            sources[k] = _most_alike(samples, on, sources[k], step, reach)
        following = not fixed
        alike[k] = _likeness(samples, sources[k], on, step)
    return alike


def _most_alike(samples: Vector, on: float, place: float, step: float, reach: float) -> float:
    """Finds where around a place it sounds most like what ends at `on`."""
    size = max(2, round(step))
    wanted = samples[max(0, round(on) - size) : round(on)]
    first, last = max(size, round(place - reach)), min(len(samples), round(place + reach))
    if len(wanted) < size or last <= first:
        return place
    searched = samples[first - size : last]
    energy = np.concatenate([[0.0], np.cumsum(np.square(searched, dtype=np.float64))])
    energy = energy[size:] - energy[:-size]
    score = np.correlate(searched, wanted, "valid") / np.sqrt(energy + 1e-12 + 1e-3 * energy.max())
    best = int(score.argmax())
    # By as much as `on` lies between samples.
    return first + best + (on - round(on))


def _likeness(samples: Vector, one: float, other: float, step: float) -> float:
    """Correlates what ends at two places, 0 to 1."""
    size = max(2, round(step))
    ends = round(one), round(other)
    if min(ends) < size or max(ends) > len(samples):
        return 0.0
    a, b = (samples[end - size : end].astype(np.float64) for end in ends)
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-20), 0, 1))


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
    likeness = np.where(
        early, np.repeat(grains.alike, sizes), np.repeat(np.append(grains.alike[1:], 1.0), sizes)
    )
    window = np.cos(0.5 * np.pi * np.minimum(np.abs(distance) / width, 1)) ** 2
    # The power of the sum of two that cross, where each alone has a power of 1.
    unlike = likeness < 1
    w = window[unlike]
    window[unlike] = w / np.sqrt(1 - 2 * (1 - likeness[unlike]) * w * (1 - w))
    shift = np.round((grains.sources - grains.targets) * fine).astype(np.intp)
    read = np.clip(output * fine + np.repeat(shift, sizes), 0, len(between) - 1)
    result = np.bincount(output, window * between[read], minlength=grains.count)
    return result.astype(np.float32)


def _between(samples: Vector, fine: int) -> Vector:
    """Gives the samples with `fine` - 1 more between each two."""
    result = np.empty((len(samples), fine), np.float32)
    result[:, 0] = samples
    places = np.arange(-_TAPS, _TAPS + 1)
    for step in range(1, fine):
        way = places - step / fine
        taps = np.sinc(way) * np.cos(0.5 * np.pi * way / (_TAPS + 1)) ** 2
        longer = np.convolve(samples, taps.astype(np.float32)[::-1])
        result[:, step] = longer[_TAPS : _TAPS + len(samples)]
    return result.ravel()
