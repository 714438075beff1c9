"""Voices of the synthesizer that are easy to tell apart, and conversations of them."""

from __future__ import annotations

import numpy as np
from speech import render
from spoken import EMOTIONS

from ser.arrays import Samples
from ser.timeline.turn import Turn

RATE = 16_000


def say(speaker: int, seed: int, seconds: float = 2.0) -> Samples:
    """Lets a speaker say something."""
    emotion = EMOTIONS[seed % len(EMOTIONS)]
    return np.asarray(render(emotion, speaker, seed=seed, seconds=seconds), np.float32)


def talk(speakers: list[int], turns: int, *, pause: float = 0.6) -> tuple[Samples, list[Turn]]:
    """Lets speakers take turns of 2.5 s, in their order; names are their numbers."""
    silence = np.random.default_rng(0).normal(0, 1e-5, round(pause * RATE)).astype(np.float32)
    parts, found, at = [silence], [], pause
    for number in range(turns):
        speaker = speakers[number % len(speakers)]
        clip = say(speaker, 40 + number, 2.5)
        parts += [clip, silence]
        found.append(Turn(at, at + len(clip) / RATE, str(speaker)))
        at += len(clip) / RATE + pause
    return np.concatenate(parts), found
