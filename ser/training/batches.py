"""Labeled examples of a table, and the endless stream of batches that training draws from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from ser.arrays import Array, Indices, Inputs, Matrix, Vector
from ser.dataset.table import Table, positions_by_speaker, speaker_keys, spec_of, without_features
from ser.errors import ParameterError, TableError
from ser.features.layout import functional_count
from ser.features.prosody.speaker import MIN_CLIPS, average_baseline, estimate_baseline
from ser.features.spec import FeatureSpec
from ser.training.config import TrainConfig
from ser.training.spec_augment import mixup

Batch = tuple[Inputs, Array, Array]
"""Inputs, one-hot targets (batch, classes), and sample weights (batch,).

The inputs are features (batch, frames, coefficients). For networks that read functionals they are a
dictionary of ``features``, ``functionals`` (batch, n) and ``voice``, the baselines of the speakers
(batch, 2, n); the weights are (batch, 2) then: of the spectral experts, and of prosody."""

# The share of training clips that the network is given a baseline for.
_BASELINE_SHARE = 0.5


class Examples:
    """Some labeled records of a table. The features of a mapped table stay on disk.

    Args:
        table: A feature table.
        indices: Numbers of the records to use; those without an emotion are left out.
        labels: Emotion names in the order of the targets.
        reads_functionals: Whether they are for a network that reads functionals.
        support: Supporting corpora; see `ser.training.config.TrainConfig`.

    Attributes:
        targets: The emotion of each record as a number, shape (n,).
        main: Whether each record is of a corpus that is not supporting, shape (n,).

    Raises:
        TableError: A record has an emotion that is not among `labels`, or none has any.
    """

    def __init__(
        self,
        table: Table,
        indices: Indices,
        labels: Sequence[str],
        *,
        reads_functionals: bool = False,
        support: Sequence[str] = (),
    ) -> None:
        self.table = table
        self.reads_functionals = reads_functionals
        self.labels = tuple(labels)
        self.spec: FeatureSpec = spec_of(table)
        emotions = np.asarray(table["y"])[indices]
        self.indices = indices[emotions != ""]
        if not len(self.indices):
            raise TableError("table", "has no labelled records", "extract from a labelled corpus")
        number = {label: i for i, label in enumerate(self.labels)}
        unknown = sorted(set(emotions.tolist()) - {""} - set(number))
        if unknown:
            raise TableError(
                "validation table",
                f"has emotions that the training table lacks: {', '.join(unknown)}",
                "harmonise them with ser-merge --map or --drop",
            )
        self.targets = np.array([number[e] for e in emotions[emotions != ""].tolist()], np.intp)
        self.main = ~np.isin(np.asarray(table["corpus"])[self.indices], list(support))
        if not self.main.any():
            raise ParameterError(
                "support",
                "names every corpus of the training clips",
                "leave out those that are to be recognized",
            )

    def __len__(self) -> int:
        return len(self.indices)

    def clip(self, position: int) -> Matrix:
        """Gives the frames of one example without padding, shape (n, coefficients)."""
        index = self.indices[position]
        matrix: Matrix = self.table["x"][index][: max(1, int(self.table["frames"][index]))]
        return matrix

    def features(self, positions: slice) -> Array:
        """Gives the features of examples, shape (batch, frames, coefficients).

        Raises:
            TableError: Some are not finite.
        """
        x = np.ascontiguousarray(self.table["x"][self.indices[positions]])
        self.check_finite(x, np.arange(len(self))[positions])
        return x

    def inputs(self, positions: slice) -> Inputs:
        """Gives the inputs of a network for examples, without baselines of speakers.

        Raises:
            TableError: Some are not finite.
        """
        x = self.features(positions)
        if not self.reads_functionals:
            return x
        functionals = self.functionals[positions]
        voice = np.zeros((len(functionals), 2, functionals.shape[1]), np.float32)
        return {"features": x, "functionals": functionals, "voice": voice}

    @cached_property
    def functionals(self) -> Matrix:
        """The functionals of every example, shape (n, functionals).

        Raises:
            TableError: The table holds none, or some are not finite.
        """
        if not functional_count(self.spec):
            raise TableError(
                "table",
                "holds no functionals, which this architecture reads",
                "extract with --functionals prosody",
            )
        functionals = np.ascontiguousarray(self.table["functionals"][self.indices])
        if not np.isfinite(functionals).all():
            raise TableError("table", "has functionals that are not numbers", "extract it again")
        return functionals

    @cached_property
    def general_baseline(self) -> Matrix:
        """The mean baseline of the speakers of the main examples, shape (2, functionals)."""
        speakers = np.array(self.speakers, object)
        return average_baseline(self.functionals[self.main], speakers[self.main])

    @cached_property
    def _by_speaker(self) -> dict[str, Indices]:
        return positions_by_speaker(without_features(self.table, self.indices))

    @cached_property
    def speakers(self) -> list[str]:
        """The speaker of each example as ``corpus/speaker``; ``''`` where not known."""
        return speaker_keys(without_features(self.table, self.indices))

    def random_baselines(self, positions: Indices, rng: np.random.Generator) -> Array:
        """Computes baselines of the speakers of some examples, from random clips of theirs.

        Args:
            positions: The examples, shape (batch,).
            rng: The random generator.

        Returns:
            Mean and deviation of the functionals, shape (batch, 2, functionals). Zeros for a random
            half of the examples, and where the speaker is not known or has too few clips.
        """
        baselines = np.zeros((len(positions), 2, self.functionals.shape[1]), np.float32)
        for row, position in enumerate(positions.tolist()):
            speaker = self.speakers[position]
            clips = self._by_speaker[speaker]
            if not speaker or len(clips) < MIN_CLIPS or rng.random() >= _BASELINE_SHARE:
                continue
            count = int(rng.integers(MIN_CLIPS, len(clips) + 1))
            chosen = rng.choice(clips, count, replace=False)
            baselines[row] = estimate_baseline(self.functionals[chosen], self.general_baseline)
        return baselines

    def check_finite(self, x: Array, positions: Indices) -> None:
        """Refuses NaN and infinity, which rectifiers would silently turn into zeros.

        Args:
            x: Features of some examples, shape (batch, frames, coefficients).
            positions: Which examples they are, shape (batch,).

        Raises:
            TableError: Some are not finite; the message names the first clip.
        """
        if np.isfinite(x).all():
            return
        first = int(np.flatnonzero(~np.isfinite(x).all(axis=(1, 2)))[0])
        raise TableError(
            str(self.table["path"][self.indices[positions[first]]]),
            "has features that are not numbers (NaN or infinite)",
            "ser-stats lists such records; extract without them",
        )

    def weights(self, config: TrainConfig) -> Vector:
        """Computes the sample weight of each example, shape (n,), with mean 1."""
        if config.class_weight == "none":
            return np.ones(len(self), np.float32)
        counts = np.bincount(self.targets, minlength=len(self.labels))
        weights = (len(self) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[self.targets]
        return weights.astype(np.float32)

    def statistics(self) -> tuple[Vector, Vector]:
        """Computes mean and variance of each coefficient over all frames without padding.

        Returns:
            Shape (coefficients,) each.
        """
        total = np.zeros(self.table["x"].shape[2])
        square, count = total.copy(), 0
        for position in range(len(self)):
            clip = self.clip(position).astype(np.float64)
            total += clip.sum(axis=0)
            square += np.square(clip).sum(axis=0)
            count += len(clip)
        mean = total / count
        # The variance of a constant coefficient would be a division by zero.
        variance = np.maximum(square / count - np.square(mean), 1e-8)
        return mean.astype(np.float32), variance.astype(np.float32)


def steps_per_epoch(examples: Examples, config: TrainConfig) -> int:
    """Counts the full batches of an epoch. Clips left over are likely to be in the next epoch."""
    return max(1, clips_per_epoch(examples) // config.batch_size)


def clips_per_epoch(examples: Examples) -> int:
    """Counts the clips of an epoch: the main ones, and at most as many of supporting corpora."""
    main = int(examples.main.sum())
    return main + min(main, len(examples) - main)


def batches(examples: Examples, config: TrainConfig, first_epoch: int = 0) -> Iterator[Batch]:
    """Draws an endless stream of batches, each epoch in a new random order.

    Order and augmentation depend on seed and epoch alone, so a resumed training gets the same
    batches as an uninterrupted one.

    Args:
        examples: The training examples.
        config: Batch size, augmentation, weights and seed.
        first_epoch: The epoch to begin with.

    Yields:
        See `Batch`.

    Raises:
        TableError: Features are not finite.
    """
    frames = examples.table["x"].shape[1]
    size = min(config.batch_size, clips_per_epoch(examples))
    one_hot = np.eye(len(examples.labels), dtype=np.float32)
    weights = examples.weights(config)
    epoch = first_epoch
    while True:
        rng = np.random.default_rng((config.seed, epoch))
        order = _random_order(examples, rng)
        for step in range(steps_per_epoch(examples, config)):
            chosen = order[step * size : (step + 1) * size]
            clips = [examples.clip(int(position)) for position in chosen]
            if frames > 1:
                clips = [config.augment(clip, frames, examples.spec, rng) for clip in clips]
            x, y, weight = np.stack(clips), one_hot[examples.targets[chosen]], weights[chosen]
            examples.check_finite(x, chosen)
            if config.augment.mixup:
                x, y, weight = mixup((x, y, weight), config.augment.mixup, rng)
            inputs: Inputs = x
            if examples.reads_functionals:
                inputs = {
                    "features": x,
                    "functionals": examples.functionals[chosen],
                    "voice": examples.random_baselines(chosen, rng),
                }
                weight = np.stack([weight, weight * examples.main[chosen]], axis=1)
            yield inputs, y, weight
        epoch += 1


def _random_order(examples: Examples, rng: np.random.Generator) -> Indices:
    """Draws the examples of an epoch, and their order."""
    if examples.main.all():
        return rng.permutation(len(examples))
    main, support = np.flatnonzero(examples.main), np.flatnonzero(~examples.main)
    some = rng.permutation(support)[: len(main)]
    return rng.permutation(np.concatenate([main, some]))
