"""Measures of a clip: the features of evaluation classifiers, and its contours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ser.arrays import Mask, Matrix, Vector
from ser.conversion.contours import HOP
from ser.features import banks

# In nepers of power: frames farther below the loudest one are pauses (35 dB), and bands farther
# below the clip's level are clipped (52 dB).
_PAUSE = 8.0
_FLOOR = 12.0
_N_CEPSTRA = 25


@dataclass(frozen=True, slots=True, eq=False)
class ClipMeasures:
    """Measures of a clip. All but the first value of `prosody` are independent of the level.

    Attributes:
        prosody: Prosodic functionals, the first being the level, shape (n,).
        cepstra: Statistics of mel-frequency cepstra and their differences, shape (n,).
        bands: Statistics of 40 mel bands and their differences, shape (120,).
        envelope: Mel-cepstrum of the envelope in decibels (family ``mcep``), shape (frames, 25).
        pitch: F0 in semitones over 1 Hz, interpolated over unvoiced frames, shape (frames,).
        voiced: Which frames are voiced, shape (frames,).
    """

    prosody: Vector
    cepstra: Vector
    bands: Vector
    envelope: Matrix
    pitch: Vector
    voiced: Mask

    @property
    def seconds(self) -> float:
        """Duration, without leading and trailing silence."""
        return len(self.pitch) * HOP

    def to_arrays(self) -> dict[str, Any]:
        """Gives the arrays by name, for `from_arrays`."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> ClipMeasures:
        """Restores measures from the arrays of `to_arrays`."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def spectral_statistics(logmel: Matrix) -> tuple[Vector, Vector]:
    """Computes statistics of cepstra and of bands over the frames that are not pauses.

    Args:
        logmel: Natural logarithm of the mel power, at any level, shape (frames, 80).

    Returns:
        `ClipMeasures.cepstra` and `ClipMeasures.bands`.
    """
    power = np.exp(logmel).sum(axis=1)
    active = np.log(power) > np.log(power.max()) - _PAUSE
    level = np.log(power[active].mean())
    shape = np.maximum(logmel - level, -_FLOOR)
    cepstra = shape @ banks.dct_basis(_N_CEPSTRA, logmel.shape[1]).T
    bands = shape.reshape(len(shape), -1, 2).mean(axis=2)
    return (
        np.concatenate(
            [
                cepstra[active, 1:].mean(axis=0),
                cepstra[active].std(axis=0),
                np.percentile(cepstra[active, 1:], [20, 80], axis=0).ravel(),
                *_delta_statistics(cepstra, active),
            ]
        ).astype(np.float32),
        np.concatenate(
            [
                bands[active].mean(axis=0),
                bands[active].std(axis=0),
                _delta_statistics(bands, active)[0],
            ]
        ).astype(np.float32),
    )


def _delta_statistics(rows: Matrix, active: Mask) -> tuple[Vector, Vector]:
    """Computes mean magnitude and deviation of the differences between frames."""
    deltas = np.diff(rows, axis=0)[active[1:]]
    if not len(deltas):
        zeros = np.zeros(rows.shape[1], np.float32)
        return zeros, zeros
    return np.abs(deltas).mean(axis=0), deltas.std(axis=0)
