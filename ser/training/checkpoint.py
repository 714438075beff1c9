"""Checkpoints: the state of a training after every epoch, to resume it after an interruption."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ser.errors import SerError, cannot_write
from ser.io.files import atomic_path
from ser.io.jsontext import parse_json
from ser.models.backend import quiet_stderr

_STATE = "state.json"


@dataclass(slots=True)
class TrainingState:
    """The state of a training between two epochs.

    Attributes:
        fingerprint: A digest of data and options, which must be the same when it is resumed.
        epoch: Epochs finished.
        best_epoch: The epoch with the lowest validation loss, counted from 1; 0 for none.
        best_loss: That loss.
        history: One row of figures per finished epoch.
        files: The number in the names of the files that belong to this state.
        networks: Names of the networks that only the training needs, beside the classifier.
    """

    fingerprint: str
    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    history: list[dict[str, float]] = field(default_factory=list)
    files: int = 0
    networks: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class LoadedCheckpoint:
    """The contents of a checkpoint.

    Attributes:
        model: The compiled classifier.
        training_networks: The networks that only the training needs, by name.
        best: The weights of the best epoch, or None.
        state: The state of the training.
    """

    model: Any
    training_networks: dict[str, Any]
    best: Any
    state: TrainingState


class Checkpoint:
    """A folder ``NAME.ckpt`` beside the artifact, updated such that it is valid at any time.

    Args:
        output: The artifact that the training will write.
    """

    def __init__(self, output: Path) -> None:
        self.folder = output.with_name(output.name + ".ckpt")

    def save(
        self,
        model: Any,
        best: Any,
        state: TrainingState,
        networks: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes networks with their optimizers, the best weights and the state.

        Args:
            model: The compiled classifier.
            best: Weights of the best epoch, from `keras.Model.get_weights`, or None.
            state: The state of the training.
            networks: The networks that only the training needs, by name.
        """
        others = dict(networks or {})
        state.networks = sorted(others)
        state.files = state.epoch
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with quiet_stderr():
                model.save(self._model(state))
                for name, other in others.items():
                    other.save(self._model(state, name))
            if best is not None and not self._best(state).exists():
                current = model.get_weights()
                model.set_weights(best)
                # Renamed when complete, because its existence counts as complete.
                unfinished = self.folder / "unfinished.weights.h5"
                model.save_weights(unfinished)
                unfinished.replace(self._best(state))
                model.set_weights(current)
            # The state names the files of this epoch. Until it is replaced, the old ones are valid.
            with atomic_path(self.folder / _STATE) as temporary:
                temporary.write_text(json.dumps(asdict(state)))
            keep = {self._model(state), self._best(state), self.folder / _STATE}
            keep |= {self._model(state, name) for name in others}
            for path in set(self.folder.iterdir()) - keep:
                path.unlink()
        except OSError as error:
            raise cannot_write(self.folder, error, SerError) from error

    def load(self, keras: Any, fingerprint: str) -> LoadedCheckpoint | None:
        """Reads the checkpoint of an interrupted training.

        Args:
            keras: The module.
            fingerprint: The fingerprint of the training that is resumed.

        Returns:
            Its contents; None where there is no checkpoint.

        Raises:
            SerError: The checkpoint is of another training, or damaged.
        """
        try:
            values = parse_json((self.folder / _STATE).read_text())
            # The name that earlier versions gave to these networks.
            values["networks"] = values.pop("companions", None) or values.get("networks", [])
            state = TrainingState(**values)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, AttributeError) as error:
            raise self._damaged(error) from error
        if state.fingerprint != fingerprint:
            raise SerError(
                self.folder,
                "is the checkpoint of a training with other data or options",
                "repeat the options of the interrupted run, or start anew without --resume",
            )
        try:
            with quiet_stderr():
                model = keras.saving.load_model(self._model(state), safe_mode=True)
                others = {
                    name: keras.saving.load_model(self._model(state, name), safe_mode=True)
                    for name in state.networks
                }
            best = None
            if self._best(state).exists():
                current = model.get_weights()
                model.load_weights(self._best(state))
                best = model.get_weights()
                model.set_weights(current)
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        return LoadedCheckpoint(model, others, best, state)

    def history(self) -> list[dict[str, float]]:
        """Reads the history of a training that is running or was interrupted, a row per epoch."""
        try:
            state = parse_json((self.folder / _STATE).read_text())
            return list(state["history"])
        except (OSError, ValueError, KeyError, TypeError):
            return []

    def clear(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _model(self, state: TrainingState, name: str = "") -> Path:
        return self.folder / f"epoch-{state.files}{name and f'-{name}'}.keras"

    def _best(self, state: TrainingState) -> Path:
        return self.folder / f"best-{state.best_epoch}.weights.h5"

    def _damaged(self, error: Exception) -> SerError:
        return SerError(self.folder, f"is damaged ({error})", "start anew without --resume")
