"""Training for networks whose parts vote: each part learns as if it were alone."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import numpy as np

from ser.models.backend import quiet_stderr
from ser.models.prosody_cnn import PICTURE, PROSODY, SEEN, fill_reading
from ser.training.batches import Inputs, Targets
from ser.training.discriminant import fit_reading
from ser.training.trainer import Row, Trainer


def experts_of(model: Any) -> list[str]:
    """Names the layers whose outputs are the experts' answers: pictures first, prosody last."""
    names = [layer.name for layer in model.layers]
    pictures = [name for name in names if name.partition("_")[0] == PICTURE]
    return [*sorted(pictures, key=lambda name: (len(name), name)), PROSODY]


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
        with quiet_stderr():
            self._experts.optimizer.build(self._experts.trainable_variables)
        kept = companions["experts"].optimizer.variables
        for variable, value in zip(self._experts.optimizer.variables, kept, strict=True):
            variable.assign(value)

    def step(self, x: Inputs, y: Targets, weight: Targets) -> Row:
        """Trains one batch; ``accuracy`` is of the pictures, which are what can overfit."""
        self._experts.reset_metrics()
        found = self._experts.train_on_batch(
            x,
            dict.fromkeys(self._names, y),
            sample_weight={name: weight[:, int(name == PROSODY)] for name in self._names},
            return_dict=True,
        )
        return {
            "loss": float(found["loss"]),
            "accuracy": fmean(float(found[f"{name}_accuracy"]) for name in self._names[:-1]),
            "prosody_accuracy": float(found["prosody_accuracy"]),
        }

    def _read(self) -> None:
        """Fits the reading of the main examples: against all voices, and against their own."""
        model, examples = self.model, self.examples
        entries = [model.get_layer(name).output for name in ("functionals", "voice")]
        look = self.keras.Model(entries, model.get_layer(SEEN).output)
        main = np.flatnonzero(examples.main)
        rng = np.random.default_rng((self.config.seed, 3))
        nobody = np.zeros_like(examples.some_voices(main[:1], rng))
        plain = [(main, np.repeat(nobody, len(main), axis=0))]
        known = [(main, examples.some_voices(main, rng)) for _ in range(_DRAWS)]
        width = 2 * self.problem.functionals + 1
        kernel = np.zeros((width, self.problem.classes), np.float32)
        biases: list[Any] = []
        # Against other recordings the level means nothing, and a trace of it would be enough.
        general = slice(1, self.problem.functionals)
        own = slice(self.problem.functionals, width - 1)
        for part, draws in ((general, plain), (own, known)):
            positions = np.concatenate([chosen for chosen, _ in draws])
            voices = np.concatenate([voice for _, voice in draws])
            if part is own:
                told = voices.any(axis=(1, 2))
                positions, voices = positions[told], voices[told]
            if not len(positions):
                # Nobody's voice is known, and none will be.
                biases.append(biases[0])
                continue
            seen = look.predict(
                {"functionals": examples.functionals[positions], "voice": voices}, verbose=0
            )
            kernel[part], bias = fit_reading(
                np.asarray(seen)[:, part],
                examples.targets[positions],
                [examples.speakers[position] for position in positions.tolist()],
                self.problem.classes,
                balanced=self.config.class_weight == "balanced",
            )
            biases.append(bias)
        kernel[-1] = biases[1] - biases[0]
        fill_reading(model, kernel, biases[0])

    def _prepare(self, model: Any) -> None:
        keras, config = self.keras, self.config
        self._names = experts_of(model)
        answers = {name: model.get_layer(name).output for name in self._names}
        self._experts = keras.Model(model.inputs, answers)
        self.compile(
            self._experts,
            config.lr,
            config.epochs,
            loss={name: self.loss() for name in self._names},
            metrics={name: ["accuracy"] for name in self._names},
            loss_weights={name: float(name != PROSODY) for name in self._names},
        )
