"""Training for networks whose parts vote: each part has a loss of its own."""

from __future__ import annotations

from statistics import fmean
from typing import Any

from ser.models.backend import quiet_stderr
from ser.models.prosody_cnn import PICTURE, PROSODY
from ser.training.batches import Inputs, Targets
from ser.training.trainer import Row, Trainer


def experts_of(model: Any) -> list[str]:
    """Names the layers whose outputs are the experts' answers: pictures first, prosody last."""
    names = [layer.name for layer in model.layers]
    pictures = [name for name in names if name.partition("_")[0] == PICTURE]
    return [*sorted(pictures, key=lambda name: (len(name), name)), PROSODY]


class ExpertsTrainer(Trainer):
    """Trains each expert as if it were alone, in one pass over the data."""

    def build(self) -> None:
        """Makes the network, and the view of it that is trained."""
        self.model = self.architecture.build(self.keras, self.problem)
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
        )
