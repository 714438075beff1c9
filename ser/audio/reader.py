"""Reading: any recording as float32 samples of one channel, at the rate that is asked for.

Samples are float32 in -1 to 1. See `ser.audio.sources` for what can be read.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from ser.arrays import Channels, Samples
from ser.audio.causes import IncompleteError
from ser.audio.resampling import resample, resample_blocks
from ser.audio.selection import DEFAULT, Mixer, Remark, Selection, ignore
from ser.audio.sources import Source, count_channels, decode, is_pipe, length, source_name
from ser.errors import AudioError

__all__ = [
    "BLOCK_SECONDS",
    "Selection",
    "Source",
    "channels",
    "count_channels",
    "is_pipe",
    "length",
    "read",
    "resample",
    "resample_blocks",
    "source_name",
    "stream",
]

BLOCK_SECONDS = 10.0
"""How much a stream decodes at a time: long enough to be fast, short enough to be soon."""

# Beyond it the power of a sample leaves the range of single precision.
_LOUDEST = 1e10


def read(
    source: Source,
    sample_rate: int,
    *,
    offset: float = 0.0,
    duration: float | None = None,
    selection: Selection = DEFAULT,
    remark: Remark = ignore,
) -> Samples:
    """Decodes a recording, or a part of it, to one channel at a sample rate.

    Args:
        source: See `ser.audio.sources.Source`.
        sample_rate: Wanted rate in hertz.
        offset: Seconds to skip.
        duration: Seconds to read; None reads to the end.
        selection: The track, and of its channels one or the mixture.
        remark: Told what the user should know of the recording.

    Returns:
        Samples, shape (samples,).

    Raises:
        AudioError: The source is missing, empty, not audio, incomplete, holds no samples in this
            range, or holds samples that are not numbers.
    """
    mixer = Mixer(selection, source_name(source), remark)
    decoded = decode(source, BLOCK_SECONDS, offset, duration, track=selection.track, remark=remark)
    parts = [(mixer.mix(block), rate) for block, rate in decoded]
    if not parts:
        raise _empty(source, offset)
    native = parts[0][0] if len(parts) == 1 else np.concatenate([part for part, _ in parts])
    _check_finite(source, native)
    return resample(native, parts[0][1], sample_rate)


def stream(
    source: Source,
    sample_rate: int,
    *,
    block_seconds: float = BLOCK_SECONDS,
    offset: float = 0.0,
    duration: float | None = None,
    selection: Selection = DEFAULT,
    remark: Remark = ignore,
) -> Iterator[Samples]:
    """Decodes a recording to one channel at a sample rate, block by block, in constant memory.

    Args:
        source: See `ser.audio.sources.Source`.
        sample_rate: Wanted rate in hertz.
        block_seconds: Seconds of audio per block, about.
        offset: Seconds to skip.
        duration: Seconds to decode; None goes on to the end.
        selection: The track, and of its channels one or the mixture.
        remark: Told what the user should know of the recording.

    Yields:
        Samples, shape (samples,); blocks differ in length.

    Raises:
        IncompleteError: The recording breaks off; all that is there has been yielded.
        AudioError: As `read`; what was decoded before a defect has been yielded by then.
    """
    mixer = Mixer(selection, source_name(source), remark)
    decoded = (
        (mixer.mix(block), rate)
        for block, rate in decode(
            source, block_seconds, offset, duration, track=selection.track, remark=remark
        )
    )
    first = next(((block, rate) for block, rate in decoded if len(block)), None)
    if first is None:
        raise _empty(source, offset)
    rate = first[1]
    stop: list[IncompleteError] = []

    def checked() -> Iterator[Samples]:
        try:
            for block, _ in itertools.chain([first], decoded):
                _check_finite(source, block)
                yield block
        except IncompleteError as error:
            # Whoever resamples gives the last samples when it hears of the end.
            stop.append(error)

    yield from resample_blocks(checked(), rate, sample_rate)
    if stop:
        raise stop[0]


def channels(
    source: Source,
    *,
    block_seconds: float = BLOCK_SECONDS,
    selection: Selection | None = None,
    remark: Remark = ignore,
) -> Iterator[tuple[Channels, int]]:
    """Decodes a recording as it is: all channels, at its own rate.

    Args:
        source: See `ser.audio.sources.Source`.
        block_seconds: Seconds of audio per block, about.
        selection: The track, and of its channels one; None for all channels of the default track.
        remark: Told what the user should know of the recording.

    Yields:
        Samples, shape (samples, channels), and their rate in hertz; the same in every block. Where
        the number of channels changes, it stays what it was at first: one channel stands for all,
        and further ones are mixed into it.

    Raises:
        AudioError: As `stream`.
    """
    decoded = 0
    count = 0
    track = None if selection is None else selection.track
    mixer = None
    if selection is not None and selection.channel != "mix":
        mixer = Mixer(selection, source_name(source), remark)
    for block, rate in decode(source, block_seconds, track=track, remark=remark):
        _check_finite(source, block)
        decoded += len(block)
        found = block if mixer is None else mixer.mix(block)[:, None]
        count = count or found.shape[1]
        yield _with_channels(found, count), rate
    if not decoded:
        raise _empty(source, 0.0)


def _with_channels(block: Channels, count: int) -> Channels:
    """Brings a block to another number of channels, without losing the sound of any."""
    if block.shape[1] == count:
        return block
    mean: Any = block.mean(axis=1, dtype=np.float32, keepdims=True)
    return np.repeat(mean, count, axis=1)


def _empty(source: Source, offset: float) -> AudioError:
    cause = "holds no samples" if not offset else f"holds no samples after {offset:g} s"
    return AudioError(source_name(source), cause, "check that the recording is complete")


def _check_finite(source: Source, samples: Samples | Channels) -> None:
    if not len(samples):
        return
    # Any NaN would be the least and the greatest; so no array of answers is needed.
    least, greatest = samples.min(), samples.max()
    if not (np.isfinite(least) and np.isfinite(greatest)):
        cause = "holds samples that are not numbers (NaN or infinite)"
    elif max(-least, greatest) > _LOUDEST:
        cause = "holds samples that are no sound (beyond ten thousand million times full scale)"
    else:
        return
    raise AudioError(source_name(source), cause, "export it again")
