"""Recordings whose time is not simply that of their samples: gaps, late starts, joined parts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float32]

BURSTS = (3.0, 7.0)
"""Where `marks` has its bursts, in seconds."""

# Container, codec, sample rate, options.
CONTAINERS: Mapping[str, tuple[str, int, Mapping[str, str]]] = {
    "opus.webm": ("libopus", 48_000, {}),
    "aac.mp4": ("aac", 44_100, {}),
    "aac.mkv": ("aac", 44_100, {}),
    "aac.ts": ("aac", 44_100, {}),
    "aac.flv": ("aac", 44_100, {}),
    "fragmented.mp4": (
        "aac",
        44_100,
        {"movflags": "frag_keyframe+empty_moov+default_base_moof", "frag_duration": "1000000"},
    ),
    "opus.ogg": ("libopus", 48_000, {}),
    "lame.mp3": ("libmp3lame", 44_100, {}),
    "adts.aac": ("aac", 44_100, {}),
    "plain.flac": ("flac", 44_100, {}),
}
"""Every container of sound that people send each other, and what it is made with."""

STAMPED = tuple(
    name for name in CONTAINERS if name not in ("lame.mp3", "adts.aac", "plain.flac", "opus.ogg")
)
"""Those that keep the time of each packet, and are decoded by FFmpeg, which tells it."""


def marks(rate: int, seconds: float = 10.0) -> Samples:
    """Half a second of a tone at each of `BURSTS`, and silence."""
    time = np.arange(round(rate * seconds)) / rate
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    within = sum(((time >= at) & (time < at + 0.5)).astype(float) for at in BURSTS)
    return (tone * within).astype(np.float32)


def onsets(samples: Samples, rate: int) -> list[float]:
    """Finds where bursts begin, in seconds."""
    hop = rate // 200
    level = np.abs(samples[: len(samples) // hop * hop]).reshape(-1, hop).max(axis=1)
    places = np.flatnonzero(level > 0.1)
    # Within a burst there is no tenth of a second without sound.
    begins = places[np.diff(places, prepend=-1000) > 20]
    return [float(place * hop / rate) for place in begins]


def write_packets(
    path: Path,
    codec: str,
    samples: Samples,
    rate: int,
    *,
    layout: str = "mono",
    dropped: tuple[float, float] = (0.0, 0.0),
    late: float = 0.0,
    picture: bool = False,
    options: Mapping[str, str] | None = None,
) -> list[tuple[float, float]]:
    """Encodes sound, and leaves packets out or gives them other times.

    Args:
        path: The file; the container goes by its ending.
        codec: The encoder's name.
        samples: Shape (samples,), or (channels, samples).
        rate: Hertz.
        layout: FFmpeg's name of the channels.
        dropped: Packets that begin from here to there, in seconds, are not written.
        late: So many seconds are added to the time of every packet of sound.
        picture: A video begins beside it, at zero.
        options: Of the container.

    Returns:
        Start and length of every packet that was written, in seconds.
    """
    import av

    written = []
    with av.open(str(path), "w", options=dict(options or {})) as container:
        video: Any = None
        if picture:
            video = container.add_stream("mpeg4", rate=25)
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
        track = container.add_stream(codec, rate=rate, layout=layout)
        if video is not None:
            for _ in range(round(25 * (len(np.atleast_2d(samples)[0]) / rate + late))):
                container.mux(video.encode(av.VideoFrame(64, 64, "yuv420p")))
            container.mux(video.encode(None))
        interleaved = np.ascontiguousarray(np.atleast_2d(samples).T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
        frame.sample_rate, frame.pts = rate, 0
        convert = av.AudioResampler(format=track.format.name, layout=layout, rate=rate)
        packets = [p for part in convert.resample(frame) for p in track.encode(part)]
        packets += track.encode(None)
        for packet in packets:
            at = float(packet.pts * packet.time_base)
            if dropped[0] <= at < dropped[1]:
                continue
            shift = round(late / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            written.append((at + late, float(packet.duration * packet.time_base)))
            container.mux(packet)
    return written


def packet_times(path: Path) -> list[tuple[float, float]]:
    """Reads start and length of every packet of sound, in seconds, as ffprobe shows them."""
    import av

    found = []
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                base = packet.time_base
                found.append((float(packet.pts * base), float((packet.duration or 0) * base)))
    return found
