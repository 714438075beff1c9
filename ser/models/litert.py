"""Runs networks with LiteRT on the CPU: a quick start, and no Keras."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ser.arrays import Array
from ser.errors import ArtifactError
from ser.models.backend import quiet_stderr


class LiteRTRunner:
    """A network as LiteRT runs it, one thread: windows are small, and threads cost more.

    Several threads may call it; each that finds all interpreters busy gets another.

    Args:
        path: Where the network comes from, for messages.
        network: The contents of a ``.tflite`` file.
        member: What the network is called there, for messages.
        cure: What to do where it is damaged.

    Raises:
        ArtifactError: The network is damaged.
    """

    def __init__(
        self,
        path: str | Path,
        network: bytes,
        member: str = "model.tflite",
        cure: str = "use --engine keras",
    ) -> None:
        self._arguments = (path, network, member, cure)
        self._idle = [_Interpreter(*self._arguments)]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the network itself, so that another machine can run it."""
        return LiteRTRunner, self._arguments

    def __call__(self, inputs: dict[str, Array]) -> Array:
        """Maps the network's inputs, each (batch, …), to its first output (batch, …).

        Raises:
            ArtifactError: The network is damaged, or takes other inputs.
        """
        try:
            interpreter = self._idle.pop()
        except IndexError:
            interpreter = _Interpreter(*self._arguments)
        try:
            return interpreter(inputs)
        finally:
            self._idle.append(interpreter)


class _Interpreter:
    """One copy of the network's memory."""

    def __init__(self, path: str | Path, network: bytes, member: str, cure: str) -> None:
        try:
            with quiet_stderr():
                from ai_edge_litert.interpreter import Interpreter

                self._interpreter = Interpreter(model_content=network, num_threads=1)
                details = self._interpreter.get_input_details()
                # They are called serving_default_NAME, and with :0 behind it in older artifacts.
                self._places = {
                    d["name"].partition("_default_")[2].partition(":")[0]: d["index"]
                    for d in details
                }
                self._output = self._interpreter.get_output_details()[0]["index"]
        except (ValueError, RuntimeError, IndexError) as error:
            raise _damaged(path, member, cure, error) from error
        self._named = (path, member, cure)
        self._shapes: list[tuple[int, ...]] = []

    def __call__(self, inputs: dict[str, Array]) -> Array:
        try:
            return self._run(inputs)
        except (ValueError, RuntimeError, IndexError, KeyError) as error:
            raise _damaged(*self._named, error) from error

    def _run(self, inputs: dict[str, Array]) -> Array:
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


def _damaged(path: str | Path, member: str, cure: str, error: Exception) -> ArtifactError:
    reason = str(error).strip().split("\n")[0]
    return ArtifactError(path, f"has a damaged {member} ({reason})", cure)
