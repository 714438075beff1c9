"""Random augmentation of features during training: SpecAugment, stretching, shifting, mixup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from ser.arrays import Array, Matrix
from ser.features.spec import FeatureSpec
from ser.models.limits import NOT_NEGATIVE, SHARE


@dataclass(frozen=True, slots=True)
class SpectrogramAugmentation:
    """Time stretch, frequency shift, masks, and a random position within the frames.

    Masks follow SpecAugment (Park et al., Interspeech 2019). Masked features are replaced by the
    clip's mean, which is zero for normalized features.

    Attributes:
        stretch: Largest relative change of duration, up and down; 0 for none.
        stretch_share: Share of clips that are stretched.
        shift: Largest shift along frequency in bands; only mel features are shifted.
        shift_share: Share of clips that are shifted.
        time_masks: Number of masks along time.
        time_width: Largest width of each in frames.
        frequency_masks: Number of masks along the coefficients.
        frequency_width: Largest width of each in coefficients.
        mixup: The parameter alpha of `mixup`, which mixes the clips of a batch in pairs; 0 for
            none. `__call__`, which changes one clip, does not use it.
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
            HyperparameterError: A value is out of its range.
        """
        for field in fields(self):
            limits = SHARE if field.name.endswith("_share") else NOT_NEGATIVE
            limits.check(f"augment.{field.name}", getattr(self, field.name))

    def __call__(
        self, matrix: Matrix, frames: int, spec: FeatureSpec, rng: np.random.Generator
    ) -> Matrix:
        """Augments one clip.

        Args:
            matrix: The clip's frames without padding, shape (n, coefficients); not changed.
            frames: Frames of the result. Longer clips are cut at a random position, shorter ones
                padded at both ends.
            spec: The specification of the features.
            rng: The random generator.

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
"""No change but the random position within the frames."""


def can_shift(spec: FeatureSpec) -> bool:
    """Says whether these features can be shifted along frequency."""
    # Cepstral coefficients and mixtures of families have no frequency axis.
    return spec.families in (("mel",), ("logmel",)) and not spec.deltas


def mixup(batch: Sequence[Array], alpha: float, rng: np.random.Generator) -> list[Array]:
    """Replaces each clip of a batch by a weighted mean of it and another clip.

    mixup (Zhang et al., ICLR 2018). Features, targets and weights are mixed alike. Each clip has at
    least half of the weight in its own mixture.

    Args:
        batch: Features, targets and weights of the clips, shape (batch, ...) each.
        alpha: Both parameters of the beta distribution that the weights are drawn from. The larger,
            the more even are the mixtures.
        rng: The random generator.

    Returns:
        The mixed features, targets and weights.
    """
    size = len(batch[0])
    share = rng.beta(alpha, alpha, size).astype(np.float32)
    share = np.maximum(share, 1 - share)
    other = rng.permutation(size)

    def mix(values: Array) -> Array:
        own = share.reshape(size, *[1] * (values.ndim - 1))
        return own * values + (1 - own) * values[other]

    return [mix(values) for values in batch]


def _stretch(matrix: Matrix, count: int) -> Matrix:
    """Resamples the frames linearly."""
    position = np.linspace(0, len(matrix) - 1, count)
    before = position.astype(np.intp)
    after = np.minimum(before + 1, len(matrix) - 1)
    weight = (position - before).astype(np.float32)[:, None]
    stretched: Matrix = matrix[before] * (1 - weight) + matrix[after] * weight
    return stretched


def _shift_bands(matrix: Matrix, bands: int) -> Matrix:
    """Shifts the bands and repeats the outermost one."""
    column = np.clip(np.arange(matrix.shape[1]) - bands, 0, matrix.shape[1] - 1)
    shifted: Matrix = matrix[:, column]
    return shifted


def _random_span(size: int, widest: int, rng: np.random.Generator) -> tuple[int, int]:
    # At most a quarter, so that enough of a short clip remains.
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
