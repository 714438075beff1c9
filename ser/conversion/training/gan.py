"""Trains `GANTranslate`: the generator against its discriminator and auxiliary classifiers.

Keras's own `train_on_batch` on compiled networks does it, as in `ser.training.adversarial`. One
network is the discriminator. The other is the adversary: the generator, time warping of the changed
contours, and behind them a copy of the discriminator and the frozen auxiliary classifiers, whose
outputs have losses of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, cast

import numpy as np

from ser.conversion.contour_grid import (
    MASK,
    N_CEPSTRA,
    N_CHANGED,
    N_COLUMNS,
    N_FEATURES,
    PITCH,
    VOICED,
)
from ser.conversion.models.auxiliary import (
    EMOTION_CLASSIFIERS,
    SPEAKER_CLASSIFIER,
    auxiliary_classifier,
)
from ser.conversion.models.gan import SCORE, GANTranslate
from ser.conversion.models.time_warp import warp
from ser.conversion.training.auxiliary import fit_auxiliary_classifier
from ser.conversion.training.base import ConversionTrainer
from ser.conversion.training.gan_batches import ENVELOPE, F0, LENGTH, PairBatch, PairBatches
from ser.models.backend import quiet_stderr
from ser.training.gan_loop import count_updates, make_optimizer, train_alternately, train_step
from ser.training.tracing import build_training_state
from ser.training.trainer import EpochFigures, seed_dropout

GENERATOR, DISCRIMINATOR, CONVERTED = "generator", "discriminator", "converted"
ADVERSARIAL = "adversarial"
CLASSIFIERS = (*EMOTION_CLASSIFIERS, SPEAKER_CLASSIFIER)

# Weights of the parts of the distance to the target recording: a semitone is heard more than a
# decibel in some bands.
_DISTANCE_WEIGHTS = {ENVELOPE: 1.0, F0: 1.2, LENGTH: 5.0}


class GANTrainer(ConversionTrainer):
    """Trains a generator, a discriminator and auxiliary classifiers.

    Attributes:
        discriminator: Compiled.
        adversary: The generator with everything behind it, compiled.
        converter: The adversary up to the converted contours, for the discriminator.
    """

    discriminator: Any
    adversary: Any
    converter: Any

    @property
    def gan(self) -> GANTranslate:
        """The architecture."""
        return cast(GANTranslate, self.architecture)

    @cached_property
    def data(self) -> PairBatches:
        """The training data."""
        return PairBatches(self.examples)

    def build(self) -> None:
        """Trains the auxiliary classifiers and builds the networks; see `ConversionTrainer`."""
        keras, gan, config = self.keras, self.gan, self.config
        emotions = len(self.examples.emotions)
        classifiers = [self._fit_classifier(name) for name in CLASSIFIERS]
        generator = gan.generator(keras, emotions, self.data.scale)
        generator.name = GENERATOR
        adversary = self._build_adversary(generator, classifiers)
        discriminator = gan.discriminator(keras, self.data.result_steps, emotions)
        losses = keras.losses
        _, rounds = count_updates(gan, self.steps)
        with quiet_stderr():
            discriminator.compile(
                optimizer=make_optimizer(keras, config, config.lr * gan.d_lr, self.steps),
                loss={SCORE: self._adversarial_loss()},
            )
            adversary.compile(
                optimizer=make_optimizer(keras, config, config.lr, rounds),
                loss={
                    **{name: losses.MeanAbsoluteError() for name in _DISTANCE_WEIGHTS},
                    ADVERSARIAL: self._adversarial_loss(),
                    **{
                        name: losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
                        for name in CLASSIFIERS
                    },
                },
                loss_weights={
                    **{
                        name: gan.distance_weight * weight
                        for name, weight in _DISTANCE_WEIGHTS.items()
                    },
                    ADVERSARIAL: gan.adversarial_weight,
                    **{
                        name: gan.emotion_weight / len(EMOTION_CLASSIFIERS)
                        for name in EMOTION_CLASSIFIERS
                    },
                    SPEAKER_CLASSIFIER: gan.speaker_weight,
                },
            )
        self._set_networks(discriminator, adversary)

    def training_networks(self) -> dict[str, Any]:
        """Gives both networks with their optimizers; see `ConversionTrainer`."""
        return {"discriminator": self.discriminator, "adversary": self.adversary}

    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Takes over the networks of a checkpoint; see `ConversionTrainer`."""
        self._set_networks(networks["discriminator"], networks["adversary"])

    def epoch(self, number: int, on_step: Callable[[int], None]) -> EpochFigures:
        """Trains one epoch; see `ConversionTrainer`.

        Returns:
            The distance to the target recordings in envelope, F0 and length (``envelope_near``,
            ``pitch_near``, ``length_near``), the generator's adversarial loss, the loss of each
            auxiliary classifier, and the discriminator's loss, ``d_loss``.
        """
        seed_dropout(self.discriminator, self.config.seed, number)
        seed_dropout(self.adversary, self.config.seed, number)
        rng = np.random.default_rng((self.config.seed, number, 1))
        return train_alternately(
            (self.data.batch(pairs, rng) for pairs in self.batches(number)),
            self.gan,
            lambda batch, waits: self._train_discriminator(batch, waits=waits),
            lambda batch, waits: self._train_generator(batch, waits=waits),
            on_step,
            d_steps=count_updates(self.gan, self.steps)[0],
        )

    @property
    def real_target(self) -> float:
        """The discriminator's target for real recordings."""
        return 1.0 - self.gan.adversarial_smoothing * (1.0 - self._lowest_target)

    @property
    def converted_target(self) -> float:
        """The discriminator's target for converted recordings."""
        smooth = self.gan.adversarial_smoothing if self.gan.two_sided else 0.0
        return self._lowest_target + smooth * (1.0 - self._lowest_target)

    @property
    def _lowest_target(self) -> float:
        return -1.0 if self.gan.loss == "hinge" else 0.0

    def _set_networks(self, discriminator: Any, adversary: Any) -> None:
        self.discriminator, self.adversary = discriminator, adversary
        for name in (DISCRIMINATOR, *CLASSIFIERS):
            adversary.get_layer(name).trainable = False
        self.model = adversary.get_layer(GENERATOR)
        self.converter = self.keras.Model(
            adversary.inputs, adversary.get_layer(CONVERTED).output, name="converter"
        )
        build_training_state(self.keras, discriminator, adversary)

    def _fit_classifier(self, name: str) -> Any:
        """Trains an auxiliary classifier on the real recordings."""
        examples = self.examples
        if name == SPEAKER_CLASSIFIER:
            targets, classes = examples.speaker, len(examples.speakers)
        else:
            targets, classes = examples.emotion, len(examples.emotions)
        records = examples.indices
        relative = name != SPEAKER_CLASSIFIER
        contours = np.stack(
            [self.data.real_input(record, speaker_relative=relative) for record in records]
        )
        model = auxiliary_classifier(self.keras, name, self.data.result_steps, classes)
        fit_auxiliary_classifier(
            self.keras,
            model,
            contours,
            np.eye(classes, dtype=np.float32)[targets[records]],
            epochs=self.gan.classifier_epochs,
            seed=self.config.seed,
        )
        return model

    def _build_adversary(self, generator: Any, classifiers: list[Any]) -> Any:
        keras, layers, ops = self.keras, self.keras.layers, self.keras.ops
        steps, emotions = self.data.source_steps, len(self.examples.emotions)
        features = keras.Input((steps, N_FEATURES), name="features")
        condition = keras.Input((emotions,), name="condition")
        contours = keras.Input((steps, N_COLUMNS), name="contours")
        weight = keras.Input((steps, 1), name="speech_weight")
        speaker_mean = keras.Input((N_CHANGED,), name="speaker_mean")
        mask = contours[:, :, MASK:]
        change = generator([features, condition])
        scales = (1 / self.data.scale.deviation).tolist()
        scaled = layers.Rescaling(scales)(change[:, :, :N_CHANGED])
        # As in `GANConverter`: the envelope does not change in pauses.
        envelope = contours[:, :, :N_CEPSTRA] + scaled[:, :, :N_CEPSTRA] * weight
        pitch = contours[:, :, PITCH : PITCH + 1] + scaled[:, :, PITCH:] * mask
        stretch = change[:, :, N_CHANGED:] * mask
        ratio = ops.sum(ops.exp(stretch) * mask, axis=1) / ops.maximum(ops.sum(mask, axis=1), 1.0)
        changed = layers.Concatenate()([envelope, pitch, contours[:, :, VOICED:]])
        warped, inside = warp(keras, changed, mask, stretch, self.data.result_steps)
        mean = layers.Reshape((1, N_CHANGED))(speaker_mean) * inside
        converted = layers.Concatenate(name=CONVERTED)(
            [warped[:, :, :N_CHANGED] - mean, warped[:, :, N_CHANGED:]]
        )
        discriminator = self.gan.discriminator(keras, self.data.result_steps, emotions)
        # Before compiling, which fixes the trainable weights.
        discriminator.trainable = False
        score = discriminator([converted, condition])[SCORE]
        outputs = {
            ENVELOPE: layers.Identity(name=ENVELOPE)(envelope),
            F0: layers.Identity(name=F0)(pitch),
            LENGTH: layers.Identity(name=LENGTH)(ops.log(ops.maximum(ratio, 1e-3))),
            ADVERSARIAL: layers.Identity(name=ADVERSARIAL)(score),
        }
        for model in classifiers:
            model.trainable = False
            outputs[model.name] = layers.Identity(name=f"{model.name}_output")(
                model(converted if model.name != SPEAKER_CLASSIFIER else warped)
            )
        inputs = [features, condition, contours, weight, speaker_mean]
        return keras.Model(inputs, outputs, name="adversary")

    def _train_discriminator(self, batch: PairBatch, *, waits: bool) -> EpochFigures:
        """Trains the discriminator on real and on converted recordings."""
        converted = np.asarray(self.converter.predict_on_batch(batch.inputs), np.float32)
        size = len(converted)
        contours = np.concatenate([batch.real, converted])
        condition = np.concatenate([batch.inputs["condition"]] * 2)
        targets = np.repeat([[self.real_target], [self.converted_target]], size, axis=0)
        call = self.discriminator.test_on_batch if waits else self.discriminator.train_on_batch
        inputs = {"contours": contours, "condition": condition}
        return {"d_loss": train_step(call, inputs, {SCORE: targets})["loss"]}

    def _train_generator(self, batch: PairBatch, *, waits: bool) -> EpochFigures:
        """Trains the generator against the current discriminator."""
        size = len(batch.real)
        self.adversary.get_layer(DISCRIMINATOR).set_weights(self.discriminator.get_weights())
        targets = {
            **batch.targets,
            ADVERSARIAL: np.ones((size, 1), np.float32),
            **dict.fromkeys(EMOTION_CLASSIFIERS, batch.emotion),
            SPEAKER_CLASSIFIER: batch.speaker,
        }
        ones = np.ones(size, np.float32)
        weights = {**dict.fromkeys(targets, ones), **batch.weights}
        call = self.adversary.test_on_batch if waits else self.adversary.train_on_batch
        figures = train_step(call, batch.inputs, targets, weights)
        losses = {name: figures[f"{name}_loss"] for name in targets}
        return {"loss": figures["loss"], "g_loss": losses[ADVERSARIAL], **losses}

    def _adversarial_loss(self) -> Any:
        losses = self.keras.losses
        if self.gan.loss == "hinge":
            return losses.Hinge()
        return losses.BinaryCrossentropy(from_logits=True)
