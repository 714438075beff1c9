"""Augmentation recipes: alternative chains of transforms, of which each copy draws one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path

import numpy as np

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters, Transform
from ser.augment.noise import Noise, NoiseRecording
from ser.augment.registry import parse_transform
from ser.errors import AudioError, ParameterError, SerError
from ser.io.listing import walk

Chain = tuple[Transform, ...]
DrawnTransforms = tuple[tuple[Transform, Parameters], ...]
"""The transforms of one copy, in their order."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How copies are made: each draws one of the chains, and parameters for its transforms.

    Attributes:
        chains: The alternatives, all equally likely.
    """

    chains: tuple[Chain, ...]

    def __str__(self) -> str:
        return ",".join("+".join(map(str, chain)) for chain in self.chains)

    def draw(self, rng: np.random.Generator) -> DrawnTransforms:
        """Draws the transforms of one copy."""
        chain = self.chains[int(rng.integers(len(self.chains)))]
        return tuple((transform, transform.draw(rng)) for transform in chain)

    def max_label_length(self) -> int:
        """Bounds the length of `format_label` for every copy."""
        return max(sum(t.max_label_length() + 1 for t in chain) - 1 for chain in self.chains)

    def max_duration(self, seconds: float) -> float:
        """Gives the greatest duration of a copy of a clip of so many seconds."""
        return max(
            reduce(lambda length, t: t.max_duration(length), chain, seconds)
            for chain in self.chains
        )


def parse_recipe(text: str, noise_from: Path | None = None) -> Recipe:
    """Reads a recipe: commas between alternatives, plus signs between the links of a chain.

    Args:
        text: As in ``noise:10..20+reverb,stretch``.
        noise_from: A folder of recordings, from which ``noise`` takes its noise.

    Raises:
        ParameterError: A part is no augmentation, or recordings are given for no noise.
        AudioError: The folder holds no recording that can be read.
    """
    chains = tuple(
        tuple(parse_transform(link) for link in chain.split("+")) for chain in text.split(",")
    )
    if noise_from is None:
        return Recipe(chains)
    if not any(isinstance(link, Noise) for chain in chains for link in chain):
        raise ParameterError("noise_from", "means nothing without noise", "add noise to `augment`")
    found = find_noise(noise_from)
    return Recipe(
        tuple(
            tuple(replace(t, recordings=found) if isinstance(t, Noise) else t for t in chain)
            for chain in chains
        )
    )


def find_noise(folder: Path) -> tuple[NoiseRecording, ...]:
    """Finds the recordings of noise under a folder, by their headers.

    Raises:
        AudioError: There is none.
    """
    if not folder.is_dir():
        raise AudioError(folder, "is not a folder", "name one that holds recordings of noise")
    found = []
    for path in walk(folder):
        try:
            seconds = reader.length(path)
        except SerError:
            # One file that is no sound, although its name says so, does not matter.
            continue
        if seconds > 0:
            found.append(NoiseRecording(path, seconds))
    if not found:
        raise AudioError(folder, "holds no recording that can be read", "name another folder")
    return tuple(found)


def format_label(drawn: DrawnTransforms) -> str:
    """Describes a copy for the table: ``stretch=1.08,noise=15dB:pink``."""
    return ",".join(transform.label(parameters) for transform, parameters in drawn)


def apply_transforms(
    drawn: DrawnTransforms, samples: Samples, rate: int, rng: np.random.Generator
) -> Samples:
    """Makes a copy of a clip.

    Args:
        drawn: The transforms.
        samples: Shape (samples,), at least one; not changed.
        rate: Their rate in hertz.
        rng: The random generator, after the transforms were drawn from it.

    Returns:
        Float32, shape (any,).
    """
    for transform, parameters in drawn:
        samples = transform.apply(samples, rate, parameters, rng)
    return samples


def transform_names(label: str) -> str:
    """Gives the names of the transforms in a label, without their values.

    Args:
        label: What the table's field ``augment`` holds, as ``stretch=1.08,noise=15dB:pink``.

    Returns:
        The names in their order, as ``stretch+noise``.
    """
    return "+".join(part.partition("=")[0] for part in label.split(","))
