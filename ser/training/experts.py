"""Training for networks whose parts vote: each part learns as if it were alone."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from ser.arrays import Array
from ser.features.prosody.speaker import nobody
from ser.models.prosody_cnn import (
    FUNCTIONALS_LAYER,
    PROSODY_LAYER,
    PROSODY_SVM,
    SPECTRUM_LAYER,
    ProsodyCNN,
    columns_without_level,
    set_lda_weights,
)
from ser.models.svm import FittedSVM
from ser.training.batches import Examples, Inputs
from ser.training.lda import fit_lda
from ser.training.svm import calibration_folds, fit_logit_scale, fit_svm
from ser.training.trainer import EpochFigures, Trainer


def expert_layers(model: Any) -> list[str]:
    """Names the layers whose outputs are the experts' answers: pictures first, prosody last."""
    names = [layer.name for layer in model.layers]
    pictures = [name for name in names if name.partition("_")[0] == SPECTRUM_LAYER]
    return [*sorted(pictures, key=lambda name: (len(name), name)), PROSODY_LAYER]


# How often each clip is read against its voice, learnt from other clips each time.
_DRAWS = 4


class ExpertsTrainer(Trainer):
    """Fits the reading of prosody at once, and trains the pictures by gradients."""

    def build(self) -> None:
        """Makes the network, and the view of it that is trained."""
        self.model = self.architecture.build(self.keras, self.problem)
        self._read()
        self._prepare(self.model)

    def companions(self) -> dict[str, Any]:
        """Gives the view that is trained: the optimiser is its own."""
        return {"experts": self._experts}

    def restore(self, model: Any, companions: dict[str, Any]) -> None:
        """Takes over what a checkpoint kept; the view has to share the network's weights again."""
        self.model = model
        self._prepare(model)
        kept = companions["experts"].optimizer.variables
        for variable, value in zip(self._experts.optimizer.variables, kept, strict=True):
            variable.assign(value)

    def step(self, x: Inputs, y: Array, weight: Array) -> EpochFigures:
        """Trains one batch; ``accuracy`` is of the pictures, which are what can overfit."""
        self._experts.reset_metrics()
        found = self._experts.train_on_batch(
            x,
            dict.fromkeys(self._names, y),
            sample_weight={name: weight[:, int(name == PROSODY_LAYER)] for name in self._names},
            return_dict=True,
        )
        return {
            "loss": float(found["loss"]),
            "accuracy": fmean(float(found[f"{name}_accuracy"]) for name in self._names[:-1]),
            "prosody_accuracy": float(found["prosody_accuracy"]),
        }

    def _read(self) -> None:
        """Fits the reading of the main examples: against all voices, and against their own."""
        examples, count = self.examples, self.problem.functionals
        entries = [self.model.get_layer(name).output for name in ("functionals", "voice")]
        look = self.keras.Model(entries, self.model.get_layer(FUNCTIONALS_LAYER).output)
        main = np.flatnonzero(examples.main)
        rng = np.random.default_rng((self.config.seed, 3))
        strange = np.repeat(np.zeros_like(examples.some_voices(main[:1], rng)), len(main), axis=0)
        voices = np.concatenate([examples.some_voices(main, rng) for _ in range(_DRAWS)])
        told = voices.any(axis=(1, 2))
        kernel = np.zeros((2 * count + 1, self.problem.classes), np.float32)
        bias = np.zeros(self.problem.classes, np.float32)
        architecture = cast(ProsodyCNN, self.architecture)
        machine = self._machine(look) if architecture.reading == "kernel" else None
        if machine is None:
            # Against other recordings the level means nothing, and a trace of it would be enough.
            general = columns_without_level(count)
            kernel[general], bias = self._linear(look, main, strange, general)
        if told.any():
            # Otherwise nobody's voice is known, and none will be.
            own, positions = slice(count, 2 * count), np.tile(main, _DRAWS)[told]
            kernel[own], known = self._linear(look, positions, voices[told], own)
            kernel[-1] = known - bias
        if machine is not None:
            # How many clips it compares with is known only now.
            self.model = architecture.network(self.keras, self.problem, machine)
        set_lda_weights(self.model, kernel, bias)

    def _linear(
        self, look: Any, positions: npt.NDArray[np.intp], voices: Any, part: slice
    ) -> tuple[Any, Any]:
        """Fits weights and biases to a part of what is seen of examples and their voices."""
        examples = self.examples
        seen = look.predict(
            {"functionals": examples.functionals[positions], "voice": voices}, verbose=0
        )
        return fit_lda(
            np.asarray(seen)[:, part],
            examples.targets[positions],
            [examples.speakers[position] for position in positions.tolist()],
            self.problem.classes,
            balanced=self.config.class_weight == "balanced",
        )

    def _machine(self, look: Any) -> FittedSVM:
        """Fits what compares the functionals of the main examples, whoever speaks.

        It is as sure of itself as it proves to be about other clips of the same voices: for these
        it is there.
        """
        everything, config = self.examples, self.config
        examples = Examples(
            everything.table,
            everything.indices[everything.main],
            everything.labels,
            reads_functionals=True,
        )
        count = examples.functionals.shape[1]
        voices = np.stack([nobody(count)] * len(examples))
        seen = look.predict({"functionals": examples.functionals, "voice": voices}, verbose=0)
        features = np.asarray(seen, np.float64)[:, columns_without_level(count)]
        weights = examples.weights(config).astype(np.float64)
        fitted = features, examples.targets, self.problem.classes, weights
        parts = calibration_folds(examples, features, config.seed, strangers=False)
        return replace(
            fit_svm(PROSODY_SVM, *fitted), scale=fit_logit_scale(PROSODY_SVM, *fitted, parts)
        )

    def _prepare(self, model: Any) -> None:
        keras, config = self.keras, self.config
        self._names = expert_layers(model)
        answers = {name: model.get_layer(name).output for name in self._names}
        self._experts = keras.Model(model.inputs, answers)
        self.compile(
            self._experts,
            config.lr,
            config.epochs,
            loss={name: self.loss() for name in self._names},
            metrics={name: ["accuracy"] for name in self._names},
            loss_weights={name: float(name != PROSODY_LAYER) for name in self._names},
        )
