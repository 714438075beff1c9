"""What a voice does, frame by frame: the side of speech that carries emotion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Doubles, Matrix, Vector
from ser.errors import SerError
from ser.features import banks
from ser.features.extract import Extractor
from ser.features.layout import columns
from ser.features.spec import PRESETS, FeatureSpec

HOP = 0.01
"""Seconds from one frame to the next."""

SPEC = PRESETS["translate"].with_changes(duration=None, trim=None)
"""What is computed of a phrase: as of a clip in a table, but of all of it."""


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """A phrase as envelope and pitch, in frames of 10 ms; frame *t* is centred on second t * HOP.

    Attributes:
        cepstrum: Mel-cepstrum of the envelope in decibels (family ``mcep``), shape (frames, 25).
        pitch: Semitones over 1 Hz, drawn through where there is none, shape (frames,).
        voiced: Which frames have a pitch, shape (frames,).
        logmel: Natural logarithm of the mel power, shape (frames, 80).
    """

    cepstrum: Matrix
    pitch: Vector
    voiced: npt.NDArray[np.bool_]
    logmel: Matrix

    def __len__(self) -> int:
        """Gives the number of frames."""
        return len(self.pitch)

    @property
    def bands(self) -> Matrix:
        """The envelope in decibels on the mel bands, shape (frames, 80)."""
        return to_bands(self.cepstrum)


def contours_of(samples: Vector) -> Contours:
    """Describes a phrase.

    Args:
        samples: Mono, 16 kHz, shape (samples,).
    """
    return from_features(_extractor()(samples), SPEC)


def from_features(x: Matrix, spec: FeatureSpec) -> Contours:
    """Reads contours from a clip's features.

    Args:
        x: Shape (frames, coefficients), without padding.
        spec: What they are.

    Raises:
        SerError: They are not what ``ser-extract --preset translate`` computes.
    """
    check_spec(spec)
    where = columns(spec)
    pitch = x[:, where["pitch"]]
    return Contours(x[:, where["mcep"]], pitch[:, 0], pitch[:, 1] > 0.5, x[:, where["logmel"]])


def check_spec(spec: FeatureSpec) -> None:
    """Insists that features are those of the preset ``translate``, whatever was cut off clips.

    Raises:
        SerError: They are others.
    """
    freed = {"duration": None, "trim": None, "offset": 0.0, "clean": ()}
    difference = SPEC.difference(spec.with_changes(**freed))
    if difference:
        raise SerError(
            "features",
            f"are not those that translation works on ({difference})",
            "extract them with ser-extract --preset translate",
        )


def to_bands(cepstrum: Matrix) -> Matrix:
    """Turns mel-cepstra into decibels on mel bands; linear, so that differences are too.

    Args:
        cepstrum: Shape (frames, 25).

    Returns:
        Shape (frames, 80).
    """
    bands: Matrix = cepstrum @ banks.dct_basis(SPEC.n_mfcc, SPEC.n_mels)
    return bands


@lru_cache(maxsize=1)
def _extractor() -> Extractor:
    return Extractor(SPEC)


# Matrices with a row per frame: reading between the rows, and averaging over them.


_SMOOTH = (np.hanning(7)[1:-1] / np.hanning(7).sum()).astype(np.float32)


def between(values: Matrix, rows: Doubles) -> Matrix:
    """Reads frames at fractional places, in straight lines; (frames, n) to (rows, n)."""
    low = np.clip(rows.astype(np.intp), 0, max(len(values) - 2, 0))
    high = np.minimum(low + 1, len(values) - 1)
    part = np.clip(rows - low, 0, 1)[:, None].astype(np.float32)
    read: Matrix = values[low] * (1 - part) + values[high] * part
    return read


def evened(values: Matrix) -> Matrix:
    """Averages over five frames, so that nothing flutters; shape (frames, n) stays."""
    reach = len(_SMOOTH) // 2
    wide = np.pad(values, ((reach, reach), (0, 0)), "edge")
    even = np.zeros_like(values)
    for place, weight in enumerate(_SMOOTH):
        even += weight * wide[place : place + len(values)]
    return even
