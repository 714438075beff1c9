"""Runs the network of an artifact: LiteRT for a quick start on a CPU, Keras for everything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ser.arrays import Array, Vector
from ser.errors import ArtifactError
from ser.features.extract import Extractor
from ser.features.prosody.speaker import FEWEST_CLIPS, learn_voice, nobody
from ser.features.spec import FeatureSpec
from ser.labels import label_indices
from ser.models.artifact import (
    CLASSIFIER,
    LITERT_MEMBER,
    read_card,
    read_litert,
    read_mel_bank,
    read_voice,
)
from ser.models.backend import Device, load_keras, quiet_stderr
from ser.models.calibration import even_offset, fit_offset, softmax, with_temperature

EngineName = Literal["auto", "litert", "keras"]

# Examples per call: bounds the memory of convolutions over a large table.
_CHUNK = 64

# What makes all emotions of a voice equally probable on average is added to what the network says
# of a clip: half of that where the average is of so many clips, nearly all where it is of many.
_PRIOR_CLIPS = 10.0

_FLOOR = 1e-6


Inputs = dict[str, Array]
"""What a network takes in, by name; see `ser.models.base.Architecture.build`."""


class Runner(Protocol):
    """Something that runs a network forward."""

    def __call__(self, inputs: Inputs) -> Array:
        """Maps its inputs, each (batch, …), to probabilities (batch, labels)."""


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """What is known of one voice.

    Attributes:
        voice: Mean and deviation of its functionals, shape (2, n), or None where the network does
            not read them.
        offset: What is added to the logarithms of its probabilities, shape (labels,).
    """

    voice: Vector | None
    offset: npt.NDArray[np.float32]


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
        reads_functionals: Whether it takes the functionals of a clip as well.
        for_processes: Whether it can be sent to other processes, and gains by that.
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
        self._general = read_voice(path)
        self.reads_functionals = self._general is not None
        self._runner = runner
        self.for_processes = isinstance(runner, _LiteRT)

    def __reduce__(self) -> tuple[Any, ...]:
        """Has another process open the same artifact.

        Raises:
            TypeError: Keras runs it, which has threads and perhaps a GPU of its own.
        """
        if not self.for_processes:
            raise TypeError("an engine of Keras stays in its process")
        return open_engine, (self.path, "litert")

    def calibration(self, x: Array, functionals: Array | None = None) -> Calibration | None:
        """Learns a voice from unlabelled speech.

        It is taken to have all emotions about equally often: a voice that is only ever angry here
        will be taken to sound like that as a rule.

        Args:
            x: Features of its clips or windows, shape (n, frames, coefficients).
            functionals: Their functionals, shape (n, functionals), where the network reads them.

        Returns:
            What `probabilities` takes; None where there are fewer than
            `ser.features.prosody.speaker.FEWEST_CLIPS`.
        """
        if len(x) < FEWEST_CLIPS:
            return None
        voice = None
        if functionals is not None and self._general is not None:
            voice = learn_voice(functionals, self._general)
        plain = self._calibrated(x, functionals, voice)
        # The fewer clips it is of, the less it is believed.
        share = len(x) / (len(x) + _PRIOR_CLIPS)
        offset = share * even_offset(np.maximum(plain, _FLOOR))
        return Calibration(voice, offset.astype(np.float32))

    def enrolment(
        self,
        x: Array,
        functionals: Array | None,
        emotions: Sequence[str],
        calibration: Calibration | None = None,
    ) -> Calibration:
        """Learns from some labelled speech of a voice which emotions it is mistaken in.

        Args:
            x: Features of its clips or windows, shape (n, frames, coefficients).
            functionals: Their functionals, shape (n, functionals), where the network reads them.
            emotions: The emotion of each.
            calibration: What is known of the voice already.

        Raises:
            LabelError: The network does not know one of the emotions.
        """
        truth = label_indices(emotions, self.labels)
        logs = np.log(np.maximum(self.probabilities(x, functionals, calibration), _FLOOR))
        known = calibration or Calibration(None, np.zeros(len(self.labels), np.float32))
        return replace(known, offset=known.offset + fit_offset(logs, truth))

    def probabilities(
        self,
        x: Array,
        functionals: Array | None = None,
        calibration: Calibration | None = None,
    ) -> Array:
        """Classifies examples.

        Args:
            x: Features, shape (batch, frames, coefficients).
            functionals: Their functionals, shape (batch, functionals), where the network reads
                them.
            calibration: What is known of the voice, the same for all examples.

        Returns:
            Calibrated probabilities, shape (batch, labels); each row sums to 1.

        Raises:
            ArtifactError: The shape is not the network's, or functionals are missing.
        """
        if calibration is None:
            return self._calibrated(x, functionals, None)
        found = self._calibrated(x, functionals, calibration.voice)
        logs = np.log(np.maximum(found, _FLOOR)) + calibration.offset
        answer: Array = softmax(logs).astype(np.float32)
        return answer

    def _calibrated(self, x: Array, functionals: Array | None, voice: Vector | None) -> Array:
        """Gives probabilities at the card's temperature."""
        if x.ndim != 3 or x.shape[1:] != (self.frames, self.coefficients):
            raise ArtifactError(
                self.path,
                f"takes {self.frames} frames of {self.coefficients} coefficients, "
                f"not {' x '.join(map(str, x.shape[1:]))}",
                "extract with ser-extract --like",
            )
        inputs = {"features": x}
        if self._general is not None:
            count = self._general.shape[1]
            if functionals is None or functionals.shape != (len(x), count):
                raise ArtifactError(
                    self.path,
                    f"reads {count} functionals of every clip",
                    "extract with ser-extract --like",
                )
            told = nobody(count) if voice is None else voice
            inputs["functionals"] = functionals
            inputs["voice"] = np.broadcast_to(told, (len(x), 2, count))
        parts = [
            self._runner(
                {
                    name: np.ascontiguousarray(values[start : start + _CHUNK], np.float32)
                    for name, values in inputs.items()
                }
            )
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
    return Engine(path, card, open_runner(path, engine, device))


def open_runner(path: Path, engine: EngineName = "auto", device: Device = "auto") -> Runner:
    """Opens an artifact's network, of whatever kind; see `open_engine`."""
    network = None if engine == "keras" or device == "gpu" else read_litert(path)
    if network is None and engine == "litert":
        raise ArtifactError(
            path, "has no network for LiteRT, or a GPU is asked for", "use --engine keras"
        )
    return _LiteRT(path, network) if network is not None else _Keras(path, device)


class _LiteRT:
    """The network as LiteRT runs it, one thread: windows are small, and threads cost more.

    Several threads may call it; each that finds all interpreters busy gets another.
    """

    def __init__(self, path: Path, network: bytes) -> None:
        self._path, self._network = path, network
        self._idle = [_Interpreter(path, network)]

    def __call__(self, inputs: Inputs) -> Array:
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

    def __call__(self, inputs: Inputs) -> Array:
        x = inputs if len(inputs) > 1 else next(iter(inputs.values()))
        return np.asarray(self._model.predict_on_batch(x), dtype=np.float32)
