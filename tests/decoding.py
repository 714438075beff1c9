"""What the tests of decoding share: names of encodings, a sweep, a comparison."""

from __future__ import annotations

import numpy as np

from ser.arrays import Samples
from ser.audio import reader


def similar(found: Samples, expected: Samples) -> float:
    """Correlation of what both have."""
    length = min(len(found), len(expected))
    return float(np.corrcoef(found[:length], expected[:length])[0, 1])


def streamed(source: reader.Source, rate: int, seconds: float = 0.7) -> Samples:
    return np.concatenate(list(reader.stream(source, rate, block_seconds=seconds)))


ENCODINGS = {
    "mono.m4a": ("aac", 44_100, "mono", 0.0),
    "stereo.m4a": ("aac", 48_000, "stereo", 0.0),
    "7.1.m4a": ("aac", 48_000, "7.1", 0.0),
    "lossless.m4a": ("alac", 44_100, "mono", 0.0),
    "opus.webm": ("libopus", 48_000, "mono", 0.0),
    "film.mp4": ("aac", 48_000, "mono", 5.0),
    "film.webm": ("libopus", 48_000, "stereo", 5.0),
    "flac.mka": ("flac", 44_100, "mono", 0.0),
    "lame.mp3": ("libmp3lame", 44_100, "stereo", 0.0),
    "opus.opus": ("libopus", 48_000, "mono", 0.0),
    "adts.aac": ("aac", 48_000, "mono", 0.0),
}


def sweep(rate: int, seconds: float = 12.0) -> Samples:
    time = np.arange(round(rate * seconds)) / rate
    level = 0.3 + 0.1 * np.sin(2 * np.pi * 1.3 * time)
    return (level * np.sin(2 * np.pi * (150 * time + 40 * time**2))).astype(np.float32)
