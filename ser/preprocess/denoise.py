"""Reduction of stationary noise by spectral gating."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.preprocess.base import Step

_FRAME_SECONDS = 0.064  # Of the spectral gate.

# The noise is estimated from the quietest half second; a band's gate opens at the mean plus one
# standard deviation. The package's own choice, the whole clip and 1.5 deviations, takes speech for
# noise too: on undisturbed acted clips what it changes lies only 5 dB under the speech; here 26 dB.
_NOISE_SECONDS = 0.5
_DEVIATIONS = 1.0


class Denoise(Step):
    """Attenuates by the share `value` what does not rise above the stationary noise.

    Spectral gating by the package noisereduce (Sainburg, Thielk and Gentner, "Finding, visualizing,
    and quantifying latent structure across diverse animal vocal repertoires", PLOS Computational
    Biology 2020).
    """

    __slots__ = ()
    name: ClassVar[str] = "denoise"
    meaning: ClassVar[str] = "share of the noise to take away"
    default: ClassVar[float] = 0.9
    bounds: ClassVar[tuple[float, float]] = (0.05, 1.0)
    modules: ClassVar[tuple[str, ...]] = ("noisereduce",)

    @staticmethod
    def import_packages() -> None:
        """See `Step.import_packages`."""
        import noisereduce  # noqa: F401

    def __call__(self, samples: Samples, rate: int) -> Samples:
        """Applies the gate; see `Step.__call__`."""
        import noisereduce

        # Transforms of the usual 1024 samples at 16 kHz, and of as many milliseconds elsewhere.
        size = 1 << max(4, round(np.log2(_FRAME_SECONDS * rate)))
        padded = np.pad(samples, (0, max(0, size - len(samples))))
        cleaned: Samples = noisereduce.reduce_noise(
            y=padded,
            sr=rate,
            stationary=True,
            y_noise=_quietest_part(padded, max(size, round(_NOISE_SECONDS * rate))),
            n_std_thresh_stationary=_DEVIATIONS,
            prop_decrease=self.value,
            n_fft=size,
            # In one piece, because the package writes pieces to temporary files.
            chunk_size=len(padded),
            padding=size,
            time_mask_smooth_ms=50,
            freq_mask_smooth_hz=500,
        )
        return cleaned[: len(samples)].astype(np.float32, copy=False)


def _quietest_part(samples: Samples, size: int) -> Samples:
    """Gives the `size` samples with the least energy."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    size = min(size, len(samples))
    start = int(np.argmin(energy[size:] - energy[: len(energy) - size]))
    return samples[start : start + size]
