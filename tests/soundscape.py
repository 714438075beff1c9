"""Three seconds each of what is no speech, synthesised."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.signal import butter, sosfilt

RATE = 16_000
TIME = np.arange(3 * RATE) / RATE


def chords(rng: Any) -> Any:
    """Struck chords with a drum."""
    out = np.zeros(3 * RATE)
    for beat in range(6):
        place = slice(beat * RATE // 2, (beat + 1) * RATE // 2)
        time = TIME[: RATE // 2]
        root = 110 * 2 ** (rng.integers(0, 24) / 12)
        for step in (0, 4, 7):
            tone = root * 2 ** (step / 12)
            waves = sum(np.sin(2 * np.pi * tone * k * time) / k for k in range(1, 8))
            out[place] += waves * np.exp(-rng.uniform(1, 6) * time)
        out[place][:1600] += 2 * rng.standard_normal(1600) * np.exp(-np.arange(1600) / 300)
    return out


def violin(rng: Any) -> Any:
    tone = 220 * 2 ** (rng.integers(0, 24) / 12) * (1 + 0.01 * np.sin(2 * np.pi * 5.5 * TIME))
    phase = 2 * np.pi * np.cumsum(tone) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 12))


def applause(rng: Any) -> Any:
    out = np.zeros(3 * RATE)
    for clap in rng.integers(0, 3 * RATE - 400, 1500):
        out[clap : clap + 400] += rng.standard_normal(400) * np.exp(-np.arange(400) / 40)
    return sosfilt(butter(2, (500, 5000), "bandpass", fs=RATE, output="sos"), out)


def swelling_noise(rng: Any) -> Any:
    """Noise at the rate of syllables."""
    return rng.standard_normal(3 * RATE) * (1 + np.sin(2 * np.pi * 4 * TIME))


def hum(rng: Any) -> Any:
    return sum(np.sin(2 * np.pi * 50 * k * TIME) / k for k in range(1, 20))


def nothing(rng: Any) -> Any:
    return np.zeros(3 * RATE)


NO_SPEECH = (chords, violin, applause, swelling_noise, hum)
