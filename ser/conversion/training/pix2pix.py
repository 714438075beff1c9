"""Trains the U-Net of pix2pix against its discriminator of patches.

The losses of Isola et al. (CVPR 2017): binary cross-entropy of patches, and the L1 distance to the
recording that the target really is, brought to the source's timing. Keras's own `train_on_batch` on
compiled networks does it, so that every backend can: one network is the discriminator, looking at
real and at generated spectrograms, the other the generator with a copy of the discriminator behind
it that is never trained and gets the present weights before each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ser.arrays import Array, Indices
from ser.conversion.models.pix2pix import (
    EMOTION,
    SOURCE,
    Pix2PixMel,
    level_of,
    standardised,
)
from ser.conversion.training.base import PairExamples, TranslationTrainer
from ser.dataset.table import spec_of
from ser.features.layout import columns
from ser.models.backend import quiet_stderr
from ser.models.base import Architecture, Problem
from ser.training.config import TrainConfig
from ser.training.gan_loop import contest, optimiser, train_step, turns
from ser.training.tracing import prepare
from ser.training.trainer import Row, seed_dropout

_REAL, _FAKE, _FOOLED, _DISTANCE = "real", "fake", "fooled", "distance"

# A band that is silent in all of training would have no variance.
_LEAST_VARIANCE = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class _Crops:
    """Parts of pairs.

    Attributes:
        source: Log-mels less the level of the source, (batch, crop, bands).
        target: Those of the target recordings, in the timing of the sources, likewise.
        emotion: Conditions of the targets, (batch, emotions).
    """

    source: Array
    target: Array
    emotion: Array


class Pix2Pix(TranslationTrainer):
    """Trains as this file says.

    Attributes:
        discriminator: It has the network of that name in it, twice with the same weights.
        adversary: The generator, and the discriminator's copy behind it.
    """

    def __init__(
        self, keras: Any, architecture: Architecture, examples: PairExamples, config: TrainConfig
    ) -> None:
        super().__init__(keras, architecture, examples, config)
        self.gan = cast(Pix2PixMel, architecture)
        self.discriminator: Any = None
        self.adversary: Any = None
        self._bands = columns(spec_of(examples.table))["logmel"]

    @cached_property
    def problem(self) -> Problem:
        """Sizes, and mean and variance of each band, less the level; a pass over the recordings."""
        count, total, squares = 0, 0.0, 0.0
        for record in self.examples.indices.tolist():
            logmel = self._spectrogram(record)
            x = logmel.astype(np.float64) - level_of(logmel)
            count, total, squares = count + len(x), total + x.sum(0), squares + (x**2).sum(0)
        mean = np.asarray(total / count)
        variance = np.maximum(squares / count - mean**2, _LEAST_VARIANCE)
        return Problem(
            self.gan.crop,
            len(mean),
            len(self.examples.emotions),
            mean.astype(np.float32),
            variance.astype(np.float32),
        )

    def build(self) -> None:
        """Makes both networks from nothing; see `TranslationTrainer.build`."""
        keras, gan, config = self.keras, self.gan, self.config
        crossentropy = keras.losses.BinaryCrossentropy
        discriminator, adversary = self._discriminator(), self._adversary()
        _, rounds = turns(gan, self.steps)
        with quiet_stderr():
            discriminator.compile(
                optimizer=optimiser(keras, config, config.lr * gan.d_lr, self.steps),
                loss={_REAL: crossentropy(from_logits=True), _FAKE: crossentropy(from_logits=True)},
                # Halved against the generator's, as in the paper.
                loss_weights={_REAL: 0.5, _FAKE: 0.5},
            )
            adversary.compile(
                optimizer=optimiser(keras, config, config.lr, rounds),
                loss={
                    _FOOLED: crossentropy(from_logits=True),
                    _DISTANCE: keras.losses.MeanAbsoluteError(),
                },
                loss_weights={_FOOLED: 1.0, _DISTANCE: gan.l1},
            )
        self.restore(None, {"discriminator": discriminator, "adversary": adversary})

    def companions(self) -> dict[str, Any]:
        """Gives both networks with their optimisers; see `TranslationTrainer.companions`."""
        return {"discriminator": self.discriminator, "adversary": self.adversary}

    def restore(self, model: Any, companions: dict[str, Any]) -> None:
        """Takes over both networks; the model is the generator in one of them."""
        self.discriminator = companions["discriminator"]
        self.adversary = companions["adversary"]
        self.adversary.get_layer("judge").trainable = False
        self.model = self.adversary.get_layer("generator")
        prepare(self.keras, self.discriminator, self.adversary)

    def epoch(self, number: int, on_step: Callable[[int], None]) -> Row:
        """Trains one epoch; see `TranslationTrainer.epoch`.

        Returns:
            ``g_loss`` of the generator and what it is made of: ``g_l1``, the distance in standard
            deviations of the bands, not weighted, and ``g_adversarial``, how little the
            discriminator is fooled. ``d_loss`` of the discriminator, the mean of ``d_real`` and
            ``d_fake``. With ``balance=loss`` also ``d_waits`` and ``g_waits``, the share of steps
            in which either waited.
        """
        seed = self.config.seed
        seed_dropout(self.adversary, seed, number)
        rng = np.random.default_rng((seed, number, 2))
        return contest(
            (self._crops(chosen, rng) for chosen in self.batches(number)),
            self.gan,
            lambda crops, waits: self._discriminate(crops, waits=waits),
            lambda crops, waits: self._generate(crops, waits=waits),
            on_step,
            d_steps=turns(self.gan, self.steps)[0],
            loss="g_adversarial",
        )

    def _discriminate(self, crops: _Crops, *, waits: bool) -> Row:
        """Trains the discriminator on real targets and on generated ones."""
        fake = self.model.predict_on_batch([crops.source, crops.emotion])
        x = [crops.source, crops.emotion, crops.target, np.asarray(fake, np.float32)]
        smooth = self.config.label_smoothing
        figures = train_step(
            self.discriminator.test_on_batch if waits else self.discriminator.train_on_batch,
            x,
            {
                _REAL: np.full(self._patches(crops), 1 - smooth),
                _FAKE: np.full(self._patches(crops), smooth if self.gan.two_sided else 0.0),
            },
        )
        return {
            "d_loss": figures["loss"],
            "d_real": figures[f"{_REAL}_loss"],
            "d_fake": figures[f"{_FAKE}_loss"],
        }

    def _generate(self, crops: _Crops, *, waits: bool) -> Row:
        """Trains the generator to come near the targets, and to pass for real."""
        judge = self.adversary.get_layer("judge")
        judge.set_weights(self.discriminator.get_layer("discriminator").get_weights())
        mean, variance = cast(Array, self.problem.mean), cast(Array, self.problem.variance)
        target = (crops.target - mean) / np.sqrt(variance)
        figures = train_step(
            self.adversary.test_on_batch if waits else self.adversary.train_on_batch,
            [crops.source, crops.emotion],
            {_FOOLED: np.ones(self._patches(crops)), _DISTANCE: target},
        )
        return {
            "g_loss": figures["loss"],
            "g_l1": figures[f"{_DISTANCE}_loss"],
            "g_adversarial": figures[f"{_FOOLED}_loss"],
        }

    def _patches(self, crops: _Crops) -> tuple[int, ...]:
        return (len(crops.source), *self.discriminator.outputs[0].shape[1:])

    def _discriminator(self) -> Any:
        keras = self.keras
        network = self.gan.discriminator(keras, self.problem)
        source, emotion, real = self._inputs(SOURCE, EMOTION, _REAL)
        fake = keras.Input(real.shape[1:], name=_FAKE)
        return keras.Model(
            [source, emotion, real, fake],
            {_REAL: network([source, emotion, real]), _FAKE: network([source, emotion, fake])},
        )

    def _adversary(self) -> Any:
        keras = self.keras
        generator = self.gan.build(keras, self.problem)
        judge = self.gan.discriminator(keras, self.problem)
        judge.name = "judge"
        # Before it is compiled: what is trained is decided then.
        judge.trainable = False
        source, emotion = self._inputs(SOURCE, EMOTION)
        drawn = generator([source, emotion])
        return keras.Model(
            [source, emotion],
            {
                _FOOLED: judge([source, emotion, drawn]),
                _DISTANCE: standardised(keras, self.problem)(drawn),
            },
        )

    def _inputs(self, *names: str) -> list[Any]:
        problem = self.problem
        shapes = {EMOTION: (problem.classes,)}
        picture = (self.gan.crop, problem.coefficients)
        return [self.keras.Input(shapes.get(name, picture), name=name) for name in names]

    def _crops(self, chosen: Indices, rng: np.random.Generator) -> _Crops:
        """Cuts a part out of each pair; a pair that is shorter goes on mirrored."""
        pairs, crop = self.examples.pairs, self.gan.crop
        sources, targets = [], []
        for pair in chosen.tolist():
            source = self._spectrogram(int(pairs.source[pair]))
            target = at(self._spectrogram(int(pairs.target[pair])), pairs.positions[pair])
            level = level_of(source)
            source, target = source - level, target - level
            start = int(rng.integers(0, max(0, len(source) - crop) + 1))
            sources.append(mirrored(source[start : start + crop], crop))
            targets.append(mirrored(target[start : start + crop], crop))
        emotion = self.examples.conditions(pairs.target[chosen])
        return _Crops(np.stack(sources), np.stack(targets), emotion)

    def _spectrogram(self, record: int) -> Array:
        """Gives a record's log-mel without padding, shape (frames, bands)."""
        table = self.examples.table
        return np.asarray(table["x"][record, : int(table["frames"][record]), self._bands])


def at(matrix: Array, positions: npt.NDArray[np.float32]) -> Array:
    """Reads a matrix at fractional rows.

    Args:
        matrix: Shape (rows, n).
        positions: From 0 to rows - 1, shape (m,).

    Returns:
        Shape (m, n).
    """
    below = np.minimum(positions.astype(np.intp), max(0, len(matrix) - 2))
    above = np.minimum(below + 1, len(matrix) - 1)
    part = (positions - below)[:, None].astype(np.float32)
    read: Array = matrix[below] + part * (matrix[above] - matrix[below])
    return read


def mirrored(matrix: Array, rows: int) -> Array:
    """Draws a matrix on, mirrored at its end, to a number of rows; it must not have more."""
    return np.pad(matrix, ((0, rows - len(matrix)), (0, 0)), mode="symmetric")
