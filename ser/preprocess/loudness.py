"""Loudness normalization: every clip is scaled to the same loudness, as broadcasters measure it.

ITU-R BS.1770-5 (2023), "Algorithms to measure audio programme loudness and true-peak audio level",
for one channel; EBU R 128 (2023) prescribes it. Written out here because 60 lines of NumPy load at
once, and because a clip may be shorter than the 400 ms that programmes are measured in.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ser.arrays import Samples
from ser.preprocess.base import Step

_BLOCK_SECONDS, _OVERLAP = 0.4, 0.75
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0  # LUFS; LU.
_OFFSET_DB = -0.691  # With it, a sine of 997 Hz at full scale has -3.01 LUFS.

# Seconds of silence behind the samples, in which the response of the high-pass falls by 140 dB.
_TAIL_SECONDS = 0.25


class Loudness(Step):
    """Amplifies or attenuates a clip to an integrated loudness of `value` LUFS.

    A clip that is silent (under -70 LUFS throughout) is not changed. Peaks may exceed full scale,
    which does not matter to features.
    """

    __slots__ = ()
    name: ClassVar[str] = "loudness"
    meaning: ClassVar[str] = "loudness in LUFS"
    default: ClassVar[float] = -23.0
    bounds: ClassVar[tuple[float, float]] = (-60.0, 0.0)

    def __call__(self, samples: Samples, rate: int) -> Samples:
        """Scales; see `Step.__call__`."""
        loudness = integrated_loudness(samples, rate)
        if not math.isfinite(loudness):
            return samples
        return samples * np.float32(10 ** ((self.value - loudness) / 20))


def integrated_loudness(samples: Samples, rate: int) -> float:
    """Measures the gated loudness of mono samples.

    Args:
        samples: Shape (samples,). Less than 400 ms are measured as one block of their own length.
        rate: Their rate in hertz.

    Returns:
        LUFS; minus infinity where nothing is louder than -70 LUFS.
    """
    return gated_loudness(block_powers(samples, rate))


def block_powers(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Measures the weighted power of blocks of 400 ms, which overlap by three quarters.

    Args:
        samples: Shape (samples,) or (samples, channels), whose powers are added. Less than 400 ms
            are one block of their own length.
        rate: Their rate in hertz.

    Returns:
        Shape (blocks,).
    """
    if not len(samples):
        return np.zeros(0)
    if samples.ndim == 2:
        channels = [block_powers(channel, rate) for channel in samples.T]
        return np.asarray(np.sum(channels, axis=0), np.float64)
    energy = np.concatenate([[0.0], np.cumsum(np.square(k_weight(samples, rate)))])
    block = min(round(_BLOCK_SECONDS * rate), len(samples))
    starts = np.arange(0, len(samples) - block + 1, max(1, round(block * (1 - _OVERLAP))))
    powers: npt.NDArray[np.float64] = np.maximum(energy[starts + block] - energy[starts], 0) / block
    return powers


def gated_loudness(power: npt.NDArray[np.float64]) -> float:
    """Gives the loudness of blocks, of which soft ones do not count.

    Args:
        power: See `block_powers`.

    Returns:
        LUFS; minus infinity where nothing is louder than -70 LUFS.
    """
    power = power[_decibels(power) > _ABSOLUTE_GATE]
    if not len(power):
        return -math.inf
    power = power[_decibels(power) > _decibels(power.mean()) + _RELATIVE_GATE]
    return float(_decibels(power.mean()))


def k_weight(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """Applies the K-weighting: a shelf that models the head, and a high-pass.

    The filters are applied by their frequency response, which needs no loop over samples. This
    differs from the recursive filters by the tail that is cut off at -140 dB.

    Args:
        samples: Shape (samples,).
        rate: Their rate in hertz.

    Returns:
        Shape (samples,).
    """
    size = 1 << (len(samples) + round(_TAIL_SECONDS * rate)).bit_length()
    spectrum = np.fft.rfft(samples.astype(np.float64), size) * _response(size, rate)
    return np.fft.irfft(spectrum, size)[: len(samples)]


# Clips of a corpus have similar lengths, and need one of two sizes.
@lru_cache(maxsize=4)
def _response(size: int, rate: int) -> npt.NDArray[np.complex128]:
    """Gives the frequency response of both filters at the bins of a transform."""
    z = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    response = np.ones(len(z), np.complex128)
    for numerator, denominator in _filters(rate):
        response *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    return response


def _filters(rate: int) -> tuple[tuple[list[float], list[float]], ...]:
    """Designs both filters; at 48 kHz these are the standard's tables 1 and 2.

    The standard has coefficients for 48 kHz alone. These are the analogue prototypes behind them
    (De Man, "Evaluation of implementations of the EBU R128 loudness measurement", AES 2018).
    """
    gain, quality, frequency = 3.999843853973347, 0.7071752369554196, 1681.974450955533
    k = math.tan(math.pi * min(frequency / rate, 0.49))
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / quality + k * k
    shelf = (
        [
            (high + band * k / quality + k * k) / a0,
            2 * (k * k - high) / a0,
            (high - band * k / quality + k * k) / a0,
        ],
        [1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0],
    )
    quality, frequency = 0.5003270373238773, 38.13547087602444
    k = math.tan(math.pi * frequency / rate)
    a0 = 1 + k / quality + k * k
    high_pass = ([1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / a0, (1 - k / quality + k * k) / a0])
    return shelf, high_pass


def _decibels(power: npt.ArrayLike) -> npt.NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        level: npt.NDArray[np.float64] = _OFFSET_DB + 10 * np.log10(np.asarray(power, np.float64))
    return level
