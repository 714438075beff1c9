"""Runs the network of an artifact: LiteRT for a quick start on a CPU, Keras for everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ser.artifact import CLASSIFIER, LITERT_MEMBER, read_card, read_litert, read_mel_bank
from ser.calibration import with_temperature
from ser.errors import ArtifactError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec
from ser.models.backend import Device, load_keras, quiet_stderr

Batch = npt.NDArray[np.float32]
"""Features (batch, frames, coefficients) or probabilities (batch, labels)."""

EngineName = Literal["auto", "litert", "keras"]

# Examples per call: bounds the memory of convolutions over a large table.
_CHUNK = 64


class Runner(Protocol):
    """Something that runs a network forward."""

    def __call__(self, x: Batch) -> Batch:
        """Maps features (batch, frames, coefficients) to probabilities (batch, labels)."""


class Engine:
    """A classifier ready to run.

    Args:
        path: The artifact.
        card: Its card.
        runner: What runs its network.

    Attributes:
        card: The artifact's card.
        labels: Emotion names, in the order of the probabilities.
        spec: The feature specification that it was trained on.
        frames: Frames per example.
        coefficients: Coefficients per frame.
        extractor: Computes its features.
    """

    def __init__(self, path: Path, card: dict[str, Any], runner: Runner) -> None:
        self.path = path
        self.card = card
        self.labels: tuple[str, ...] = tuple(card["labels"])
        self.spec = FeatureSpec.from_dict(card["spec"])
        self.frames = int(card["frames"])
        self.coefficients = int(card["coefficients"])
        self.temperature = float(card["temperature"])
        self.extractor = Extractor(self.spec, read_mel_bank(path))
        self._runner = runner

    def probabilities(self, x: Batch) -> Batch:
        """Classifies examples.

        Args:
            x: Features, shape (batch, frames, coefficients).

        Returns:
            Calibrated probabilities, shape (batch, labels); each row sums to 1.

        Raises:
            ArtifactError: The shape is not the network's.
        """
        if x.ndim != 3 or x.shape[1:] != (self.frames, self.coefficients):
            raise ArtifactError(
                self.path,
                f"takes {self.frames} frames of {self.coefficients} coefficients, "
                f"not {' x '.join(map(str, x.shape[1:]))}",
                "extract with ser-extract --like",
            )
        parts = [
            self._runner(np.ascontiguousarray(x[start : start + _CHUNK], np.float32))
            for start in range(0, len(x), _CHUNK)
        ]
        raw = np.concatenate(parts) if parts else np.empty((0, len(self.labels)), np.float32)
        if raw.shape != (len(x), len(self.labels)):
            raise ArtifactError(
                self.path,
                f"has a network with {raw.shape[-1]} outputs for {len(self.labels)} labels",
                "train it again",
            )
        return with_temperature(raw, self.temperature).astype(np.float32)


def open_engine(path: str | Path, engine: EngineName = "auto", device: Device = "auto") -> Engine:
    """Opens a classifier.

    Args:
        path: The artifact.
        engine: ``litert``, ``keras``, or ``auto``: LiteRT where the artifact has a network for it
            and no GPU is asked for.
        device: Where Keras runs; LiteRT runs on the CPU.

    Raises:
        ArtifactError: The artifact is no classifier, or has no network for this engine.
        SerError: The device is not there.
    """
    path = Path(path)
    card = read_card(path)
    if card["kind"] != CLASSIFIER:
        raise ArtifactError(path, f"is a model of kind {card['kind']}", "give a classifier")
    network = None if engine == "keras" or device == "gpu" else read_litert(path)
    if network is None and engine == "litert":
        raise ArtifactError(
            path, "has no network for LiteRT, or a GPU is asked for", "use --engine keras"
        )
    runner = _LiteRT(path, network) if network is not None else _Keras(path, device)
    return Engine(path, card, runner)


class _LiteRT:
    """The network as LiteRT runs it, one thread: windows are small, and threads cost more."""

    def __init__(self, path: Path, network: bytes) -> None:
        try:
            with quiet_stderr():
                from ai_edge_litert.interpreter import Interpreter

                self._interpreter = Interpreter(model_content=network, num_threads=1)
                self._input = self._interpreter.get_input_details()[0]
                self._output = self._interpreter.get_output_details()[0]["index"]
        except (ValueError, RuntimeError, IndexError) as error:
            raise ArtifactError(
                path, f"has a damaged {LITERT_MEMBER} ({error})", "use --engine keras"
            ) from error
        self._batch = -1

    def __call__(self, x: Batch) -> Batch:
        if len(x) != self._batch:
            with quiet_stderr():
                self._interpreter.resize_tensor_input(self._input["index"], x.shape)
                self._interpreter.allocate_tensors()
            self._batch = len(x)
        self._interpreter.set_tensor(self._input["index"], x)
        self._interpreter.invoke()
        result: Batch = self._interpreter.get_tensor(self._output)
        return result


class _Keras:
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

    def __call__(self, x: Batch) -> Batch:
        return np.asarray(self._model.predict_on_batch(x), dtype=np.float32)
