"""Changes of F0 and timing of a waveform (TD-PSOLA: time-domain pitch-synchronous overlap-add)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Mask, Vector
from ser.conversion.pitch_marks import PitchMarks

# Grains are placed on a grid of this rate: rounding to whole samples at 16 kHz is a jitter that
# makes the upper harmonics hoarse.
_GRID_HZ = 128_000
# Samples to either side that enter an interpolated value.
_TAPS = 24

# Seconds by which an unvoiced grain may be early or late before its source is searched anew.
_TOLERANCE = 0.005


@dataclass(frozen=True, slots=True, eq=False)
class Grains:
    """Which parts of a waveform go where; the same for all channels.

    Attributes:
        sources: The center of each grain in the source, in samples, shape (grains,).
        targets: In the output, strictly rising, shape (grains,).
        rises: Samples over which each fades in before its center, shape (grains,).
        falls: Samples over which each fades out behind it, shape (grains,).
        similarity: Correlation of each with what would have followed the grain before it, 0 to 1,
            shape (grains,). Correlated grains add up in amplitude where they overlap, others in
            power.
        count: Samples of the output.
    """

    sources: Doubles
    targets: Doubles
    rises: Doubles
    falls: Doubles
    similarity: Doubles
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class TimeMap:
    """A piecewise linear map between the times of a phrase and of the output.

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
        """Maps samples of the source to the output."""
        return np.interp(places, self.source, self.target)

    def backward(self, places: Doubles) -> Doubles:
        """Maps samples of the output to the source."""
        return np.interp(places, self.target, self.source)


def build_time_map(stretch: Vector, hop: float, count: int) -> TimeMap:
    """Integrates a stretch over time.

    Args:
        stretch: How many times as long each frame becomes, shape (frames,).
        hop: Samples from one frame's center to the next, need not be whole.
        count: Samples of the phrase.

    Returns:
        A map whose output has a whole number of samples. Unstretched parts behind the last change
        are shifted by whole samples.
    """
    centers = np.arange(len(stretch)) * hop
    source = np.concatenate([[0.0], centers[(centers > 0) & (centers < count)], [float(count)]])
    excess = np.interp(source, centers, stretch.astype(np.float64) - 1)
    added = np.concatenate([[0.0], np.cumsum(np.diff(source) * (excess[1:] + excess[:-1]) / 2)])
    # The remaining fraction of a sample goes where most is changed.
    weight = np.concatenate([[0.0], np.cumsum(np.diff(source) * np.abs(excess[1:] + excess[:-1]))])
    if weight[-1]:
        added += (np.round(added[-1]) - added[-1]) * weight / weight[-1]
    return TimeMap(source, source + added)


def plan_grains(
    samples: Vector, rate: int, marks: PitchMarks, ratio: Doubles, times: TimeMap
) -> Grains:
    """Chooses the grains of the output.

    In voiced speech, each output period takes the source period that is nearest in time. In
    unvoiced speech, grains follow each other in the source as in the output, as long as that is
    within a tolerance of the right place, and then jump to the place around it that continues the
    waveform best (as in WSOLA: Verhelst and Roelands, ICASSP 1993). So noise is repeated seldom,
    and never periodically, which would be heard as a tone.

    Args:
        samples: The source, shape (samples,).
        rate: Hertz.
        marks: Its pitch marks.
        ratio: The factor of F0 at each mark, shape (marks,).
        times: The time map.
    """
    places, voiced = marks.places, marks.voiced
    period = np.diff(places)
    voiced_period = voiced[1:] & voiced[:-1]
    speed = np.where(voiced_period, np.sqrt(ratio[1:] * ratio[:-1]), 1.0)
    stretch = np.diff(times.forward(places)) / period
    # Periods of the output up to each mark. The first and the last grain stay at the ends.
    periods = np.concatenate([[0.0], np.cumsum(speed * stretch)])
    total = max(1, round(periods[-1]))
    numbers = np.arange(total + 1) * (periods[-1] / total)
    position = np.interp(numbers, periods, np.arange(len(places)))
    before = np.minimum(position.astype(np.intp), len(period) - 1)
    nearest = before + (position - before >= 0.5)
    centers = np.interp(numbers, periods, places)
    targets = times.forward(centers)
    voiced_grain = voiced[nearest]
    shift = targets - centers
    # Unstretched parts that are shifted by whole samples are copied.
    copied = (np.abs(stretch[before] - 1) < 1e-9) & (np.abs(shift - np.round(shift)) < 1e-6)
    copied[[0, -1]] = True
    sources = np.where(voiced_grain, places[nearest], centers)
    similarity = _place_unvoiced(samples, rate, sources, targets, voiced_grain, copied)
    step = np.diff(targets)
    both = voiced_grain[1:] & voiced_grain[:-1]
    left, right = np.append(period[:1], period)[nearest], np.append(period, period[-1:])[nearest]
    falls = np.where(both, _window_width(right[:-1], step), step)
    rises = np.where(both, _window_width(left[1:], step), step)
    return Grains(
        sources, targets, np.append(1.0, rises), np.append(falls, 1.0), similarity, times.count
    )


