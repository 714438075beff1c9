"""Trains `Pix2PixMel`: the U-Net against its patch discriminator.

The losses of Isola et al. (CVPR 2017): binary cross-entropy of patches, and the L1 distance to the
target recording, aligned to the source. Keras's own `train_on_batch` on compiled networks does it,
so that every backend can: one network is the discriminator on real and generated spectrograms, the
other the generator with a frozen copy of the discriminator behind it, which gets the current
weights before each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np

from ser.arrays import Array, Indices
from ser.conversion.contours import interpolate_rows
from ser.conversion.models.pix2pix import (
    EMOTION,
    SOURCE,
    Pix2PixMel,
    mean_level,
    normalization_layer,
)
from ser.conversion.training.base import ConversionTrainer, PairExamples
from ser.dataset.table import spec_of
from ser.features.layout import columns
from ser.models.backend import quiet_stderr
from ser.models.base import Architecture, Problem
from ser.training.config import TrainConfig
from ser.training.gan_loop import count_updates, make_optimizer, train_alternately, train_step
from ser.training.tracing import build_training_state
from ser.training.trainer import EpochFigures, seed_dropout

_REAL, _FAKE, _ADVERSARIAL, _DISTANCE = "real", "fake", "adversarial", "distance"

# The copy of the discriminator in the adversary.
_FROZEN = "frozen_discriminator"

# For bands that are silent in all training recordings.
_MIN_VARIANCE = 1e-2


@dataclass(frozen=True, slots=True, eq=False)
class _Crops:
    """Segments of pairs, of equal length.

    Attributes:
        source: Log-mels relative to the level of the source, (batch, crop, bands).
        target: Those of the target recordings, aligned to the sources, likewise.
        emotion: Condition vectors of the targets, (batch, emotions).
    """

    source: Array
    target: Array
    emotion: Array


class Pix2PixTrainer(ConversionTrainer):
    """Trains a U-Net and a patch discriminator.

    Attributes:
        discriminator: Applies the network of this name to real and to generated spectrograms.
        adversary: The generator with a copy of the discriminator behind it.
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
        """Sizes, and mean and variance of each band relative to the level of the recording."""
        count, total, squares = 0, 0.0, 0.0
        for record in self.examples.indices.tolist():
            logmel = self._spectrogram(record)
            x = logmel.astype(np.float64) - mean_level(logmel)
            count, total, squares = count + len(x), total + x.sum(0), squares + (x**2).sum(0)
        mean = np.asarray(total / count)
        variance = np.maximum(squares / count - mean**2, _MIN_VARIANCE)
        return Problem(
            self.gan.crop,
            len(mean),
            len(self.examples.emotions),
            mean.astype(np.float32),
            variance.astype(np.float32),
        )

    def build(self) -> None:
        """Builds both networks; see `ConversionTrainer.build`."""
        keras, gan, config = self.keras, self.gan, self.config
        crossentropy = keras.losses.BinaryCrossentropy
        discriminator, adversary = self._build_discriminator(), self._build_adversary()
        _, rounds = count_updates(gan, self.steps)
        with quiet_stderr():
            discriminator.compile(
                optimizer=make_optimizer(keras, config, config.lr * gan.d_lr, self.steps),
                loss={_REAL: crossentropy(from_logits=True), _FAKE: crossentropy(from_logits=True)},
                # Half the weight of the generator's loss, as in the paper.
                loss_weights={_REAL: 0.5, _FAKE: 0.5},
            )
            adversary.compile(
                optimizer=make_optimizer(keras, config, config.lr, rounds),
                loss={
                    _ADVERSARIAL: crossentropy(from_logits=True),
                    _DISTANCE: keras.losses.MeanAbsoluteError(),
                },
                loss_weights={_ADVERSARIAL: 1.0, _DISTANCE: gan.l1},
            )
        self.restore(None, {"discriminator": discriminator, "adversary": adversary})

    def training_networks(self) -> dict[str, Any]:
        """Gives both networks with their optimizers; see `ConversionTrainer.training_networks`."""
        return {"discriminator": self.discriminator, "adversary": self.adversary}

    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Takes over both networks; the model is the generator in the adversary."""
        self.discriminator = networks["discriminator"]
        self.adversary = networks["adversary"]
        self.adversary.get_layer(_FROZEN).trainable = False
        self.model = self.adversary.get_layer("generator")
        build_training_state(self.keras, self.discriminator, self.adversary)

    def epoch(self, number: int, on_step: Callable[[int], None]) -> EpochFigures:
        """Trains one epoch; see `ConversionTrainer.epoch`.

        Returns:
            ``g_loss`` of the generator and its terms, not weighted: ``g_l1``, the distance in
            standard deviations of the bands, and ``g_adversarial``, the adversarial loss.
            ``d_loss`` of the discriminator, the mean of ``d_real`` and ``d_fake``. With
            ``balance=loss`` also ``d_waits`` and ``g_waits``, the share of steps in which either
            waited.
        """
        seed = self.config.seed
        seed_dropout(self.adversary, seed, number)
        rng = np.random.default_rng((seed, number, 2))
        return train_alternately(
            (self._crops(chosen, rng) for chosen in self.batches(number)),
            self.gan,
            lambda crops, waits: self._train_discriminator(crops, waits=waits),
            lambda crops, waits: self._train_generator(crops, waits=waits),
            on_step,
            d_steps=count_updates(self.gan, self.steps)[0],
            loss="g_adversarial",
        )

    def _train_discriminator(self, crops: _Crops, *, waits: bool) -> EpochFigures:
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

    def _train_generator(self, crops: _Crops, *, waits: bool) -> EpochFigures:
        """Trains the generator against the current discriminator, and towards the targets."""
        frozen = self.adversary.get_layer(_FROZEN)
        frozen.set_weights(self.discriminator.get_layer("discriminator").get_weights())
        mean, variance = cast(Array, self.problem.mean), cast(Array, self.problem.variance)
        target = (crops.target - mean) / np.sqrt(variance)
        figures = train_step(
            self.adversary.test_on_batch if waits else self.adversary.train_on_batch,
            [crops.source, crops.emotion],
            {_ADVERSARIAL: np.ones(self._patches(crops)), _DISTANCE: target},
        )
        return {
            "g_loss": figures["loss"],
            "g_l1": figures[f"{_DISTANCE}_loss"],
            "g_adversarial": figures[f"{_ADVERSARIAL}_loss"],
        }

    def _patches(self, crops: _Crops) -> tuple[int, ...]:
        return (len(crops.source), *self.discriminator.outputs[0].shape[1:])

    def _build_discriminator(self) -> Any:
        keras = self.keras
        network = self.gan.discriminator(keras, self.problem)
        source, emotion, real = self._inputs(SOURCE, EMOTION, _REAL)
        fake = keras.Input(real.shape[1:], name=_FAKE)
        return keras.Model(
            [source, emotion, real, fake],
            {_REAL: network([source, emotion, real]), _FAKE: network([source, emotion, fake])},
        )

    def _build_adversary(self) -> Any:
        keras = self.keras
        generator = self.gan.build(keras, self.problem)
        frozen = self.gan.discriminator(keras, self.problem)
        frozen.name = _FROZEN
        # Before compiling, which fixes the trainable weights.
        frozen.trainable = False
        source, emotion = self._inputs(SOURCE, EMOTION)
        generated = generator([source, emotion])
        return keras.Model(
            [source, emotion],
            {
                _ADVERSARIAL: frozen([source, emotion, generated]),
                _DISTANCE: normalization_layer(keras, self.problem)(generated),
            },
        )

    def _inputs(self, *names: str) -> list[Any]:
        problem = self.problem
        shapes = {EMOTION: (problem.classes,)}
        spectrogram = (self.gan.crop, problem.coefficients)
        return [self.keras.Input(shapes.get(name, spectrogram), name=name) for name in names]

    def _crops(self, chosen: Indices, rng: np.random.Generator) -> _Crops:
        """Cuts a random segment out of each pair; shorter pairs are padded by reflection."""
        pairs, crop = self.examples.pairs, self.gan.crop
        sources, targets = [], []
        for pair in chosen.tolist():
            source = self._spectrogram(int(pairs.source[pair]))
            target = interpolate_rows(
                self._spectrogram(int(pairs.target[pair])), pairs.positions[pair]
            )
            level = mean_level(source)
            source, target = source - level, target - level
            start = int(rng.integers(0, max(0, len(source) - crop) + 1))
            sources.append(_pad(source[start : start + crop], crop))
            targets.append(_pad(target[start : start + crop], crop))
        emotion = self.examples.conditions(pairs.target[chosen])
        return _Crops(np.stack(sources), np.stack(targets), emotion)

    def _spectrogram(self, record: int) -> Array:
        """Gives a record's log-mel without padding, shape (frames, bands)."""
        table = self.examples.table
        return np.asarray(table["x"][record, : int(table["frames"][record]), self._bands])


def _pad(matrix: Array, rows: int) -> Array:
    """Pads a matrix by reflection to a number of rows; it must not have more."""
    return np.pad(matrix, ((0, rows - len(matrix)), (0, 0)), mode="symmetric")
