"""Changes to a clip's features while training, so that no clip is seen twice the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ser.arrays import Array, Matrix
from ser.errors import SerError
from ser.features.spec import FeatureSpec


@dataclass(frozen=True, slots=True)
class SpectrogramAugmentation:
    """Time stretch, frequency shift, masks, and a random place within the frames.

    Masks follow SpecAugment (Park et al., Interspeech 2019); what is masked becomes the clip's
    mean, which for normalised features is zero.

    Attributes:
        stretch: Largest relative change of duration, up and down; 0 for none.
        stretch_share: Share of clips that are stretched.
        shift: Largest shift along frequency in bands; only mel features are shifted.
        shift_share: Share of clips that are shifted.
        time_masks: Number of masks along time.
        time_width: Largest width of each in frames.
        frequency_masks: Number of masks along the coefficients.
        frequency_width: Largest width of each in coefficients.
        mixup: How evenly the clips of a batch are mixed in pairs (`ser.training.spec_augment`); 0
            for not at all. It is nothing that is done to one clip by itself.
    """

    stretch: float = 0.25
    stretch_share: float = 0.5
    shift: int = 3
    shift_share: float = 0.5
    time_masks: int = 1
    time_width: int = 25
    frequency_masks: int = 1
    frequency_width: int = 10
    mixup: float = 0.0

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            SerError: A value is negative.
        """
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise SerError(f"augment.{field.name}", "must not be negative")

    def __call__(
        self, matrix: Matrix, frames: int, spec: FeatureSpec, rng: np.random.Generator
    ) -> Matrix:
        """Augments one clip.

        Args:
            matrix: The clip's real frames, shape (n, coefficients); not changed.
            frames: Frames of the result; longer clips are cut at a random place, shorter ones
                padded at both ends.
            spec: The specification of the features.
            rng: The source of chance.

        Returns:
            Shape (frames, coefficients).
        """
        if self.stretch and rng.random() < self.stretch_share:
            factor = rng.uniform(1 / (1 + self.stretch), 1 + self.stretch)
            matrix = _stretch(matrix, max(2, round(len(matrix) * factor)))
        else:
            matrix = matrix.copy()
        if self.shift and can_shift(spec) and rng.random() < self.shift_share:
            matrix = _shift_bands(matrix, int(rng.integers(-self.shift, self.shift + 1)))
        fill = matrix.mean(axis=0)
        for _ in range(self.frequency_masks):
            start, end = _random_span(matrix.shape[1], self.frequency_width, rng)
            matrix[:, start:end] = fill[start:end]
        for _ in range(self.time_masks):
            start, end = _random_span(len(matrix), self.time_width, rng)
            matrix[start:end] = fill
        return _place_in_frames(matrix, frames, rng)


NO_AUGMENTATION = SpectrogramAugmentation(stretch=0.0, shift=0, time_masks=0, frequency_masks=0)
"""Clips as they are, but for their random place within the frames."""


def can_shift(spec: FeatureSpec) -> bool:
    """Says whether a shift along frequency means anything for these features."""
    # Moving cepstra or a mixture of families along their index would mean nothing.
    return spec.families in (("mel",), ("logmel",)) and not spec.deltas


def _stretch(matrix: Matrix, count: int) -> Matrix:
    """Resamples the frames linearly."""
    position = np.linspace(0, len(matrix) - 1, count)
    before = position.astype(np.intp)
    after = np.minimum(before + 1, len(matrix) - 1)
    weight = (position - before).astype(np.float32)[:, None]
    stretched: Matrix = matrix[before] * (1 - weight) + matrix[after] * weight
    return stretched


def _shift_bands(matrix: Matrix, bands: int) -> Matrix:
    """Moves the bands and repeats the outermost one."""
    column = np.clip(np.arange(matrix.shape[1]) - bands, 0, matrix.shape[1] - 1)
    shifted: Matrix = matrix[:, column]
    return shifted


def _random_span(size: int, widest: int, rng: np.random.Generator) -> tuple[int, int]:
    # Never more than a quarter: a short clip must keep something to be recognised by.
    width = int(rng.integers(0, min(widest, size // 4) + 1))
    start = int(rng.integers(0, size - width + 1))
    return start, start + width


def _place_in_frames(matrix: Matrix, frames: int, rng: np.random.Generator) -> Matrix:
    spare = frames - len(matrix)
    if spare <= 0:
        start = int(rng.integers(0, -spare + 1))
        return matrix[start : start + frames]
    before = int(rng.integers(0, spare + 1))
    return np.pad(matrix, ((before, spare - before), (0, 0)))


# Mixes the clips of a batch in pairs, and their emotions with them.


def mixup(batch: Sequence[Array], alpha: float, rng: np.random.Generator) -> list[Array]:
    """Mixes each clip of a batch with another one.

    mixup (Zhang et al., ICLR 2018): where a network may not be sure of mixtures, it cannot learn
    clips by heart. Each clip stays the greater part of its own mixture.

    Args:
        batch: What belongs to the clips: features, targets, weights; shape (batch, ...) each.
        alpha: Both parameters of the beta distribution that shares are drawn from; the greater, the
            more even the mixtures.
        rng: The source of chance.

    Returns:
        The same, mixed.
    """
    size = len(batch[0])
    share = rng.beta(alpha, alpha, size).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(size)

    def mixed(values: Array) -> Array:
        own = share.reshape(size, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[other]

    return [mixed(values) for values in batch]
