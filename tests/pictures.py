"""Sound and windows for the tests of pictures, and the size of a PNG."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ser.timeline.window import Window

RATE = 8000
EMOTIONS = ["neutral", "angry", "sad"]


def tone(seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def windows(count: int = 4, gap: float = 0.0) -> list[Window]:
    found = []
    for i in range(count):
        p = np.roll([0.7, 0.2, 0.1], i)
        start = i * (1 + gap)
        chances = dict(zip(EMOTIONS, p.tolist(), strict=True))
        found.append(Window("a.wav", start, start + 1, EMOTIONS[int(p.argmax())], 0.7, chances))
    return found


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data.endswith(b"IEND\xaeB`\x82")
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


def rising_tone(seconds: float, rate: int = 16_000) -> np.ndarray:
    """Rises, so that every moment sounds different."""
    t = np.arange(round(seconds * rate)) / rate
    return (0.4 * np.sin(2 * np.pi * (300 + 40 * t) * t)).astype(np.float32)
