"""Change of the sample rate, with the quality that librosa uses, so that features agree with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from ser.arrays import Samples

_QUALITY = "HQ"


def resample(samples: Samples, rate: int, target: int) -> Samples:
    """Changes the sample rate with soxr's high quality, the one that librosa uses.

    Args:
        samples: Shape (samples,).
        rate: Their rate in hertz.
        target: Wanted rate in hertz.

    Returns:
        Samples at `target` hertz; the same array where the rates agree.
    """
    if rate == target:
        return samples
    import soxr

    resampled: Samples = soxr.resample(samples, rate, target, _QUALITY)
    # soxr may round the length down; librosa pads the last sample, and so must we to agree.
    count = _resampled_length(len(samples), rate, target)
    if len(resampled) >= count:
        return resampled
    padded = np.zeros(count, np.float32)
    padded[: len(resampled)] = resampled
    return padded


def resample_blocks(blocks: Iterable[Samples], rate: int, target: int) -> Iterator[Samples]:
    """Changes the sample rate of sound that comes in blocks; see `resample`.

    Args:
        blocks: Samples, each of shape (samples,).
        rate: Their rate in hertz.
        target: Wanted rate in hertz.

    Yields:
        Samples at the wanted rate, shape (samples,); together they are as long as the sound.
    """
    if rate == target:
        yield from blocks
        return
    import soxr

    resampler = soxr.ResampleStream(rate, target, 1, "float32", _QUALITY)
    taken = given = 0
    for block in blocks:
        taken += len(block)
        resampled: Samples = resampler.resample_chunk(block)
        given += len(resampled)
        if len(resampled):
            yield resampled
    rest: Samples = resampler.resample_chunk(np.empty(0, np.float32), last=True)
    missing = _resampled_length(taken, rate, target) - given - len(rest)
    rest = np.pad(rest, (0, max(0, missing)))
    if len(rest):
        yield rest


def _resampled_length(count: int, rate: int, target: int) -> int:
    """Gives the number of samples that `count` at `rate` become at `target`, rounded up."""
    return -(-count * target // rate)
