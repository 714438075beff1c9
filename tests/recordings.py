"""Recordings of every unusual kind, and files that only look like recordings."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import soundfile
from speech import render

Samples = npt.NDArray[np.float32]

RATE = 16_000
SECONDS = 3.0


def speech(rate: int = RATE, seconds: float = SECONDS) -> Samples:
    return render("happy", 2, seed=5, sample_rate=rate, seconds=seconds, intensity="strong")


def sound(
    samples: npt.NDArray[np.float32], rate: int, kind: str = "WAV", subtype: str | None = None
) -> bytes:
    """Encodes with libsndfile."""
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()


def encode(
    path: Path,
    codec: str | None,
    samples: Samples,
    rate: int,
    *,
    layout: str = "mono",
    picture: float = 0.0,
) -> Path:
    """Encodes with FFmpeg; the container goes by the suffix.

    Args:
        path: The file to write.
        codec: The encoder's name, or None for no sound at all.
        samples: Shape (samples,), or (channels, samples) with as many channels as the layout.
        rate: Hertz.
        layout: FFmpeg's name of the channels.
        picture: Seconds of a black video beside the sound.
    """
    import av

    with av.open(str(path), "w") as container:
        if picture:
            video = container.add_stream("libvpx" if path.suffix == ".webm" else "mpeg4", rate=25)
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
        if codec is not None:
            track = container.add_stream(codec, rate=rate, layout=layout)
        if picture:
            for _ in range(round(25 * picture)):
                container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(video.encode(None))
        if codec is not None:
            channels = np.ascontiguousarray(np.atleast_2d(samples).T).reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(channels, format="flt", layout=layout)
            frame.sample_rate, frame.pts = rate, 0
            convert = av.AudioResampler(format=track.format.name, layout=layout, rate=rate)
            for part in convert.resample(frame):
                container.mux(track.encode(part))
            container.mux(track.encode(None))
    return path


def _sox(header: int) -> Callable[[], bytes]:
    """WAV as a program writes it to a pipe that it cannot go back in."""

    def make() -> bytes:
        data = bytearray(sound(speech(), RATE))
        data[4:8] = struct.pack("<I", min(header + 36, 0xFFFFFFFF))
        data[40:44] = struct.pack("<I", header)
        return bytes(data)

    return make


def _flac(total: int) -> Callable[[], bytes]:
    """FLAC whose header tells a number of samples; 0 is unknown."""

    def make() -> bytes:
        data = bytearray(sound(speech(), RATE, "FLAC"))
        data[21] = (data[21] & 0xF0) | (total >> 32)
        data[22:26] = struct.pack(">I", total & 0xFFFFFFFF)
        return bytes(data)

    return make


UNUSUAL: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {
        "8-bit.wav": lambda: sound(speech(), RATE, subtype="PCM_U8"),
        "24-bit.wav": lambda: sound(speech(), RATE, subtype="PCM_24"),
        "32-bit.wav": lambda: sound(speech(), RATE, subtype="PCM_32"),
        "float.wav": lambda: sound(speech(), RATE, subtype="FLOAT"),
        "double.wav": lambda: sound(speech(), RATE, subtype="DOUBLE"),
        "u-law.wav": lambda: sound(speech(), RATE, subtype="ULAW"),
        "gsm.wav": lambda: sound(speech(8_000), 8_000, subtype="GSM610"),
        "8-channels.wav": lambda: sound(np.repeat(speech()[:, None], 8, 1), RATE),
        "8kHz.wav": lambda: sound(speech(8_000), 8_000),
        "192kHz.wav": lambda: sound(np.repeat(speech(48_000), 4), 192_000),
        "aiff.wav": lambda: sound(speech(), RATE, "AIFF"),
        "flac.mp3": lambda: sound(speech(), RATE, "FLAC"),
        "caf.wav": lambda: sound(speech(), RATE, "CAF"),
        "w64.wav": lambda: sound(speech(), RATE, "W64"),
        "vorbis.ogg": lambda: sound(speech(), RATE, "OGG", "VORBIS"),
        "opus.ogg": lambda: sound(speech(), RATE, "OGG", "OPUS"),
        "mp3.mp3": lambda: sound(speech(), RATE, "MP3"),
        "ffmpeg's pipe.wav": _sox(0xFFFFFFFF),
        "sox's pipe.wav": _sox(0x7FFFF000),
        "recorder killed.wav": _sox(0),
        "flac's pipe.flac": _flac(0),
        "absurd.flac": _flac(2**36 - 1),
    }
)
"""Sound input of three seconds that is simply read."""


def _damaged(kind: str, start: float = 0.5) -> Callable[[], bytes]:
    def make() -> bytes:
        data = bytearray(sound(speech(), RATE, kind))
        place = round(start * len(data))
        data[place : place + 2000] = np.random.default_rng(1).bytes(2000)
        return bytes(data)

    return make


def _float_with(value: float) -> Callable[[], bytes]:
    def make() -> bytes:
        samples = speech()
        samples[20_000] = value
        return sound(samples, RATE, subtype="FLOAT")

    return make


BAD: Mapping[str, tuple[Callable[[], bytes], str]] = MappingProxyType(
    {
        "empty.wav": (lambda: b"", "is empty"),
        "text.wav": (lambda: b"This is not a recording.\n" * 40, "cannot be decoded"),
        "page.mp3": (lambda: b"<!DOCTYPE html><title>404</title>" * 40, "is a web page"),
        "list.wav": (lambda: b"ffconcat version 1.0\nfile other.wav\n", "cannot be decoded"),
        "zeros.wav": (lambda: bytes(10_000), "it holds zero bytes alone"),
        "pointer.wav": (
            lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "is a Git LFS pointer",
        ),
        "noise.wav": (lambda: np.random.default_rng(0).bytes(20_000), "cannot be decoded"),
        "headerless.raw": (lambda: np.random.default_rng(0).bytes(20_000), "cannot be decoded"),
        "header.wav": (lambda: sound(speech(), RATE)[:44], "holds no samples"),
        "half a header.wav": (lambda: sound(speech(), RATE)[:30], "cannot be decoded"),
        "nan.wav": (_float_with(np.nan), "not numbers"),
        "infinite.wav": (_float_with(-np.inf), "not numbers"),
        "beginning.flac": (lambda: sound(speech(), RATE, "FLAC")[:100], "cannot be decoded"),
        "cut.flac": (lambda: sound(speech(), RATE, "FLAC")[:-20_000], "is incomplete: 1."),
        "beginning.ogg": (lambda: sound(speech(), RATE, "OGG")[:100], "cannot be decoded"),
    }
)
"""Input that is refused, and what is said about it."""

SCRATCHED: Mapping[str, Callable[[], bytes]] = MappingProxyType(
    {"scratched.flac": _damaged("FLAC"), "scratched.mp3": _damaged("MP3")}
)
"""Three seconds with damage in the middle, which is silence."""
