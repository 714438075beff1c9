"""What is measured of a clip before anybody judges it: numbers that fit in memory by thousands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix, Samples, Vector
from ser.features import banks
from ser.features.extract import Extractor
from ser.features.layout import columns
from ser.features.spec import PRESETS

SAMPLE_RATE = 16_000
"""What `measure_samples` takes."""

HOP = 0.01
"""Seconds from one frame to the next."""

_CONTOURS = PRESETS["translate"].with_changes(duration=None)
_PROSODY = PRESETS["emotion"].with_changes(duration=None, functionals="prosody")

# Every clip is brought to this root mean square first, so that no floor of a feature says how loud
# it was.
_RMS = 0.05

# Nepers of power: frames further under the loudest are a pause (35 dB), and less than this beside
# a clip's level is nothing (52 dB).
_PAUSE = 8.0
_NOTHING = 12.0
_CEPSTRA = 25


@dataclass(frozen=True, slots=True, eq=False)
class ClipMeasures:
    """A clip in numbers. All but the first of `prosody` stay as they are when it is made louder.

    Attributes:
        prosody: Functionals of `ser.features.prosody`, the first being the level, shape (n,).
        cepstra: Statistics of mel-frequency cepstra and of how they move, shape (n,).
        bands: Statistics of 40 mel bands and of how they move, shape (120,).
        envelope: Mel-cepstrum of the envelope in decibels (family ``mcep``), shape (frames, 25).
        pitch: Semitones over 1 Hz, drawn through where there is none, shape (frames,).
        voiced: Which frames have a pitch, shape (frames,).
    """

    prosody: Vector
    cepstra: Vector
    bands: Vector
    envelope: Matrix
    pitch: Vector
    voiced: npt.NDArray[np.bool_]

    @property
    def seconds(self) -> float:
        """How long the speech is, silence at both ends left out."""
        return len(self.pitch) * HOP

    def to_arrays(self) -> dict[str, npt.NDArray[np.generic]]:
        """Gives what `from_arrays` reads."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[np.generic]]) -> ClipMeasures:
        """Makes one from what `to_arrays` gave."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})  # type: ignore[arg-type]


def measure_samples(samples: Samples) -> ClipMeasures:
    """Measures a clip.

    Args:
        samples: Mono, at `SAMPLE_RATE`, shape (samples,), at least one.
    """
    strength = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    factor = _RMS / strength if strength > 0 else 1.0
    # Within a rounding error, two clips that differ by a factor are the same from here on.
    even = (samples.astype(np.float64) * factor).astype(np.float32)
    contours, prosody = _extractors()
    _, functionals = prosody.everything(prosody.prepare(even))
    functionals = functionals.copy()
    functionals[0] -= np.float32(20 * np.log10(factor))
    x = contours(even)
    where = columns(_CONTOURS)
    pitch = x[:, where["pitch"]]
    cepstra, bands = spectral_statistics(x[:, where["logmel"]])
    return ClipMeasures(
        prosody=functionals,
        cepstra=cepstra,
        bands=bands,
        envelope=np.ascontiguousarray(x[:, where["mcep"]]),
        pitch=np.ascontiguousarray(pitch[:, 0]),
        voiced=pitch[:, 1] > 0.5,
    )


def quantize_16_bit(samples: Samples) -> Samples:
    """Rounds and cuts samples as a 16-bit file does, which is what anybody gets to measure_samples.

    Args:
        samples: In -1 to 1; what lies outside is cut.
    """
    rounded: Samples = (np.round(np.clip(samples, -1, 32767 / 32768) * 32768) / 32768).astype(
        np.float32
    )
    return rounded


def spectral_statistics(logmel: Matrix) -> tuple[Vector, Vector]:
    """Gives statistics of cepstra and of bands over the frames that are no pause.

    Args:
        logmel: Natural logarithm of the mel power, at whatever level, shape (frames, 80).

    Returns:
        `ClipMeasures.cepstra` and `ClipMeasures.bands`.
    """
    power = np.exp(logmel).sum(axis=1)
    active = np.log(power) > np.log(power.max()) - _PAUSE
    level = np.log(power[active].mean())
    shape = np.maximum(logmel - level, -_NOTHING)
    cepstra = shape @ banks.dct_basis(_CEPSTRA, logmel.shape[1]).T
    pairs = shape.reshape(len(shape), -1, 2).mean(axis=2)
    return (
        np.concatenate(
            [
                cepstra[active, 1:].mean(axis=0),
                cepstra[active].std(axis=0),
                np.percentile(cepstra[active, 1:], [20, 80], axis=0).ravel(),
                *_motion(cepstra, active),
            ]
        ).astype(np.float32),
        np.concatenate(
            [pairs[active].mean(axis=0), pairs[active].std(axis=0), _motion(pairs, active)[0]]
        ).astype(np.float32),
    )


def _motion(rows: Matrix, active: npt.NDArray[np.bool_]) -> tuple[Vector, Vector]:
    """Mean size and deviation of the steps from frame to frame."""
    steps = np.diff(rows, axis=0)[active[1:]]
    if not len(steps):
        nothing = np.zeros(rows.shape[1], np.float32)
        return nothing, nothing
    return np.abs(steps).mean(axis=0), steps.std(axis=0)


@lru_cache(maxsize=1)
def _extractors() -> tuple[Extractor, Extractor]:
    return Extractor(_CONTOURS), Extractor(_PROSODY)
