"""Encoding of sound for a report: small enough for a page, playable by every browser."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ser.arrays import Samples
from ser.errors import AudioError

EMBED_LIMIT = 23 << 20
"""Bytes of sound that are embedded by default: an hour and forty minutes.

As text in a ``data:`` URI they become a third more, and some browsers take 32 MiB there at most.
"""

_BIT_RATE = 32_000


def encoded_size(seconds: float) -> int:
    """Estimates the size of encoded sound in bytes, from its length in seconds."""
    return round(seconds * _BIT_RATE / 8)


class EncodedFormat(NamedTuple):
    """A way to encode sound.

    Attributes:
        codec: FFmpeg's name of the encoder.
        container: FFmpeg's name of the file format.
        mime: Media type.
        rates: The sample rates that it knows, in hertz.
        options: Of the encoder.
    """

    codec: str
    container: str
    mime: str
    rates: tuple[int, ...]
    options: dict[str, str]


# MP3 first: every browser plays it, and jumps to the exact sample. FFmpeg has AAC in all builds.
# Level 7 is twice as fast as LAME's default, and not to be told apart at this rate.
ENCODED_FORMATS = (
    EncodedFormat(
        "libmp3lame",
        "mp3",
        "audio/mpeg",
        (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000),
        {"compression_level": "7"},
    ),
    EncodedFormat(
        "aac", "mp4", "audio/mp4", (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000), {}
    ),
)
"""The formats in the order in which they are tried."""


class SoundEncoder:
    """Encodes a stream of mono samples at 32 kbit/s.

    Args:
        path: Where to write it; any name.
        rate: Of the samples, in hertz.
        limit: Encoding stops beyond this number of bytes; None for no limit.

    Attributes:
        mime: The media type of the file.
        size: Bytes so far.
        full: The sound did not fit, and the file has been removed.

    Raises:
        AudioError: There is no encoder, or the file cannot be written.
    """

    def __init__(self, path: Path, rate: int, limit: int | None = EMBED_LIMIT) -> None:
        import av

        kind = _first_available()
        self.path = path
        self.mime = kind.mime
        self.size = 0
        self.full = False
        self._limit = limit
        self._rate = rate
        self._count = 0
        target = next((r for r in kind.rates if r >= rate), kind.rates[-1])
        container: Any = av.open(str(path), "w", format=kind.container)
        self._container = container
        self._stream: Any = self._container.add_stream(kind.codec, rate=target, layout="mono")
        self._stream.bit_rate = _BIT_RATE
        self._stream.options = kind.options
        self._resampler = av.AudioResampler(format="fltp", layout="mono", rate=target)

    def add(self, samples: Samples) -> None:
        """Takes the next samples, shape (samples,)."""
        import av

        if self.full or not len(samples):
            return
        # Beyond full scale, which resampling can reach, encoders wrap around or complain.
        clipped = np.clip(samples, -1, 1).astype(np.float32, copy=False)
        frame = av.AudioFrame.from_ndarray(clipped[None], format="fltp", layout="mono")
        frame.sample_rate, frame.pts = self._rate, self._count
        self._count += len(samples)
        self._encode(frame)
        if self._limit is not None and self.size > self._limit:
            self.full = True
            self.close()
            self.path.unlink(missing_ok=True)

    def finish(self) -> None:
        """Completes the file."""
        if self._container is not None and not self.full:
            self._encode(None)
            self._mux(self._stream.encode(None))
            self.close()

    def close(self) -> None:
        """Closes the file, complete or not."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _encode(self, frame: Any) -> None:
        for part in self._resampler.resample(frame):
            self._mux(self._stream.encode(part))

    def _mux(self, packets: Any) -> None:
        for packet in packets:
            self.size += packet.size
            self._container.mux(packet)


def _first_available() -> EncodedFormat:
    import av

    for kind in ENCODED_FORMATS:
        with contextlib.suppress(av.codec.codec.UnknownCodecError):
            av.Codec(kind.codec, "w")
            return kind
    raise AudioError(
        "the sound of the report",
        "cannot be encoded: this PyAV has neither MP3 nor AAC",
        "pip install av, or leave the sound out",
    )
