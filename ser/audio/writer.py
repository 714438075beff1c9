"""Writing WAV and FLAC files, block by block, with any number of channels and bits per sample."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ser.arrays import Channels, Samples
from ser.errors import AudioError, cannot_write
from ser.io.files import atomic_path

Depth = Literal["PCM_16", "PCM_24", "FLOAT"]
"""How samples are stored, in libsndfile's words."""

SUFFIXES = (".wav", ".flac")
"""The suffixes of files that can be written."""

# What the depths of other files are written as; all that are not here become 16 bits.
_DEPTHS: dict[str, Depth] = {
    "PCM_24": "PCM_24",
    "PCM_32": "PCM_24",
    "FLOAT": "FLOAT",
    "DOUBLE": "FLOAT",
}

# The sizes in the header of a WAV have four bytes.
_MAX_WAV_BYTES = 2**32 - 4096


# More than the rest of a block of any file system, which might just be left.
_PROBE = 1 << 17


def check_target(target: Path) -> None:
    """Refuses the name of a sound file before the work for it is done.

    Raises:
        AudioError: The suffix is neither ``.wav`` nor ``.flac``.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise AudioError(target, "has a suffix that ser does not write", "name it .wav or .flac")


def bit_depth(source: Path) -> Depth:
    """Gives the bit depth to write a copy of a file with; 16 where it is compressed or unknown."""
    import soundfile

    try:
        name = os.fsencode(source) if os.name == "posix" else source
        with soundfile.SoundFile(name) as file:
            return _DEPTHS.get(file.subtype, "PCM_16")
    except (soundfile.LibsndfileError, TypeError, OSError):
        return "PCM_16"


@contextlib.contextmanager
def open_sound_file(
    target: Path, rate: int, channels: int, depth: Depth = "PCM_16", comment: str = ""
) -> Iterator[Callable[[Channels], None]]:
    """Opens a sound file for writing; it replaces `target` when the block ends well.

    What lies beyond full scale is clipped, unless `depth` can hold it. Samples that came from 16 or
    24 bits are written as the same bits again.

    Args:
        target: A name that ends in ``.wav`` or ``.flac``.
        rate: Hertz.
        channels: Number of channels.
        depth: How samples are stored; FLAC has no ``FLOAT`` and takes 24 bits.
        comment: A comment for the file's tags.

    Yields:
        A function that takes blocks of shape (samples, channels).

    Raises:
        AudioError: The suffix is unknown, or the file cannot be written.
    """
    import soundfile

    check_target(target)
    kind = target.suffix[1:].upper()
    if kind == "FLAC" and depth == "FLOAT":
        depth = "PCM_24"
    width = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}[depth]
    written = 0
    try:
        with (
            atomic_path(target) as temporary,
            _with_reason(temporary),
            soundfile.SoundFile(
                os.fsencode(temporary) if os.name == "posix" else temporary,
                "w",
                samplerate=rate,
                channels=channels,
                subtype=depth,
                format=kind,
            ) as file,
        ):
            if comment:
                file.comment = comment

            def write(block: Channels) -> None:
                nonlocal written
                written += len(block) * channels * width
                if kind == "WAV" and written > _MAX_WAV_BYTES:
                    raise AudioError(
                        target, "would have more than 4 GB, which WAV cannot", "name it .flac"
                    )
                file.write(_quantize(block, depth))

            yield write
    except (OSError, soundfile.LibsndfileError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise cannot_write(target, error, AudioError) from error


@contextlib.contextmanager
def _with_reason(path: Path) -> Iterator[None]:
    """Finds out why libsndfile cannot write a file, of which it says "System error." alone.

    Raises:
        OSError: What the system says to a few more bytes.
    """
    import soundfile

    try:
        yield
    except (soundfile.LibsndfileError, AssertionError) as error:
        # AssertionError: fewer samples were written than were given.
        with path.open("ab", buffering=0) as stream:
            stream.write(bytes(_PROBE))
            os.fsync(stream.fileno())
        if isinstance(error, AssertionError):
            raise OSError("the system has taken a part of it") from error
        raise


def write_sound(target: Path, samples: Samples, sample_rate: int) -> None:
    """Writes mono samples as a 16-bit WAV or FLAC file, by the suffix.

    Raises:
        AudioError: The suffix is unknown, or the file cannot be written.
    """
    with open_sound_file(target, sample_rate, 1) as write:
        write(samples[:, None])


def _quantize(block: Channels, depth: Depth) -> npt.NDArray[np.generic]:
    """Rounds to the bits that are stored: libsndfile would scale by one less than decoders do."""
    if depth == "FLOAT":
        return block
    bits = 16 if depth == "PCM_16" else 24
    full = float(1 << (bits - 1))
    rounded = np.clip(np.rint(block.astype(np.float64) * full), -full, full - 1)
    if bits == 16:
        return rounded.astype(np.int16)
    # libsndfile takes the upper three bytes of four.
    return rounded.astype(np.int32) << 8
