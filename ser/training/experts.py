"""Training for networks whose parts vote: each part has a loss of its own."""

from __future__ import annotations

from typing import Any

from ser.models.backend import quiet_stderr
from ser.training.batches import Inputs, Targets
from ser.training.trainer import Row, Trainer

EXPERTS = ("picture", "prosody")
"""Names of the layers whose outputs are the experts' answers."""


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
        """Trains one batch; ``accuracy`` is that of the picture, which is what can overfit."""
        self._experts.reset_metrics()
        found = self._experts.train_on_batch(
            x,
            dict.fromkeys(EXPERTS, y),
            sample_weight={name: weight[:, i] for i, name in enumerate(EXPERTS)},
            return_dict=True,
        )
        return {
            "loss": float(found["loss"]),
            "accuracy": float(found["picture_accuracy"]),
            "prosody_accuracy": float(found["prosody_accuracy"]),
        }

    def _prepare(self, model: Any) -> None:
        keras, config = self.keras, self.config
        answers = {name: model.get_layer(name).output for name in EXPERTS}
        self._experts = keras.Model(model.inputs, answers)
        self.compile(
            self._experts,
            config.lr,
            config.epochs,
            loss={name: self.loss() for name in EXPERTS},
            metrics={name: ["accuracy"] for name in EXPERTS},
        )
