"""Sound in memory: arrays of samples, turned into blocks of float32."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Channels
from ser.errors import AudioError

ArraySource = tuple[npt.ArrayLike, int]
"""Samples and their rate in hertz.

Samples have the shape (samples,) or (samples, channels). They are floats in -1 to 1, or integers
over the full range of their type.
"""


def blocks(source: ArraySource, seconds: float) -> Iterator[tuple[Channels, int]]:
    """Cuts an array into blocks.

    Args:
        source: The samples and their rate.
        seconds: Length of a block.

    Yields:
        Samples of all channels, shape (samples, channels), and their rate in hertz.

    Raises:
        AudioError: The samples have another shape or type, or the rate is not positive.
    """
    samples, rate = _check(source)
    size = max(1, round(seconds * rate))
    for start in range(0, len(samples), size):
        yield _to_float(samples[start : start + size]), rate


def length(source: ArraySource) -> float:
    """Gives the length in seconds.

    Raises:
        AudioError: As `blocks`.
    """
    samples, rate = _check(source)
    return len(samples) / rate


def _check(source: ArraySource) -> tuple[npt.NDArray[Any], int]:
    """Gives the samples, in their own type, as (samples, channels), and their rate."""
    example = "give (samples, sample_rate), the samples of shape (samples,) or (samples, channels)"
    if len(source) != 2:
        raise AudioError("samples", f"are a tuple of {len(source)}", example)
    samples = np.asarray(source[0])
    if samples.ndim not in (1, 2):
        raise AudioError("samples", f"have {samples.ndim} dimensions", example)
    if samples.dtype.kind not in "fiu":
        raise AudioError("samples", f"are of type {samples.dtype}", "give floats or integers")
    if samples.ndim == 2 and 1 <= len(samples) < samples.shape[1]:
        raise AudioError("samples", f"have more channels than samples {samples.shape}", example)
    given: Any = source[1]
    try:
        rate = operator.index(given)
    except TypeError:
        rate = int(given) if isinstance(given, float) and given.is_integer() else 0
    if rate < 1:
        raise AudioError("samples", f"have the sample rate {given!r}", "give hertz: 16000")
    return samples.reshape(len(samples), -1) if samples.size else samples.reshape(0, 1), rate


def _to_float(block: npt.NDArray[Any]) -> Channels:
    """Converts samples of any type to float32 with full scale at 1."""
    if block.dtype.kind == "f":
        return block.astype(np.float32)
    middle = 2.0 ** (8 * block.dtype.itemsize - 1)
    values = block.astype(np.float64) - (middle if block.dtype.kind == "u" else 0.0)
    scaled: Channels = (values / middle).astype(np.float32)
    return scaled
