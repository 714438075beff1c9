"""Sound into files, block by block: WAV and FLAC with as many channels and bits as the source."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from ser.arrays import Channels
from ser.errors import AudioError, cannot_write
from ser.io.files import atomic_path

Depth = Literal["PCM_16", "PCM_24", "FLOAT"]
"""How samples are kept, in libsndfile's words."""

SUFFIXES = (".wav", ".flac")
"""The kinds of files."""

# Fewer bits become 16: nobody hears that, and players know it.
_DEPTHS: dict[str, Depth] = {
    "PCM_24": "PCM_24",
    "PCM_32": "PCM_24",
    "FLOAT": "FLOAT",
    "DOUBLE": "FLOAT",
}

# The sizes in the header of a WAV have four bytes.
_WAV_BYTES = 2**32 - 4096


def check_target(target: Path) -> None:
    """Refuses the name of a sound file before the work for it is done.

    Raises:
        AudioError: The suffix is neither ``.wav`` nor ``.flac``.
    """
    if target.suffix.lower() not in SUFFIXES:
        raise AudioError(target, "has a suffix that ser does not write", "name it .wav or .flac")


def depth_of(source: Path) -> Depth:
    """Says how many bits a file's samples are worth; 16 where it is compressed, or unknown."""
    import soundfile

    try:
        name = os.fsencode(source) if os.name == "posix" else source
        with soundfile.SoundFile(name) as file:
            return _DEPTHS.get(file.subtype, "PCM_16")
    except (soundfile.LibsndfileError, TypeError, OSError):
        return "PCM_16"


@contextlib.contextmanager
def open_sound(
    target: Path, rate: int, channels: int, depth: Depth = "PCM_16", comment: str = ""
) -> Iterator[Callable[[Channels], None]]:
    """Opens a file that replaces `target` when it is whole.

    What lies beyond full scale is clipped, unless `depth` can hold it. Samples that came from 16 or
    24 bits are written as the same bits again.

    Args:
        target: A name that ends in ``.wav`` or ``.flac``.
        rate: Hertz.
        channels: How many.
        depth: How samples are kept; FLAC has no ``FLOAT`` and takes 24 bits.
        comment: What the file says about itself.

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
                if kind == "WAV" and written > _WAV_BYTES:
                    raise AudioError(
                        target, "would have more than 4 GB, which WAV cannot", "name it .flac"
                    )
                file.write(_as_kept(block, depth))

            yield write
    except (OSError, soundfile.LibsndfileError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise cannot_write(target, error, AudioError) from error


def _as_kept(block: Channels, depth: Depth) -> npt.NDArray[np.generic]:
    """Rounds to the bits that are kept: libsndfile would multiply by one less than decoders do."""
    if depth == "FLOAT":
        return block
    bits = 16 if depth == "PCM_16" else 24
    full = float(1 << (bits - 1))
    whole = np.clip(np.rint(block.astype(np.float64) * full), -full, full - 1)
    if bits == 16:
        return whole.astype(np.int16)
    # libsndfile takes the upper three bytes of four.
    return whole.astype(np.int32) << 8
