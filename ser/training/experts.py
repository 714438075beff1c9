"""Training of an ensemble of experts: each is trained by itself."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean
from typing import Any, cast

import numpy as np

from ser.arrays import Array, Indices, Inputs, Matrix, Vector
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
from ser.training.batches import Examples
from ser.training.lda import fit_lda
from ser.training.svm import calibration_folds, fit_logit_scale, fit_svm
from ser.training.trainer import EpochFigures, Trainer

# For the discriminant by baseline, every clip is standardized with this many random baselines.
_BASELINES_PER_CLIP = 4


class ExpertsTrainer(Trainer):
    """Trains the spectral networks by gradients; prosody is fitted in closed form before.

    A second network with the probabilities of all experts as its outputs is trained; it shares its
    weights with the classifier.
    """

    def build(self) -> None:
        """Builds the network and fits its expert of prosody; see `Trainer.build`."""
        self.model = self.architecture.build(self.keras, self.problem)
        self._fit_prosody()
        self._compile_experts(self.model)

    def training_networks(self) -> dict[str, Any]:
        """Gives the network that is trained, which has the optimizer."""
        return {"experts": self._experts}

    def restore(self, model: Any, networks: dict[str, Any]) -> None:
        """Restores the classifier and the state of the optimizer; see `Trainer.restore`."""
        self.model = model
        self._compile_experts(model)
        saved = networks["experts"].optimizer.variables
        for variable, value in zip(self._experts.optimizer.variables, saved, strict=True):
            variable.assign(value)

    def step(self, x: Inputs, y: Array, weight: Array) -> EpochFigures:
        """Trains one batch; ``accuracy`` is that of the spectral networks, which can overfit."""
        self._experts.reset_metrics()
        figures = self._experts.train_on_batch(
            x,
            dict.fromkeys(self._names, y),
            sample_weight={name: weight[:, int(name == PROSODY_LAYER)] for name in self._names},
            return_dict=True,
        )
        return {
            "loss": float(figures["loss"]),
            "accuracy": fmean(float(figures[f"{name}_accuracy"]) for name in self._names[:-1]),
            "prosody_accuracy": float(figures["prosody_accuracy"]),
        }

    def _fit_prosody(self) -> None:
        """Fits the prosody of the main examples: standardized by all clips, and by baselines."""
        examples, count = self.examples, self.problem.functionals
        entries = [self.model.get_layer(name).output for name in ("functionals", "voice")]
        standardize = self.keras.Model(entries, self.model.get_layer(FUNCTIONALS_LAYER).output)
        main = np.flatnonzero(examples.main)
        rng = np.random.default_rng((self.config.seed, 3))
        unknown = np.zeros((len(main), 2, count), np.float32)
        # The first draw is for one clip only and is not used: it keeps the random sequence that
        # the published figures were measured with.
        examples.random_baselines(main[:1], rng)
        baselines = np.concatenate(
            [examples.random_baselines(main, rng) for _ in range(_BASELINES_PER_CLIP)]
        )
        known = baselines.any(axis=(1, 2))
        kernel = np.zeros((2 * count + 1, self.problem.classes), np.float32)
        bias = np.zeros(self.problem.classes, np.float32)
        architecture = cast(ProsodyCNN, self.architecture)
        machine = (
            self._fit_machine(standardize) if architecture.prosody_classifier == "kernel" else None
        )
        if machine is None:
            # Levels of different recordings cannot be compared; even a small weight would matter.
            by_all = columns_without_level(count)
            kernel[by_all], bias = self._fit_columns(standardize, main, unknown, by_all)
        if known.any():
            # Otherwise no speaker is known, and the weights for baselines remain zero.
            by_baseline = slice(count, 2 * count)
            positions = np.tile(main, _BASELINES_PER_CLIP)[known]
            kernel[by_baseline], baseline_bias = self._fit_columns(
                standardize, positions, baselines[known], by_baseline
            )
            kernel[-1] = baseline_bias - bias
        if machine is not None:
            # The number of support vectors is known only now.
            self.model = architecture.network(self.keras, self.problem, machine)
        set_lda_weights(self.model, kernel, bias)

    def _fit_columns(
        self, standardize: Any, positions: Indices, baselines: Array, columns: slice
    ) -> tuple[Matrix, Vector]:
        """Fits a discriminant to some columns of the standardized functionals of examples."""
        examples = self.examples
        standardized = standardize.predict(
            {"functionals": examples.functionals[positions], "voice": baselines}, verbose=0
        )
        return fit_lda(
            np.asarray(standardized)[:, columns],
            examples.targets[positions],
            [examples.speakers[position] for position in positions.tolist()],
            self.problem.classes,
            balanced=self.config.class_weight == "balanced",
        )

    def _fit_machine(self, standardize: Any) -> FittedSVM:
        """Fits support vector machines to the main examples, without baselines.

        Their probabilities are calibrated on other clips of the same speakers, because it is these
        speakers that they are used for.
        """
        everything, config = self.examples, self.config
        examples = Examples(
            everything.table,
            everything.indices[everything.main],
            everything.labels,
            reads_functionals=True,
        )
        count = examples.functionals.shape[1]
        unknown = np.zeros((len(examples), 2, count), np.float32)
        standardized = standardize.predict(
            {"functionals": examples.functionals, "voice": unknown}, verbose=0
        )
        features = np.asarray(standardized, np.float64)[:, columns_without_level(count)]
        weights = examples.weights(config).astype(np.float64)
        data = features, examples.targets, self.problem.classes, weights
        folds = calibration_folds(examples, features, config.seed, speaker_independent=False)
        scale = fit_logit_scale(PROSODY_SVM, *data, folds)
        return replace(fit_svm(PROSODY_SVM, *data), scale=scale)

    def _compile_experts(self, model: Any) -> None:
        keras, config = self.keras, self.config
        self._names = expert_layers(model)
        outputs = {name: model.get_layer(name).output for name in self._names}
        self._experts = keras.Model(model.inputs, outputs)
        self.compile(
            self._experts,
            config.lr,
            config.epochs,
            loss={name: self.loss() for name in self._names},
            metrics={name: ["accuracy"] for name in self._names},
            loss_weights={name: float(name != PROSODY_LAYER) for name in self._names},
        )


def expert_layers(model: Any) -> list[str]:
    """Names the layers that give the experts' probabilities: spectral ones first, prosody last."""
    names = [layer.name for layer in model.layers]
    spectral = [name for name in names if name.partition("_")[0] == SPECTRUM_LAYER]
    return [*sorted(spectral, key=lambda name: (len(name), name)), PROSODY_LAYER]
