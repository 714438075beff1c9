"""Measures of audio clips, for evaluation classifiers; see `ClipMeasures`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ser.arrays import Samples
from ser.conversion.evaluation.measures import ClipMeasures, spectral_statistics
from ser.features.extract import Extractor
from ser.features.layout import columns
from ser.features.spec import PRESETS

SAMPLE_RATE = 16_000
"""The rate in hertz that `measure_samples` takes."""

_CONTOURS = PRESETS["translate"].with_changes(duration=None)
_PROSODY = PRESETS["emotion"].with_changes(duration=None, functionals="prosody")

# Clips are normalized to this root mean square, so that the floor of a feature does not depend on
# the level.
_RMS = 0.05


def measure_samples(samples: Samples) -> ClipMeasures:
    """Measures a clip.

    Args:
        samples: Mono, at `SAMPLE_RATE`, shape (samples,), at least one.
    """
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    gain = _RMS / rms if rms > 0 else 1.0
    # Clips that differ by a gain are equal from here on, within rounding.
    normalized = (samples.astype(np.float64) * gain).astype(np.float32)
    contours, prosody = _extractors()
    _, functionals = prosody.compute_all(prosody.prepare(normalized))
    functionals = functionals.copy()
    functionals[0] -= np.float32(20 * np.log10(gain))
    x = contours(normalized)
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
    """Rounds and clips samples as a 16-bit file does.

    Args:
        samples: Within -1 to 1; what lies outside is clipped.
    """
    quantized: Samples = (np.round(np.clip(samples, -1, 32767 / 32768) * 32768) / 32768).astype(
        np.float32
    )
    return quantized


@lru_cache(maxsize=1)
def _extractors() -> tuple[Extractor, Extractor]:
    return Extractor(_CONTOURS), Extractor(_PROSODY)
