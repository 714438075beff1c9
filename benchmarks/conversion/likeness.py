"""How like another a recording sounds, where nothing should have changed: PESQ and STOI."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.conversion.evaluation.measures import SAMPLE_RATE

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Likeness:
    """How like a recording sounds.

    Attributes:
        pesq: Wideband PESQ (ITU-T P.862.2), 1.0 to 4.64.
        stoi: Short-time objective intelligibility (Taal et al., IEEE TASLP 2011), up to 1.
    """

    pesq: float
    stoi: float


def likeness(reference: Samples, samples: Samples) -> Likeness | None:
    """Compares a recording with the one that it was made of.

    Args:
        reference: What it was made of, at 16 kHz.
        samples: What came of it, at 16 kHz; the longer is cut.

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
    strength = float(np.sqrt(np.mean(np.square(reference[:count]))))
    if not strength:
        return None
    # Recordings may be so soft that PESQ takes them for silence; it compares levels anyway.
    scale = 0.1 / strength
    one, other = reference[:count] * scale, samples[:count] * scale
    try:
        return Likeness(
            float(pesq(SAMPLE_RATE, one, other, "wb")), float(stoi(one, other, SAMPLE_RATE))
        )
    except PesqError:
        return None
