"""Runs the network of an artifact: LiteRT for a quick start on a CPU, Keras for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from ser.arrays import Array
from ser.errors import ArtifactError
from ser.models.artifact import (
    LITERT_MEMBER,
    read_litert,
)
from ser.models.backend import Device, load_keras, quiet_stderr

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


class LiteRTRunner:
    """The network as LiteRT runs it, one thread: windows are small, and threads cost more.

    Several threads may call it; each that finds all interpreters busy gets another.
    """

    def __init__(self, path: Path, network: bytes) -> None:
        self._path, self._network = path, network
        self._idle = [_Interpreter(path, network)]

    def __call__(self, inputs: Inputs) -> Array:
        """Runs the network; see `Runner`."""
        try:
            interpreter = self._idle.pop()
        except IndexError:
            interpreter = _Interpreter(self._path, self._network)
        try:
            return interpreter(inputs)
        finally:
            self._idle.append(interpreter)


class _Interpreter:
    """One copy of the network's memory."""

    def __init__(self, path: Path, network: bytes) -> None:
        try:
            with quiet_stderr():
                from ai_edge_litert.interpreter import Interpreter

                self._interpreter = Interpreter(model_content=network, num_threads=1)
                details = self._interpreter.get_input_details()
                # The exporter calls them serving_default_NAME:0.
                self._places = {
                    d["name"].partition("_default_")[2].partition(":")[0]: d["index"]
                    for d in details
                }
                self._output = self._interpreter.get_output_details()[0]["index"]
        except (ValueError, RuntimeError, IndexError) as error:
            raise ArtifactError(
                path, f"has a damaged {LITERT_MEMBER} ({error})", "use --engine keras"
            ) from error
        self._shapes: list[tuple[int, ...]] = []

    def __call__(self, inputs: Inputs) -> Array:
        shapes = [values.shape for values in inputs.values()]
        if shapes != self._shapes:
            with quiet_stderr():
                for name, values in inputs.items():
                    self._interpreter.resize_tensor_input(self._place(name), values.shape)
                self._interpreter.allocate_tensors()
            self._shapes = shapes
        for name, values in inputs.items():
            self._interpreter.set_tensor(self._place(name), values)
        self._interpreter.invoke()
        result: Array = self._interpreter.get_tensor(self._output)
        return result

    def _place(self, name: str) -> int:
        # Networks with one input need not call it by our name.
        if len(self._places) == 1:
            return int(next(iter(self._places.values())))
        return int(self._places[name])


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