def overlap_add(samples: Vector, grains: Grains, rate: int) -> Vector:
    """Adds up windowed grains.

    Args:
        samples: One channel, shape (samples,).
        grains: Which parts go where.
        rate: Hertz.

    Returns:
        Shape (grains.count,).
    """
    factor = max(1, round(_GRID_HZ / rate))
    oversampled = _oversample(samples, factor)
    first = np.ceil(grains.targets - grains.rises).astype(np.intp)
    last = np.floor(grains.targets + grains.falls).astype(np.intp)
    first, last = np.maximum(first, 0), np.minimum(last, grains.count - 1)
    sizes = np.maximum(last - first + 1, 0)
    total = int(sizes.sum())
    starts = np.cumsum(sizes) - sizes
    output = np.repeat(first - starts, sizes) + np.arange(total)
    center = np.repeat(grains.targets, sizes)
    distance = output - center
    rising = distance < 0
    width = np.where(rising, np.repeat(grains.rises, sizes), np.repeat(grains.falls, sizes))
    following = np.append(grains.similarity[1:], 1.0)
    similarity = np.where(rising, np.repeat(grains.similarity, sizes), np.repeat(following, sizes))
    window = np.cos(0.5 * np.pi * np.minimum(np.abs(distance) / width, 1)) ** 2
    # Divided by the root of the power that two overlapping grains of power 1 have together.
    partial = similarity < 1
    w = window[partial]
    window[partial] = w / np.sqrt(1 - 2 * (1 - similarity[partial]) * w * (1 - w))
    shift = np.round((grains.sources - grains.targets) * factor).astype(np.intp)
    read = np.clip(output * factor + np.repeat(shift, sizes), 0, len(oversampled) - 1)
    result = np.bincount(output, window * oversampled[read], minlength=grains.count)
    return result.astype(np.float32)


def _place_unvoiced(
    samples: Vector,
    rate: int,
    sources: Doubles,
    targets: Doubles,
    voiced: Mask,
    copied: Mask,
) -> Doubles:
    """Decides where unvoiced grains come from, in place in `sources`.

    Returns:
        The similarity of each grain with what would have followed the one before it, 0 to 1.
    """
    similarity = np.ones(len(sources))
    tolerance = _TOLERANCE * rate
    joints = ~(voiced[1:] & voiced[:-1]) & (np.abs(np.diff(targets) - np.diff(sources)) > 1e-6)
    displaced = False
    for k in range(1, len(sources)):
        if voiced[k] and voiced[k - 1]:
            displaced = False
            continue
        if not displaced and not joints[k - 1]:
            continue
        # The grain before is displaced, or this one does not follow it in the source.
        step = targets[k] - targets[k - 1]
        continuation = sources[k - 1] + step
        fixed = voiced[k] or copied[k]
        if not fixed and abs(continuation - sources[k]) <= tolerance:
            sources[k] = continuation
            displaced = True
            continue
        if not fixed:
            sources[k] = _best_match(samples, continuation, sources[k], step, tolerance)
        displaced = not fixed
        similarity[k] = _correlation(samples, sources[k], continuation, step)
    return similarity


def _best_match(
    samples: Vector, continuation: float, place: float, step: float, tolerance: float
) -> float:
    """Finds the place around `place` whose past is most like that of `continuation`."""
    size = max(2, round(step))
    template = samples[max(0, round(continuation) - size) : round(continuation)]
    first, last = max(size, round(place - tolerance)), min(len(samples), round(place + tolerance))
    if len(template) < size or last <= first:
        return place
    searched = samples[first - size : last]
    energy = np.concatenate([[0.0], np.cumsum(np.square(searched, dtype=np.float64))])
    energy = energy[size:] - energy[:-size]
    floor = 1e-12 + 1e-3 * energy.max()
    score = np.correlate(searched, template, "valid") / np.sqrt(energy + floor)
    best = int(score.argmax())
    # With the same fraction of a sample as `continuation`.
    return first + best + (continuation - round(continuation))


def _correlation(samples: Vector, one: float, other: float, step: float) -> float:
    """Correlates the samples before two places, 0 to 1."""
    size = max(2, round(step))
    ends = round(one), round(other)
    if min(ends) < size or max(ends) > len(samples):
        return 0.0
    a, b = (samples[end - size : end].astype(np.float64) for end in ends)
    return float(np.clip(a @ b / np.sqrt((a @ a) * (b @ b) + 1e-20), 0, 1))


def _window_width(period: Doubles, step: Doubles) -> Doubles:
    """Computes how far a window reaches, between the source period and the output period.

    A window as wide as the source period has the neighboring pulses at its ends, which are heard
    where grains come closer together; one as wide as the output period blurs the spectrum, or
    smears over a neighboring pulse. Measured on the envelope and the harmonics-to-noise ratio of 22
    clips, at -8 to 12 semitones.
    """
    width: Doubles = np.where(step > period, np.sqrt(period * step), period**0.25 * step**0.75)
    return width


def _oversample(samples: Vector, factor: int) -> Vector:
    """Interpolates `factor` - 1 values between neighboring samples (windowed sinc)."""
    result = np.empty((len(samples), factor), np.float32)
    result[:, 0] = samples
    places = np.arange(-_TAPS, _TAPS + 1)
    for step in range(1, factor):
        distance = places - step / factor
        taps = np.sinc(distance) * np.cos(0.5 * np.pi * distance / (_TAPS + 1)) ** 2
        filtered = np.convolve(samples, taps.astype(np.float32)[::-1])
        result[:, step] = filtered[_TAPS : _TAPS + len(samples)]
    return result.ravel()
