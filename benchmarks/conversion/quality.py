"""Speech quality relative to the source, where nothing should have changed: PESQ and STOI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.conversion.measures import SAMPLE_RATE
from ser.arrays import Samples


@dataclass(frozen=True, slots=True)
class SpeechQuality:
    """Similarity to a reference recording.

    Attributes:
        pesq: Wideband PESQ (ITU-T P.862.2), 1.0 to 4.64.
        stoi: Short-time objective intelligibility (Taal et al., IEEE TASLP 2011), up to 1.
    """

    pesq: float
    stoi: float


def measure_quality(reference: Samples, samples: Samples) -> SpeechQuality | None:
    """Compares a recording with the one that it was made of.

    Args:
        reference: The source, at 16 kHz.
        samples: The result, at 16 kHz; the longer of both is cut.

    Returns:
        Both figures, or None where the packages ``pesq`` and ``pystoi`` (the extra ``benchmarks``)
        are not installed, or find no speech.
    """
    try:
        from pesq import PesqError, pesq
        from pystoi import stoi
    except ImportError:
        return None
    count = min(len(reference), len(samples))
    rms = float(np.sqrt(np.mean(np.square(reference[:count]))))
    if not rms:
        return None
    # PESQ takes very soft recordings for silence. It still compares the levels of both.
    gain = 0.1 / rms
    one, other = reference[:count] * gain, samples[:count] * gain
    try:
        return SpeechQuality(
            float(pesq(SAMPLE_RATE, one, other, "wb")), float(stoi(one, other, SAMPLE_RATE))
        )
    except PesqError:
        return None
