"""Cleaning: noise that stays the same is gated away in every frequency band."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ser.clean.base import Samples, Step
from ser.errors import SerError

_FRAME = 0.064  # Seconds per frame of the spectral gate.


class Denoise(Step):
    """Takes the share `value` of the amplitude from what does not rise above stationary noise.

    Spectral gating by the package noisereduce (Sainburg, Thielk and Gentner, "Finding, visualizing,
    and quantifying latent structure across diverse animal vocal repertoires", PLOS Computational
    Biology 2020).
    """

    __slots__ = ()
    name: ClassVar[str] = "denoise"
    meaning: ClassVar[str] = "share of the noise to take away"
    default: ClassVar[float] = 0.8
    bounds: ClassVar[tuple[float, float]] = (0.05, 1.0)

    def __call__(self, samples: Samples, rate: int) -> Samples:
        """Gates; see `Step.__call__`.

        Raises:
            SerError: The package noisereduce is not installed.
        """
        try:
            import noisereduce
        except ImportError as error:
            raise SerError(
                "denoise",
                "needs the package noisereduce",
                "pip install 'ser-toolkit[clean]' (or '.[clean]' in a checkout)",
            ) from error
        # Transforms of the usual 1024 samples at 16 kHz, and of as many milliseconds elsewhere.
        size = 1 << max(4, round(np.log2(_FRAME * rate)))
        padded = np.pad(samples, (0, max(0, size - len(samples))))
        cleaned: Samples = noisereduce.reduce_noise(
            y=padded,
            sr=rate,
            stationary=True,
            prop_decrease=self.value,
            n_fft=size,
            # One piece: its own pieces go through temporary files.
            chunk_size=len(padded),
            padding=size,
            time_mask_smooth_ms=50,
            freq_mask_smooth_hz=500,
        )
        return cleaned[: len(samples)].astype(np.float32, copy=False)
