"""A high-pass filter: takes out a microphone's constant offset, and rumble, before everything else.

A Butterworth filter of second order (Butterworth, "On the theory of filter amplifiers", 1930), made
digital by the bilinear transform. It is applied by its impulse response, cut off where it has
fallen by 140 dB, in blocks of the Fourier transform (overlap-save; Oppenheim and Schafer,
"Discrete-time signal processing"). The blocks lie at fixed places of the recording, so that a
stream gives what the whole gives, to the bit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache

import numpy as np

from ser.arrays import Array, Samples
from ser.errors import AudioError

# The impulse response falls by 140 dB in so many periods of the cutoff.
_PERIODS = 3.7
# Blocks transformed at a time: what fits a processor's cache.
_BATCH = 16


class HighPass:
    """A high-pass filter.

    What comes before the first sample is taken for constant, so that an offset makes no click.

    Args:
        rate: Sample rate in hertz.
        cutoff: The frequency in hertz at which it attenuates by 3 dB; under it by 12 dB per octave.

    Examples:
        >>> HighPass(16_000, 60.0)(np.full(5, 0.5, "float32")).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0]
    """

    def __init__(self, rate: int, cutoff: float) -> None:
        self._response = frequency_response(rate, cutoff)
        self._block = len(self._response) - 1

    def __call__(self, samples: Samples) -> Samples:
        """Filters a clip.

        Args:
            samples: Shape (samples,).

        Returns:
            As many samples, float32.
        """
        parts = list(self.blocks([np.asarray(samples, np.float32)]))
        return np.concatenate(parts) if parts else np.empty(0, np.float32)

    def blocks(self, blocks: Iterable[Samples]) -> Iterator[Samples]:
        """Filters sound as it comes in.

        Args:
            blocks: Samples, each of shape (samples,), of any lengths.

        Yields:
            The same samples filtered, in blocks of other lengths: up to one block of the Fourier
            transform (64 ms at 16 kHz and 60 Hz) is held back.

        Raises:
            AudioError: What the source raised, after all samples before the defect.
        """
        waiting = np.empty(0, np.float32)
        history: Array | None = None
        failure: AudioError | None = None
        offset = np.float32(0)
        try:
            for block in blocks:
                waiting = np.concatenate([waiting, block])
                whole = len(waiting) // self._block * self._block
                if not whole:
                    continue
                if history is None:
                    offset, history = self._start(waiting)
                found, history = self._filter(waiting[:whole] - offset, history)
                waiting = waiting[whole:]
                yield found
        except AudioError as error:
            failure = error
        if len(waiting):
            if history is None:
                offset, history = self._start(waiting)
            padded = np.zeros(self._block, np.float32)
            padded[: len(waiting)] = waiting - offset
            yield self._filter(padded, history)[0][: len(waiting)]
        if failure is not None:
            raise failure

    def _start(self, samples: Samples) -> tuple[np.float32, Array]:
        """Gives the offset, estimated from the first block, and a history of silence."""
        offset = np.float32(samples[: self._block].mean(dtype=np.float64))
        return offset, np.zeros(self._block, np.float32)

    def _filter(self, samples: Samples, history: Array) -> tuple[Samples, Array]:
        """Filters whole blocks; gives the result and the history of what comes next."""
        size = self._block
        joined = np.concatenate([history, samples])
        frames = np.lib.stride_tricks.sliding_window_view(joined, 2 * size)[::size]
        found = np.empty((len(frames), size), np.float32)
        for start in range(0, len(frames), _BATCH):
            spectra = np.fft.rfft(frames[start : start + _BATCH])
            spectra *= self._response
            found[start : start + _BATCH] = np.fft.irfft(spectra, 2 * size)[:, size:]
        return found.ravel(), joined[-size:]


@lru_cache(maxsize=8)
def frequency_response(rate: int, cutoff: float) -> Array:
    """Gives the frequency response at the bins of a transform of twice the response's length."""
    size = 1 << math.ceil(math.log2(_PERIODS / cutoff * rate))
    k = math.tan(math.pi * cutoff / rate)
    a0 = 1 + math.sqrt(2) * k + k * k
    # So long a transform that nothing of the response wraps around.
    z = np.exp(-2j * np.pi * np.arange(4 * size + 1) / (8 * size))
    numerator = (1 - z) ** 2 / a0
    denominator = 1 + 2 * (k * k - 1) / a0 * z + (1 - math.sqrt(2) * k + k * k) / a0 * z**2
    impulse = np.fft.irfft(numerator / denominator)[:size]
    found: Array = np.fft.rfft(impulse, 2 * size).astype(np.complex64)
    return found
