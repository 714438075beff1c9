"""Changes of a voice by numbers: pitch, its range, rate, tilt, level and pauses."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from ser.arrays import Samples, Vector
from ser.conversion.contours import HOP, SPEC, Contours
from ser.conversion.modification import Converter, Modification, identity_modification
from ser.errors import ParameterError
from ser.features import banks

ADJUSTED = "adjusted"
"""What results are called that get no other emotion."""

RANGES = {
    "pitch": (-24.0, 24.0, "semitones, as +2"),
    "range": (0.0, 4.0, "a factor, as 1.3"),
    "rate": (0.25, 4.0, "a factor, as 0.9"),
    "tilt": (-30.0, 30.0, "decibels, as +3"),
    "level": (-60.0, 60.0, "decibels, as -4"),
    "pauses": (0.0, 5.0, "a factor, as 0.7"),
}
"""The least and the largest value of each knob, and its unit."""

# Tilt is a change of 4 kHz against 500 Hz, three octaves.
_LOW, _HIGH = 500.0, 4000.0
_FADE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Knobs:
    """How a voice is changed, on top of an emotion or alone.

    Attributes:
        pitch: Semitones by which F0 rises.
        range: Factor of the distances of F0, in semitones, from its median in the phrase.
        rate: Factor of the speaking rate; 2 is twice as fast.
        tilt: Decibels by which 4 kHz rise over 500 Hz.
        level: Decibels by which all is louder.
        pauses: Factor of the length of pauses between phrases.
    """

    pitch: float = 0.0
    range: float = 1.0
    rate: float = 1.0
    tilt: float = 0.0
    level: float = 0.0
    pauses: float = 1.0

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ParameterError: A value is out of its range.
        """
        for name, (low, high, unit) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParameterError(
                    name, f"is not from {low:g} to {high:g}", f"give {unit}", f"{value:g}"
                )

    @property
    def is_neutral(self) -> bool:
        """Whether nothing is changed."""
        return self == NEUTRAL

    def apply(self, contours: Contours, change: Modification) -> Modification:
        """Adds what the knobs do to the change of a phrase; level and pauses are not a phrase's.

        Args:
            contours: The phrase.
            change: What is done to it already.
        """
        if (self.pitch, self.range, self.rate, self.tilt) == (0.0, 1.0, 1.0, 0.0):
            return change
        pitch = change.pitch
        if self.range != 1 and contours.voiced.any():
            reached = contours.pitch + pitch
            middle = np.median(reached[contours.voiced])
            pitch = pitch + np.float32(self.range - 1) * (reached - middle)
        return Modification(
            (pitch + np.float32(self.pitch)).astype(np.float32),
            change.gain + np.float32(self.tilt) * _tilt_curve(),
            change.stretch / np.float32(self.rate),
        )

    def stretch_pause(self, samples: Samples, rate: int) -> Samples:
        """Makes a pause longer or shorter, with its own sound.

        Args:
            samples: The pause, shape (samples, channels).
            rate: Hertz.
        """
        count = round(len(samples) * self.pauses)
        if count == len(samples) or not len(samples):
            return samples
        fade = min(round(_FADE_SECONDS * rate), count // 2, len(samples) // 2)
        if count > len(samples):
            # There and back again, so that nothing jumps.
            loop = np.concatenate([samples, samples[::-1]])
            return np.resize(loop, (count, samples.shape[1])).astype(np.float32)
        head, tail = samples[: count - count // 2], samples[len(samples) - count // 2 :]
        joined = np.concatenate([head, tail])
        if fade:
            weight = np.linspace(0, 1, fade, dtype=np.float32)[:, None]
            middle = len(head)
            after = samples[middle : middle + fade]
            joined[middle : middle + fade] = (
                after * (1 - weight[: len(after)]) + joined[middle : middle + fade] * weight
            )
        return joined


NEUTRAL = Knobs()
"""The knobs that change nothing."""


def _tilt_curve() -> Vector:
    """Gives the decibels of each mel band for a tilt of 1 dB."""
    octaves = np.log2(np.maximum(banks.mel_centres(SPEC), 1.0) / np.sqrt(_LOW * _HIGH))
    curve: Vector = np.clip(octaves / np.log2(_HIGH / _LOW), -0.5, 0.5).astype(np.float32)
    return curve


class AdjustedConverter:
    """An engine whose changes get those of knobs as well; see `Converter`.

    Args:
        knobs: The knobs.
        converter: The engine; None for no other emotion.
    """

    def __init__(self, knobs: Knobs, converter: Converter | None = None) -> None:
        self._knobs = knobs
        self._converter = converter
        self.emotions = (ADJUSTED,) if converter is None else converter.emotions

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Computes the modification of a phrase."""
        if self._converter is None:
            change = identity_modification(len(contours))
        else:
            change = self._converter(contours, to, intensity, source)
        return self._knobs.apply(contours, change)


@dataclass(frozen=True, slots=True)
class PhraseReport:
    """What was done to a phrase, in the words of the knobs.

    Attributes:
        start: Seconds from the start of the source.
        end: Likewise.
        pitch: Semitones by which the voiced frames rose on average.
        range: Factor of the spread of F0; 1 where nothing is voiced.
        rate: Factor of the speaking rate.
        tilt: Decibels by which 4 kHz rose over 500 Hz.
        level: Decibels by which the phrase is louder, before the loudness of the whole is matched.
    """

    start: float
    end: float
    pitch: float
    range: float
    rate: float
    tilt: float
    level: float

    def to_dict(self) -> dict[str, float]:
        """Gives the values by name, rounded."""
        return {name: round(value, 3) for name, value in asdict(self).items()}


def report_phrase(start: float, contours: Contours, change: Modification) -> PhraseReport:
    """Says what a modification does to a phrase.

    Args:
        start: Where the phrase begins, in seconds.
        contours: The phrase.
        change: The modification.
    """
    voiced = contours.voiced
    pitch, spread = 0.0, 1.0
    if voiced.any():
        pitch = float(change.pitch[voiced].mean())
        before = float(contours.pitch[voiced].std())
        after = float((contours.pitch + change.pitch)[voiced].std())
        spread = after / before if before > 0 else 1.0
    # Where there is sound, by its power; the curve of tilt is fitted to what is left of the level.
    power = np.exp(contours.logmel)
    weights = power.sum(axis=1)
    gain = weights @ change.gain / max(float(weights.sum()), 1e-12)
    louder = power * 10 ** (change.gain / 10)
    level = 10 * np.log10(max(float(louder.sum()), 1e-12) / max(float(power.sum()), 1e-12))
    curve = _tilt_curve()
    away = curve - curve.mean()
    tilt = float(away @ gain / (away @ away))
    rate = len(change) / max(float(change.stretch.sum()), 1e-6)
    end = start + len(contours) * HOP
    return PhraseReport(start, end, pitch, spread, rate, tilt, float(level))
