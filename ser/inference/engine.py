"""Runs the network of an artifact: LiteRT for a quick start on a CPU, Keras for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from ser.arrays import Array
from ser.errors import ArtifactError
from ser.models.artifact import read_litert
from ser.models.backend import Device, load_keras, quiet_stderr
from ser.models.litert import LiteRTRunner

EngineName = Literal["auto", "litert", "keras"]


Inputs = dict[str, Array]
"""What a network takes in, by name; see `ser.models.base.Architecture.build`."""


class Runner(Protocol):
    """Runs a network forward."""

    def __call__(self, inputs: Inputs) -> Array:
        """Maps its inputs, each (batch, …), to probabilities (batch, labels)."""


def open_runner(path: Path, engine: EngineName = "auto", device: Device = "auto") -> Runner:
    """Opens an artifact's network, of whatever kind; see `open_classifier`."""
    network = None if engine == "keras" or device == "gpu" else read_litert(path)
    if network is None and engine == "litert":
        raise ArtifactError(
            path, "has no network for LiteRT, or a GPU is asked for", "use --engine keras"
        )
    return LiteRTRunner(path, network) if network is not None else KerasRunner(path, device)


class KerasRunner:
    """The network as Keras runs it, on whatever device its backend has."""

    def __init__(self, path: Path, device: Device) -> None:
        keras = load_keras(device)
        try:
            with quiet_stderr():
                self._model = keras.saving.load_model(path, compile=False, safe_mode=True)
        except Exception as error:
            # What a foreign or damaged file makes Keras raise is not documented. Its messages
            # have many lines; the first one says what matters.
            reason = str(error).strip().split("\n")[0]
            raise ArtifactError(
                path, f"cannot be loaded by Keras ({reason})", "train it again with this version"
            ) from error

    def __call__(self, inputs: Inputs) -> Array:
        """Runs the network; see `Runner`."""
        x = inputs if len(inputs) > 1 else next(iter(inputs.values()))
        return np.asarray(self._model.predict_on_batch(x), dtype=np.float32)
