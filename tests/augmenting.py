"""What the tests of augmentation share: clips, a transform by its text, figures of the result."""

from __future__ import annotations

import itertools

import numpy as np
from recordings import RATE, speech

from ser.arrays import Samples
from ser.augment.registry import parse_transform
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

CLIP = speech(RATE, 2.0)


# A vowel of 140 Hz that swells and fades: its pitch is the same wherever it is measured.
_TIME = np.arange(2 * RATE) / RATE


VOWEL = sum(np.sin(2 * np.pi * 140 * k * _TIME + k) / k for k in range(1, 20))


VOWEL = (0.1 * VOWEL * (1.2 + np.sin(2 * np.pi * 3 * _TIME))).astype(np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def transformed(text: str, samples: Samples = CLIP, seed: int = 0) -> Samples:
    chance = rng(seed)
    transform = parse_transform(text)
    return transform.apply(samples, RATE, transform.draw(chance), chance)


def pitch_of(samples: Samples) -> float:
    spec = FeatureSpec(families=("f0",), n_fft=2048, win_length=2048, hop_length=256)
    f0 = Extractor(spec)(samples)[:, 0]
    return float(np.median(f0[f0 > 0]))


def powers(samples: Samples, edges: tuple[float, ...]) -> list[float]:
    """Mean power between each two edges in hertz."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    return [
        float(power[(frequency >= low) & (frequency < high)].mean())
        for low, high in itertools.pairwise(edges)
    ]
