"""Cleaning: noise that stays the same is gated away in every frequency band."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.arrays import Samples
from ser.preprocess.base import Step

_FRAME = 0.064  # Seconds per frame of the spectral gate.

# The noise is what is heard in the quietest half second, and its level in each band that of its
# mean plus one standard deviation. The package's own choice, the whole clip and 1.5 deviations,
# takes the speech for noise too: on undisturbed acted clips what it changes lies only 5 dB under
# the speech, against 26 dB so.
_QUIET = 0.5
_DEVIATIONS = 1.0


class Denoise(Step):
    """Takes the share `value` of the amplitude from what does not rise above stationary noise.

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
        """Gates; see `Step.__call__`."""
        import noisereduce

        # Transforms of the usual 1024 samples at 16 kHz, and of as many milliseconds elsewhere.
        size = 1 << max(4, round(np.log2(_FRAME * rate)))
        padded = np.pad(samples, (0, max(0, size - len(samples))))
        cleaned: Samples = noisereduce.reduce_noise(
            y=padded,
            sr=rate,
            stationary=True,
            y_noise=_quietest(padded, max(size, round(_QUIET * rate))),
            n_std_thresh_stationary=_DEVIATIONS,
            prop_decrease=self.value,
            n_fft=size,
            # One piece: its own pieces go through temporary files.
            chunk_size=len(padded),
            padding=size,
            time_mask_smooth_ms=50,
            freq_mask_smooth_hz=500,
        )
        return cleaned[: len(samples)].astype(np.float32, copy=False)


def _quietest(samples: Samples, size: int) -> Samples:
    """Finds the part with the least energy."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    size = min(size, len(samples))
    start = int(np.argmin(energy[size:] - energy[: len(energy) - size]))
    return samples[start : start + size]
