"""Labelled examples of a table, and the endless stream of batches that training draws from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ser.arrays import Array, Matrix, Vector
from ser.dataset.table import Table, positions_by_speaker, speaker_keys, spec_of, without_features
from ser.errors import TableError
from ser.features.layout import functional_count
from ser.features.prosody.speaker import FEWEST_CLIPS, learn_voice, voices_in_general
from ser.features.spec import FeatureSpec
from ser.training.config import TrainConfig
from ser.training.spec_augment import mixup

Inputs = npt.NDArray[np.float32] | dict[str, npt.NDArray[np.float32]]
"""Features (batch, frames, coefficients); for networks that read functionals too, a dictionary of
``features``, ``functionals`` (batch, n) and ``voice`` (batch, 2, n)."""


Batch = tuple[Inputs, Array, Array]
"""Inputs, one-hot targets (batch, classes), weights."""

# How often the voice of a clip is told, in training.
_TOLD = 0.5


class Examples:
    """Some records of a table, by their numbers; a mapped table stays on disk.

    Args:
        table: A feature table.
        indices: Numbers of the records to use; those without an emotion are left out.
        labels: Emotion names in the order of the targets.
        reads_functionals: Whether they are for a network that reads functionals.
        support: Corpora that only help; see `ser.training.config.TrainConfig`.

    Attributes:
        targets: The emotion of each record as a number, shape (n,).
        main: Whether each is of a corpus that does not only help, shape (n,).

    Raises:
        TableError: A record has an emotion that is not among `labels`, or none has any.
    """

    def __init__(
        self,
        table: Table,
        indices: npt.NDArray[np.intp],
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
            raise TableError(
                "--support",
                "names every corpus of the training clips",
                "leave out those that are to be recognised",
            )

    def __len__(self) -> int:
        return len(self.indices)

    def clip(self, position: int) -> Matrix:
        """Gives the real frames of one example, shape (n, coefficients)."""
        index = self.indices[position]
        matrix: Matrix = self.table["x"][index][: max(1, int(self.table["frames"][index]))]
        return matrix

    def features(self, positions: slice) -> npt.NDArray[np.float32]:
        """Gives examples as they are in the table, shape (batch, frames, coefficients).

        Raises:
            TableError: Some are not numbers.
        """
        x = np.ascontiguousarray(self.table["x"][self.indices[positions]])
        self.insist_on_numbers(x, np.arange(len(self))[positions])
        return x

    def inputs(self, positions: slice) -> Inputs:
        """Gives what a network takes in; a voice counts as not known.

        Raises:
            TableError: Some are not numbers.
        """
        x = self.features(positions)
        if not self.reads_functionals:
            return x
        functionals = self.functionals[positions]
        voice = np.zeros((len(functionals), 2, functionals.shape[1]), np.float32)
        return {"features": x, "functionals": functionals, "voice": voice}

    @cached_property
    def functionals(self) -> Vector:
        """The functionals of every example, shape (n, functionals).

        Raises:
            TableError: The table holds none, or some are not numbers.
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
    def general_voice(self) -> Vector:
        """The mean voice of the main examples, shape (2, functionals)."""
        speakers = np.array(self.speakers, object)
        return voices_in_general(self.functionals[self.main], speakers[self.main])

    @cached_property
    def _by_speaker(self) -> dict[str, npt.NDArray[np.intp]]:
        return positions_by_speaker(without_features(self.table, self.indices))

    @cached_property
    def speakers(self) -> list[str]:
        """Who speaks in each example, with the corpus; `''` where that is not known."""
        return speaker_keys(without_features(self.table, self.indices))

    def some_voices(
        self, positions: npt.NDArray[np.intp], rng: np.random.Generator
    ) -> npt.NDArray[np.float32]:
        """Tells the voices of some of the examples, each learnt from some of its clips.

        Returns:
            Shape (batch, 2, functionals); zeros where the voice is not told.
        """
        voices = np.zeros((len(positions), 2, self.functionals.shape[1]), np.float32)
        for row, position in enumerate(positions.tolist()):
            speaker = self.speakers[position]
            clips = self._by_speaker[speaker]
            if not speaker or len(clips) < FEWEST_CLIPS or rng.random() >= _TOLD:
                continue
            count = int(rng.integers(FEWEST_CLIPS, len(clips) + 1))
            chosen = rng.choice(clips, count, replace=False)
            voices[row] = learn_voice(self.functionals[chosen], self.general_voice)
        return voices

    def insist_on_numbers(
        self, x: npt.NDArray[np.float32], positions: npt.NDArray[np.intp]
    ) -> None:
        """Refuses NaN and infinity: rectifiers turn them to zeros, and nobody would notice.

        Args:
            x: Features of some examples, shape (batch, frames, coefficients).
            positions: Which examples they are, shape (batch,).

        Raises:
            TableError: Some are not numbers; the message names the first clip.
        """
        if np.isfinite(x).all():
            return
        first = int(np.flatnonzero(~np.isfinite(x).all(axis=(1, 2)))[0])
        raise TableError(
            str(self.table["path"][self.indices[positions[first]]]),
            "has features that are not numbers (NaN or infinite)",
            "ser-stats lists such records; extract without them",
        )

    def weights(self, config: TrainConfig) -> npt.NDArray[np.float32]:
        """Gives the weight of each example, with mean 1."""
        if config.class_weight == "none":
            return np.ones(len(self), np.float32)
        counts = np.bincount(self.targets, minlength=len(self.labels))
        weights = (len(self) / (np.count_nonzero(counts) * np.maximum(counts, 1)))[self.targets]
        return weights.astype(np.float32)

    def statistics(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Computes mean and variance of each coefficient over all real frames, shape (c,) each."""
        total = np.zeros(self.table["x"].shape[2])
        square, count = total.copy(), 0
        for position in range(len(self)):
            clip = self.clip(position).astype(np.float64)
            total += clip.sum(axis=0)
            square += np.square(clip).sum(axis=0)
            count += len(clip)
        mean = total / count
        # A coefficient that never changes would be divided by zero.
        variance = np.maximum(square / count - np.square(mean), 1e-8)
        return mean.astype(np.float32), variance.astype(np.float32)


def steps_per_epoch(examples: Examples, config: TrainConfig) -> int:
    """Counts the full batches of an epoch; what is left over has its turn in another epoch."""
    return max(1, clips_per_epoch(examples) // config.batch_size)


def clips_per_epoch(examples: Examples) -> int:
    """Counts the clips of an epoch: the main ones, and at most as many of those that support."""
    main = int(examples.main.sum())
    return main + min(main, len(examples) - main)


def batches(examples: Examples, config: TrainConfig, first_epoch: int = 0) -> Iterator[Batch]:
    """Draws batches without end, each epoch in a new order.

    Order and augmentation depend on seed and epoch alone, so a resumed training sees what the
    uninterrupted one would have seen.

    Args:
        examples: The training examples.
        config: Batch size, augmentation, weights and seed.
        first_epoch: The epoch to begin with.

    Yields:
        See `Batch`.

    Raises:
        TableError: Features are not numbers.
    """
    frames = examples.table["x"].shape[1]
    size = min(config.batch_size, clips_per_epoch(examples))
    one_hot = np.eye(len(examples.labels), dtype=np.float32)
    weights = examples.weights(config)
    epoch = first_epoch
    while True:
        rng = np.random.default_rng((config.seed, epoch))
        order = _order(examples, rng)
        for step in range(steps_per_epoch(examples, config)):
            chosen = order[step * size : (step + 1) * size]
            clips = [examples.clip(int(position)) for position in chosen]
            if frames > 1:
                clips = [config.augment(clip, frames, examples.spec, rng) for clip in clips]
            x, y, weight = np.stack(clips), one_hot[examples.targets[chosen]], weights[chosen]
            examples.insist_on_numbers(x, chosen)
            if config.augment.mixup:
                x, y, weight = mixup((x, y, weight), config.augment.mixup, rng)
            entry: Inputs = x
            if examples.reads_functionals:
                entry = {
                    "features": x,
                    "functionals": examples.functionals[chosen],
                    "voice": examples.some_voices(chosen, rng),
                }
                weight = np.stack([weight, weight * examples.main[chosen]], axis=1)
            yield entry, y, weight
        epoch += 1


def _order(examples: Examples, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """Draws which examples an epoch sees, in which order."""
    if examples.main.all():
        return rng.permutation(len(examples))
    main, support = np.flatnonzero(examples.main), np.flatnonzero(~examples.main)
    some = rng.permutation(support)[: len(main)]
    return rng.permutation(np.concatenate([main, some]))
