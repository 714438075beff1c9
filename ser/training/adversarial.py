"""Adversarial training of `ser.models.acgan`: a generator against a discriminator with emotions.

The losses are those of Odena, Olah and Shlens (ICML 2017); a batch holds real and generated clips.
Both networks are trained with Keras's own `train_on_batch`, which works with every backend. The
generator is trained as part of a second network: the generator, followed by a frozen copy of the
discriminator, which gets the discriminator's current weights before each step.

If only real clips had the masks of SpecAugment, the generator would learn to generate masks.
Therefore real and generated clips are masked alike, in the steps of the generator as well (Zhao,
Liu, Lin, Zhu and Han, "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020).
Stretching and shifting give plausible clips, and are applied to real clips only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from ser.arrays import Array
from ser.dataset.table import TEXT_WIDTHS, Table, record_dtype
from ser.models.acgan import ACGAN, EMOTION_OUTPUT, GENERATED_OUTPUT, SOURCE_OUTPUT
from ser.models.backend import quiet_stderr
from ser.training.batches import Batch, Examples, batches
from ser.training.config import TrainConfig
from ser.training.gan_loop import count_updates, make_optimizer, train_alternately, train_step
from ser.training.tracing import build_training_state
from ser.training.trainer import EpochFigures, Trainer, seed_dropout

GENERATED_MARK = "acgan"
"""The value of the fields ``augment`` and ``speaker`` of a generated record."""

# Clips that are generated at a time.
_BATCH = 64


@dataclass(frozen=True, slots=True)
class _RealClips:
    """The real clips of a batch, not masked yet.

    Attributes:
        x: Features, shape (batch, frames, coefficients).
        y: One-hot emotions, shape (batch, classes).
        weight: Sample weights, shape (batch,).
    """

    x: Array
    y: Array
    weight: Array

    @property
    def mask(self) -> Array:
        """1 for frames of the clip, 0 for padding, shape (batch, frames, 1)."""
        mask: Array = np.any(self.x != 0, axis=2, keepdims=True).astype(np.float32)
        return mask


class AdversarialTrainer(Trainer):
    """Trains discriminator and generator alternately.

    Attributes:
        discriminator: The discriminator; one of its heads is the classifier.
        adversary: The generator, followed by a frozen copy of the discriminator.
    """

    generates = True
    searched = ("lr", "weight_decay", "label_smoothing", "augment")

    def __init__(
        self, keras: Any, architecture: Any, examples: Examples, config: TrainConfig
    ) -> None:
        super().__init__(keras, architecture, examples, config)
        self.gan = cast(ACGAN, architecture)
        self.discriminator: Any = None
        self.adversary: Any = None

    def build(self) -> None:
        """Builds and compiles both networks; see `Trainer.build`."""
        keras, gan, config = self.keras, self.gan, self.config
        losses = keras.losses
        discriminator = gan.discriminator(keras, self.problem)
        with quiet_stderr():
            discriminator.compile(
                optimizer=self._optimizer(config.lr, self.steps),
                loss={
                    SOURCE_OUTPUT: losses.BinaryCrossentropy(from_logits=True),
                    EMOTION_OUTPUT: self.loss(),
                    GENERATED_OUTPUT: losses.CategoricalCrossentropy(),
                },
                loss_weights={
                    SOURCE_OUTPUT: 1.0,
                    EMOTION_OUTPUT: 1.0,
                    GENERATED_OUTPUT: gan.generated_weight,
                },
                # Not weighted: it is needed while the discriminator waits with weights of zero.
                metrics={
                    SOURCE_OUTPUT: keras.metrics.BinaryCrossentropy(from_logits=True, name="apart")
                },
                weighted_metrics={
                    EMOTION_OUTPUT: keras.metrics.CategoricalAccuracy(name="accuracy")
                },
            )
            adversary = self._adversary()
            _, rounds = count_updates(gan, self.steps)
            adversary.compile(
                optimizer=self._optimizer(config.lr * gan.g_lr, rounds),
                loss={
                    SOURCE_OUTPUT: losses.BinaryCrossentropy(from_logits=True),
                    EMOTION_OUTPUT: losses.CategoricalCrossentropy(),
                },
            )
        self.restore(None, {"discriminator": discriminator, "adversary": adversary})

    def training_networks(self) -> dict[str, Any]:
        """Gives both networks with their optimizers; see `Trainer.training_networks`."""
        return {"discriminator": self.discriminator, "adversary": self.adversary}

    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Restores both networks; the classifier shares the discriminator's weights."""
        self.discriminator = networks["discriminator"]
        self.adversary = networks["adversary"]
        self.adversary.get_layer("judge").trainable = False
        self.model = self.gan.classifier(self.keras, self.discriminator)
        build_training_state(self.keras, self.discriminator, self.adversary)

    def epoch(
        self, number: int, stream: Iterator[Batch], on_step: Callable[[int], None]
    ) -> EpochFigures:
        """Trains one epoch; see `Trainer.epoch`.

        Returns:
            ``loss`` and ``accuracy`` of the emotions of real clips, ``generated_loss`` of the
            emotions of generated clips, and the losses of real against generated: ``d_loss`` of the
            discriminator, ``g_loss`` of the generator. With ``balance=loss`` also ``d_waits`` and
            ``g_waits``, the share of steps in which each waited.
        """
        config, gan = self.config, self.gan
        seed_dropout(self.discriminator, config.seed, number)
        seed_dropout(self.adversary, config.seed, number)
        rng = np.random.default_rng((config.seed, number, 2))
        # Masks are applied later, to real and generated clips alike. Mixtures are not real clips.
        plain = replace(config.augment, time_masks=0, frequency_masks=0, mixup=0.0)
        real = batches(self.examples, replace(config, augment=plain), number)
        return train_alternately(
            (_RealClips(*cast(tuple[Array, Array, Array], next(real))) for _ in range(self.steps)),
            gan,
            lambda clips, waits: self._discriminate(clips, rng, waits=waits),
            lambda clips, waits: self._generate(clips, rng, waits=waits),
            on_step,
            d_steps=count_updates(self.gan, self.steps)[0],
        )

    def generate(self) -> Table:
        """Generates as many clips as there are training clips, with their emotions and lengths.

        Returns:
            Records of the training table's type. Their ``augment`` and ``speaker`` are ``acgan``:
            a split keeps them on one side, and they are never scored.
        """
        examples, rng = self.examples, np.random.default_rng((self.config.seed, 3))
        source = examples.table
        frames, coefficients = source["x"].shape[1:]
        widths = {name: source.dtype[name].itemsize // 4 for name in TEXT_WIDTHS}
        # Functionals are measured on sound, and there is none.
        spec = examples.spec.with_changes(functionals="none")
        table = np.zeros(len(examples), record_dtype(spec, frames, coefficients, widths))
        for name in ("frames", "y", "corpus", "duration"):
            table[name] = np.asarray(source[name])[examples.indices]
        one_hot = np.eye(len(examples.labels), dtype=np.float32)[examples.targets]
        mask = (np.arange(frames) < table["frames"][:, None])[..., None].astype(np.float32)
        for start in range(0, len(table), _BATCH):
            part = slice(start, start + _BATCH)
            noise = self._noise(len(mask[part]), rng)
            table["x"][part] = self._generator.predict_on_batch([noise, one_hot[part], mask[part]])
        table["path"] = [
            f"{GENERATED_MARK}/{y}-{i:05d}" for i, y in enumerate(table["y"].tolist(), 1)
        ]
        table["augment"] = table["speaker"] = GENERATED_MARK
        return table

    @property
    def _generator(self) -> Any:
        return self.adversary.get_layer("generator")

    def _discriminate(
        self, clips: _RealClips, rng: np.random.Generator, *, waits: bool
    ) -> EpochFigures:
        """Trains the discriminator on real and generated clips."""
        size = len(clips.x)
        count = max(1, round(size * self.gan.generated_share / (1 - self.gan.generated_share)))
        noise, y, mask = self._generator_inputs(clips, count, rng)
        generated = np.asarray(self._generator.predict_on_batch([noise, y, mask]), np.float32)
        x = np.concatenate([clips.x, generated])
        keep, fill = self._spec_masks(len(x), rng)
        smooth = self.gan.adversarial_smoothing
        real = np.full(size, 1 - smooth), np.full(count, smooth if self.gan.two_sided else 0.0)
        emotions = np.concatenate([clips.y, y])
        # Keras divides by the size of the batch; these weights give the mean over the clips of
        # each kind.
        total = size + count
        real_weight = np.concatenate([clips.weight * total / size, np.zeros(count)])
        generated_weight = np.concatenate([np.zeros(size), np.full(count, total / count)])
        both = np.concatenate([np.full(size, total / size), np.full(count, total / count)]) / 2
        figures = self._step(
            self.discriminator.train_on_batch,
            x * keep + fill,
            {
                SOURCE_OUTPUT: np.concatenate(real)[:, None],
                EMOTION_OUTPUT: emotions,
                GENERATED_OUTPUT: emotions,
            },
            {
                SOURCE_OUTPUT: both * (not waits),
                EMOTION_OUTPUT: real_weight,
                GENERATED_OUTPUT: generated_weight,
            },
        )
        return {
            "accuracy": figures[f"{EMOTION_OUTPUT}_accuracy"],
            "loss": figures[f"{EMOTION_OUTPUT}_loss"],
            "generated_loss": figures[f"{GENERATED_OUTPUT}_loss"],
            "d_loss": figures[f"{SOURCE_OUTPUT}_apart"],
        }

    def _generate(
        self, clips: _RealClips, rng: np.random.Generator, *, waits: bool
    ) -> EpochFigures:
        """Trains the generator to make clips that count as real and have the requested emotion."""
        count = len(clips.x)
        noise, y, mask = self._generator_inputs(clips, count, rng)
        keep, fill = self._spec_masks(count, rng)
        self.adversary.get_layer("judge").set_weights(self.discriminator.get_weights())
        figures = self._step(
            self.adversary.test_on_batch if waits else self.adversary.train_on_batch,
            [noise, y, mask, keep, fill],
            {SOURCE_OUTPUT: np.ones((count, 1)), EMOTION_OUTPUT: y},
        )
        return {"g_loss": figures[f"{SOURCE_OUTPUT}_loss"]}

    def _step(self, call: Callable[..., Any], x: Any, y: Any, weights: Any = None) -> EpochFigures:
        return train_step(call, x, y, weights)

    def _adversary(self) -> Any:
        keras, layers = self.keras, self.keras.layers
        generator = self.gan.generator(keras, self.problem)
        judge = self.gan.discriminator(keras, self.problem)
        judge.name = "judge"
        # Set before compiling, which decides what is trained.
        judge.trainable = False
        size = (self.problem.frames, self.problem.coefficients)
        keep, fill = keras.Input(size, name="keep"), keras.Input(size, name="fill")
        entries = [keras.Input(i.shape[1:], name=i.name) for i in generator.inputs]
        x = layers.Add()([layers.Multiply()([generator(entries), keep]), fill])
        outputs = judge(x)
        trained = {name: outputs[name] for name in (SOURCE_OUTPUT, EMOTION_OUTPUT)}
        return keras.Model([*entries, keep, fill], trained)

    def _optimizer(self, lr: float, steps: int) -> Any:
        return make_optimizer(self.keras, self.config, lr, steps)

    def _noise(self, count: int, rng: np.random.Generator) -> Array:
        return rng.standard_normal((count, self.gan.noise), np.float32)

    def _generator_inputs(
        self, clips: _RealClips, count: int, rng: np.random.Generator
    ) -> tuple[Array, Array, Array]:
        """Draws inputs of the generator: noise, and emotions and masks of random real clips."""
        chosen = rng.integers(0, len(clips.x), count)
        return self._noise(count, rng), clips.y[chosen], clips.mask[chosen]

    def _spec_masks(self, count: int, rng: np.random.Generator) -> tuple[Array, Array]:
        """Draws the masks of SpecAugment.

        Returns:
            1 where a clip is kept and 0 where it is masked, and the mean features where it is
            masked; shape (count, frames, coefficients) each.
        """
        augment, (frames, bands) = self.config.augment, self.examples.table["x"].shape[1:]
        keep = np.ones((count, frames, bands), np.float32)
        for clip in keep:
            for _ in range(augment.frequency_masks):
                clip[:, _random_span(bands, augment.frequency_width, rng)] = 0
            for _ in range(augment.time_masks):
                clip[_random_span(frames, augment.time_width, rng)] = 0
        mean = np.float32(0) if self.problem.mean is None else self.problem.mean
        return keep, (1 - keep) * mean


def _random_span(size: int, widest: int, rng: np.random.Generator) -> slice:
    width = int(rng.integers(0, min(widest, size // 4) + 1))
    start = int(rng.integers(0, size - width + 1))
    return slice(start, start + width)
