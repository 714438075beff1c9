"""Trains the generator of changes against a discriminator, and with listeners.

Keras's own `train_on_batch` on compiled networks does it, as in `ser.training.adversarial`: one is
the discriminator; the other the generator, followed by what becomes of the phrase (the warp in
time) and by those who hear it: a copy of the discriminator and the frozen listeners, whose answers
are outputs with losses of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, cast

import numpy as np

from ser.arrays import Array, Indices
from ser.conversion.contour_grid import (
    CEPSTRA,
    CHANGED,
    COLUMNS,
    FRAMES,
    PITCH,
    REAL,
    SEEN,
    VOICED,
    Scale,
    scale_of,
    seen,
    speech,
    spoken_part,
    steps_of,
)
from ser.conversion.contours import SPEC
from ser.conversion.models.auxiliary import EMOTION, SPEAKER, listener
from ser.conversion.models.gan import ANSWER, MULTIPLE, GANTranslate
from ser.conversion.models.time_warp import warp
from ser.conversion.training.auxiliary import fit_listener
from ser.conversion.training.base import TranslationTrainer
from ser.features.banks import dct_basis
from ser.models.backend import quiet_stderr
from ser.training.gan_loop import contest, optimiser, train_step, turns
from ser.training.tracing import prepare
from ser.training.trainer import Row, seed_dropout

GENERATOR, DISCRIMINATOR, HEARD = "generator", "discriminator", "heard"
ENVELOPE, PITCHED, LENGTH, REALISTIC = "envelope_near", "pitch_near", "length_near", "adversarial"

# Phrases may become longer than what they are made from, by this factor at most here.
_LONGER = 1.3

# How much the parts of the distance count: a semitone is heard more than a decibel here and there.
_PARTS = {ENVELOPE: 1.0, PITCHED: 1.2, LENGTH: 5.0}

# How much higher or lower the generator believes voices to be than they are, in semitones, and how
# much longer their vocal tracts: what it learns of eighteen actors has to hold for others.
_HIGHER = 3.0
_TRACTS = np.linspace(-0.1, 0.1, 9)


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Pairs as arrays.

    Attributes:
        inputs: Of the adversary, by name.
        near: What the source should become, in the source's time, by output.
        weights: What of that counts, by output.
        real: The target recordings as they are heard, (batch, length, COLUMNS).
        speaker: Whose they are, (batch, speakers).
        emotion: Which emotion, (batch, emotions).
    """

    inputs: dict[str, Array]
    near: dict[str, Array]
    weights: dict[str, Array]
    real: Array
    speaker: Array
    emotion: Array


class GANTrainer(TranslationTrainer):
    """Trains as this file says.

    Attributes:
        discriminator: Compiled.
        adversary: The generator with everything behind it, compiled.
    """

    @property
    def gan(self) -> GANTranslate:
        """The architecture."""
        return cast(GANTranslate, self.architecture)

    @cached_property
    def phrases(self) -> dict[int, Array]:
        """The steps of every record that is learnt from, without the silence around."""
        return {record: steps[part] for record, (steps, part) in self._parts.items()}

    @cached_property
    def begins(self) -> dict[int, int]:
        """How many steps of every record were silence before somebody spoke."""
        return {record: part.start for record, (_, part) in self._parts.items()}

    @cached_property
    def _parts(self) -> dict[int, tuple[Array, slice]]:
        examples = self.examples
        found = {n: steps_of(examples.contours(n)) for n in examples.indices.tolist()}
        return {record: (steps, spoken_part(steps)) for record, steps in found.items()}

    @cached_property
    def scale(self) -> Scale:
        """What is usual in the training recordings."""
        return scale_of(list(self.phrases.values()))

    @cached_property
    def steps_in(self) -> int:
        """Steps of a source."""
        longest = max(len(steps) for steps in self.phrases.values())
        return -(-longest // MULTIPLE) * MULTIPLE

    @cached_property
    def steps_out(self) -> int:
        """Steps of what becomes of it."""
        return -(-round(self.steps_in * _LONGER) // MULTIPLE) * MULTIPLE

    @cached_property
    def usual(self) -> Array:
        """How each speaker usually sounds, on the scale of what is heard; (speakers, CHANGED).

        Emotion is what differs from it.
        """
        examples = self.examples
        sums = np.zeros((len(examples.speakers), CHANGED))
        counts = np.zeros(len(examples.speakers))
        for record, steps in self.phrases.items():
            said = self._scaled(steps)[speech(steps) > 0.5, :CHANGED]
            sums[examples.speaker[record]] += said.sum(axis=0)
            counts[examples.speaker[record]] += len(said)
        return (sums / counts[:, None]).astype(np.float32)

    def build(self) -> None:
        """Trains the listeners, and makes both networks; see `TranslationTrainer.build`."""
        keras, gan, config = self.keras, self.gan, self.config
        emotions = len(self.examples.emotions)
        listeners = [self._listener(name) for name in (*EMOTION, SPEAKER)]
        generator = gan.generator(keras, emotions, self.scale)
        generator.name = GENERATOR
        adversary = self._adversary(generator, listeners)
        discriminator = gan.discriminator(keras, self.steps_out, emotions)
        losses = keras.losses
        _, rounds = turns(gan, self.steps)
        with quiet_stderr():
            discriminator.compile(
                optimizer=optimiser(keras, config, config.lr * gan.d_lr, self.steps),
                loss={ANSWER: self._loss()},
            )
            adversary.compile(
                optimizer=optimiser(keras, config, config.lr, rounds),
                loss={
                    **{name: losses.MeanAbsoluteError() for name in _PARTS},
                    REALISTIC: self._loss(),
                    **{
                        name: losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
                        for name in (*EMOTION, SPEAKER)
                    },
                },
                loss_weights={
                    **{name: gan.near * weight for name, weight in _PARTS.items()},
                    REALISTIC: gan.adversarial,
                    **{name: gan.emotion / len(EMOTION) for name in EMOTION},
                    SPEAKER: gan.speaker,
                },
            )
        self._take(discriminator, adversary)

    def companions(self) -> dict[str, Any]:
        """Gives both networks with their optimisers; see `TranslationTrainer.companions`."""
        return {"discriminator": self.discriminator, "adversary": self.adversary}

    def restore(self, model: Any, companions: dict[str, Any]) -> None:
        """Takes over what a checkpoint kept; see `TranslationTrainer.restore`."""
        self._take(companions["discriminator"], companions["adversary"])

    def epoch(self, number: int, on_step: Callable[[int], None]) -> Row:
        """Trains one epoch; see `TranslationTrainer.epoch`.

        Returns:
            The distance to the paired recordings of envelope, pitch and length
            (``envelope_near``, ``pitch_near``, ``length_near``), the generator's adversarial loss,
            what each listener makes of it, and the discriminator's loss on ``d_loss``.
        """
        seed_dropout(self.discriminator, self.config.seed, number)
        seed_dropout(self.adversary, self.config.seed, number)
        rng = np.random.default_rng((self.config.seed, number, 1))
        return contest(
            (self._batch(pairs, rng) for pairs in self.batches(number)),
            self.gan,
            lambda batch, waits: self._discriminate(batch, waits=waits),
            lambda batch, waits: self._generate(batch, waits=waits),
            on_step,
            d_steps=turns(self.gan, self.steps)[0],
        )

    @property
    def real_truth(self) -> float:
        """What the discriminator is to say of real recordings."""
        return 1.0 - self.gan.smooth * (1.0 - self._false)

    @property
    def made_truth(self) -> float:
        """What it is to say of those that the generator has changed."""
        smooth = self.gan.smooth if self.gan.two_sided else 0.0
        return self._false + smooth * (1.0 - self._false)

    @property
    def _false(self) -> float:
        return -1.0 if self.gan.loss == "hinge" else 0.0

    def _take(self, discriminator: Any, adversary: Any) -> None:
        self.discriminator, self.adversary = discriminator, adversary
        for name in (DISCRIMINATOR, *EMOTION, SPEAKER):
            adversary.get_layer(name).trainable = False
        self.model = adversary.get_layer(GENERATOR)
        self.maker = self.keras.Model(
            adversary.inputs, adversary.get_layer(HEARD).output, name="maker"
        )
        prepare(self.keras, discriminator, adversary)

    def _scaled(self, steps: Array) -> Array:
        scaled = steps.copy()
        scaled[:, :CHANGED] = (steps[:, :CHANGED] - self.scale.mean) / self.scale.deviation
        return scaled

    def _listener(self, name: str) -> Any:
        """Trains a listener on the recordings themselves."""
        examples = self.examples
        if name == SPEAKER:
            targets, classes = examples.speaker, len(examples.speakers)
        else:
            targets, classes = examples.emotion, len(examples.emotions)
        records = examples.indices
        heard = np.stack([self._heard(record, known=name != SPEAKER) for record in records])
        model = listener(self.keras, name, self.steps_out, classes)
        fit_listener(
            self.keras,
            model,
            heard,
            np.eye(classes, dtype=np.float32)[targets[records]],
            epochs=self.gan.listening,
            seed=self.config.seed,
        )
        return model

    def _heard(self, record: int, *, known: bool = True) -> Array:
        """Gives a recording as it is heard, (steps_out, COLUMNS).

        Args:
            record: Its number.
            known: Relative to how the speaker usually sounds.
        """
        steps = self._scaled(self.phrases[record])[: self.steps_out]
        if known:
            steps[:, :CHANGED] -= self.usual[self.examples.speaker[record]]
        padded = np.zeros((self.steps_out, COLUMNS), np.float32)
        padded[: len(steps)] = steps
        return padded

    def _adversary(self, generator: Any, listeners: list[Any]) -> Any:
        keras, layers, ops = self.keras, self.keras.layers, self.keras.ops
        steps, emotions = self.steps_in, len(self.examples.emotions)
        features = keras.Input((steps, SEEN), name="features")
        condition = keras.Input((emotions,), name="condition")
        scaled = keras.Input((steps, COLUMNS), name="scaled")
        share = keras.Input((steps, 1), name="speech")
        usual = keras.Input((CHANGED,), name="usual")
        real = scaled[:, :, REAL:]
        change = generator([features, condition])
        scales = (1 / self.scale.deviation).tolist()
        by = layers.Rescaling(scales)(change[:, :, :CHANGED])
        # What the renderer does as well: nothing is made louder in pauses.
        envelope = scaled[:, :, :CEPSTRA] + by[:, :, :CEPSTRA] * share
        pitch = scaled[:, :, PITCH : PITCH + 1] + by[:, :, PITCH:] * real
        stretch = change[:, :, CHANGED:] * real
        lasts = ops.sum(ops.exp(stretch) * real, axis=1) / ops.maximum(ops.sum(real, axis=1), 1.0)
        changed = layers.Concatenate()([envelope, pitch, scaled[:, :, VOICED:]])
        warped, inside = warp(keras, changed, real, stretch, self.steps_out)
        own = layers.Reshape((1, CHANGED))(usual) * inside
        heard = layers.Concatenate(name=HEARD)(
            [warped[:, :, :CHANGED] - own, warped[:, :, CHANGED:]]
        )
        judge = self.gan.discriminator(keras, self.steps_out, emotions)
        # Before it is compiled: what is trained is decided then.
        judge.trainable = False
        outputs = {
            ENVELOPE: layers.Identity(name=ENVELOPE)(envelope),
            PITCHED: layers.Identity(name=PITCHED)(pitch),
            LENGTH: layers.Identity(name=LENGTH)(ops.log(ops.maximum(lasts, 1e-3))),
            REALISTIC: layers.Identity(name=REALISTIC)(judge([heard, condition])[ANSWER]),
        }
        for model in listeners:
            model.trainable = False
            outputs[model.name] = layers.Identity(name=f"{model.name}_says")(
                model(heard if model.name != SPEAKER else warped)
            )
        return keras.Model([features, condition, scaled, share, usual], outputs, name="adversary")

    def _disguised(self, shown: Array, rng: np.random.Generator) -> Array:
        """Makes what the generator sees another voice; what it is to make stays."""
        other = shown.copy()
        other[:, PITCH] += rng.normal(0, _HIGHER)
        other[:, :CEPSTRA] = shown[:, :CEPSTRA] @ _tracts()[rng.integers(len(_TRACTS))]
        return other

    def _batch(self, pairs: Indices, rng: np.random.Generator) -> _Batch:
        examples, size = self.examples, len(pairs)
        source, target = examples.pairs.source[pairs], examples.pairs.target[pairs]
        steps = self.steps_in
        inputs = {
            "features": np.zeros((size, steps, SEEN), np.float32),
            "condition": examples.conditions(target),
            "scaled": np.zeros((size, steps, COLUMNS), np.float32),
            "speech": np.zeros((size, steps, 1), np.float32),
            "usual": self.usual[examples.speaker[source]],
        }
        near = {
            ENVELOPE: np.zeros((size, steps, CEPSTRA), np.float32),
            PITCHED: np.zeros((size, steps, 1), np.float32),
            LENGTH: np.zeros((size, 1), np.float32),
        }
        weights = {
            ENVELOPE: np.zeros((size, steps), np.float32),
            PITCHED: np.zeros((size, steps), np.float32),
            LENGTH: np.ones(size, np.float32),
        }
        for row, (pair, one, other) in enumerate(
            zip(pairs.tolist(), source.tolist(), target.tolist(), strict=True)
        ):
            here, there = self.phrases[one], self.phrases[other]
            count, share = len(here), speech(here)
            inputs["features"][row, :count] = self._disguised(seen(here), rng)
            inputs["scaled"][row, :count] = self._scaled(here)
            inputs["speech"][row, :count, 0] = share
            places = self._places(pair, one, other)
            aligned = self._scaled(there)[places]
            near[ENVELOPE][row, :count] = aligned[:, :CEPSTRA]
            near[PITCHED][row, :count, 0] = aligned[:, PITCH]
            near[LENGTH][row] = np.log(len(there) / count)
            weights[ENVELOPE][row, :count] = share
            weights[PITCHED][row, :count] = (
                (here[:, VOICED] > 0.5) & (aligned[:, VOICED] > 0.5)
            ).astype(np.float32)
        for name in (ENVELOPE, PITCHED):
            # Keras divides by all steps: padding and pauses shall not make the loss small.
            weights[name] *= weights[name].size / max(float(weights[name].sum()), 1.0)
        emotions, speakers = len(examples.emotions), len(examples.speakers)
        return _Batch(
            inputs,
            near,
            weights,
            np.stack([self._heard(record) for record in target.tolist()]),
            np.eye(speakers, dtype=np.float32)[examples.speaker[source]],
            np.eye(emotions, dtype=np.float32)[examples.emotion[target]],
        )

    def _places(self, pair: int, source: int, target: int) -> Indices:
        """Says which step of the target each step of a pair's source is."""
        positions = self.examples.pairs.positions[pair][::FRAMES] / FRAMES
        places = np.round(positions).astype(np.intp)[self.begins[source] :]
        count, longest = len(self.phrases[source]), len(self.phrases[target])
        places = np.pad(places, (0, max(0, count - len(places))), mode="edge")[:count]
        return np.clip(places - self.begins[target], 0, longest - 1)

    def _discriminate(self, batch: _Batch, *, waits: bool) -> Row:
        """Trains the discriminator on recordings and on what the generator makes of others."""
        made = np.asarray(self.maker.predict_on_batch(batch.inputs), np.float32)
        size = len(made)
        heard = np.concatenate([batch.real, made])
        wanted = np.concatenate([batch.inputs["condition"]] * 2)
        truth = np.repeat([[self.real_truth], [self.made_truth]], size, axis=0)
        call = self.discriminator.test_on_batch if waits else self.discriminator.train_on_batch
        figures = train_step(call, {"heard": heard, "condition": wanted}, {ANSWER: truth})
        return {"d_loss": figures["loss"]}

    def _generate(self, batch: _Batch, *, waits: bool) -> Row:
        """Trains the generator."""
        size = len(batch.real)
        self.adversary.get_layer(DISCRIMINATOR).set_weights(self.discriminator.get_weights())
        truth = {
            **batch.near,
            REALISTIC: np.ones((size, 1), np.float32),
            **dict.fromkeys(EMOTION, batch.emotion),
            SPEAKER: batch.speaker,
        }
        ones = np.ones(size, np.float32)
        weights = {**dict.fromkeys(truth, ones), **batch.weights}
        call = self.adversary.test_on_batch if waits else self.adversary.train_on_batch
        figures = train_step(call, batch.inputs, truth, weights)
        shown = {name: figures[f"{name}_loss"] for name in truth}
        return {"loss": figures["loss"], "g_loss": shown[REALISTIC], **shown}

    def _loss(self) -> Any:
        losses = self.keras.losses
        if self.gan.loss == "hinge":
            return losses.Hinge()
        return losses.BinaryCrossentropy(from_logits=True)


@lru_cache(maxsize=1)
def _tracts() -> Array:
    """Gives what vocal tracts of other lengths do to mel-cepstra, (len(_TRACTS), n, n).

    They stretch the axis of frequencies (Jaitly and Hinton, "Vocal tract length perturbation
    improves speech recognition", ICML workshop 2013); on mel bands that is nearly the same.
    """
    basis = dct_basis(CEPSTRA, SPEC.n_mels)
    bands = np.arange(SPEC.n_mels)
    made = []
    for longer in _TRACTS:
        moved = [np.interp(bands * (1 + longer), bands, row) for row in basis]
        made.append(np.array(moved) @ basis.T)
    return np.array(made, np.float32)
