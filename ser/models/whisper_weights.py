"""The weights of Whisper's encoder, from a CTranslate2 folder or a Hugging Face one.

Both kinds of file are read as arrays alone; nothing in them is run.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Array
from ser.errors import ArtifactError, require
from ser.features.encoder_spec import UNKNOWN_LICENSE
from ser.io.hub import (
    MODEL_CARD,
    NO_PROGRESS,
    DownloadProgress,
    ModelFiles,
    file_digest,
    find_model,
    model_name,
    read_license,
)
from ser.models.whisper import WhisperSize, layer_shapes

# Digests of files with OpenAI's own weights whose folders have no card: tiny.en for CTranslate2.
_LICENSES = {
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a": "MIT (OpenAI)",
}

FILES = ModelFiles(
    "Whisper encoder",
    "--encoder",
    (("model.safetensors", "model.bin"),),
    ("config.json", MODEL_CARD),
)
"""What a folder of either kind holds."""

# Types of CTranslate2's variables by their numbers; bfloat16 is read as integers.
_TYPES = {0: "<f4", 1: "<i1", 2: "<i2", 3: "<i4", 4: "<f2", 5: "<u2"}
_BFLOAT16 = np.dtype(_TYPES[5])
_VERSIONS = range(4, 7)
_MOST_DIMENSIONS = 8


@dataclass(frozen=True, slots=True, eq=False)
class WhisperWeights:
    """The weights of an encoder.

    Attributes:
        name: What it is called: as given, or its folder.
        sha256: Digest of the file.
        licence: Of the weights: what the model's card states, ``unknown`` where nothing does.
        size: The encoder's size.
        layers: Weights by the names and in the shapes of `ser.models.whisper.layer_shapes`.
    """

    name: str
    sha256: str
    licence: str
    size: WhisperSize
    layers: dict[str, list[Array]]

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(values.size for group in self.layers.values() for values in group)


def find_weights(name: str, *, notify: Callable[[str], None] = lambda text: None) -> Path:
    """Finds the folder of an encoder, and downloads it where it is not on this machine.

    Args:
        name: As of `load_weights`.
        notify: Called with a message before a download begins.

    Raises:
        SerError: It is not here and cannot be fetched.
    """

    class Announced(DownloadProgress):
        def begin(self, name: str, size: int) -> None:
            notify(f"downloading {name}, {size / 1e6:.0f} MB")

    return find_model(name, FILES, progress=Announced())


def load_weights(
    name: str, *, offline: bool = False, progress: DownloadProgress = NO_PROGRESS
) -> WhisperWeights:
    """Loads the weights of an encoder.

    Args:
        name: A folder with ``model.safetensors`` and ``config.json`` as on the Hugging Face Hub, or
            with ``model.bin`` of CTranslate2; or a name on the hub, ``openai/whisper-tiny.en``,
            say.
        offline: Never use the network.
        progress: Follows the download, where there is one.

    Raises:
        ArtifactError: The file is damaged, or no Whisper model.
        DependencyError: A package that reads it is missing.
        SerError: It is not here and cannot be fetched.
    """
    folder = find_model(name, FILES, offline=offline, progress=progress)
    file = folder / "model.safetensors"
    if file.is_file():
        arrays, heads = _read_safetensors(file), _heads_of_config(folder / "config.json")
        layers = _collect(file, _of_hugging_face, _HF_POSITIONS, arrays)
    else:
        file = folder / "model.bin"
        arrays = read_ctranslate2(file, "encoder/")
        heads = int(np.ravel(arrays.get("encoder/num_heads", np.zeros(1)))[0])
        layers = _collect(file, _of_ctranslate2, _CT_POSITIONS, arrays)
    size = _size(layers, heads)
    _check(file, layers, size)
    digest = file_digest(file)
    licence = read_license(folder) or _LICENSES.get(digest, UNKNOWN_LICENSE)
    return WhisperWeights(model_name(name), digest, licence, size, layers)


def read_ctranslate2(path: Path, prefix: str = "") -> dict[str, Array]:
    """Reads the variables of a CTranslate2 model, versions 4 to 6 of its binary format.

    Args:
        path: The file ``model.bin``.
        prefix: Variables whose names begin otherwise are left out.

    Returns:
        The variables by name, in single precision; integers with a scale are multiplied by it.

    Raises:
        ArtifactError: The file is damaged or something else. Lengths that it states are checked
            against its size before anything is read.
    """
    try:
        data = np.memmap(path, np.uint8, "r")
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    place = 0

    def take(count: int) -> Any:
        nonlocal place
        if count > len(data) - place:
            raise _damaged(path, "it ends too early")
        place += count
        return data[place - count : place]

    def number(code: str) -> int:
        return int(struct.unpack("<" + code, take(struct.calcsize(code)).tobytes())[0])

    def text() -> str:
        try:
            return str(take(number("H")).tobytes().rstrip(b"\0"), "utf-8")
        except UnicodeDecodeError as error:
            raise _damaged(path, "a name is no text") from error

    version = number("I")
    if version not in _VERSIONS:
        raise _damaged(path, f"its version is {version}, and not {_VERSIONS[0]} to {_VERSIONS[-1]}")
    kind = text()
    if kind != "WhisperSpec":
        raise ArtifactError(path, f"is a model of kind {kind!r}", "give a Whisper model")
    number("I")
    places: dict[str, tuple[int, int, tuple[int, ...], Any]] = {}
    for _ in range(number("I")):
        name = text()
        dimensions = number("B")
        if dimensions > _MOST_DIMENSIONS:
            raise _damaged(path, f"{name!r} has {dimensions} dimensions")
        shape = tuple(number("I") for _ in range(dimensions))
        kind_of_number, size = number("B"), number("I")
        dtype = np.dtype(_TYPES.get(kind_of_number, "V1"))
        if kind_of_number not in _TYPES or math.prod(shape) * dtype.itemsize != size:
            raise _damaged(path, f"{name!r} has a size that is not that of its shape")
        take(size)
        places[name] = (place - size, place, shape, dtype)
    # Arrays that are equal are stored once; the others are names for it.
    for _ in range(number("I")):
        alias, name = text(), text()
        if name not in places:
            raise _damaged(path, f"{alias!r} is another name for nothing")
        places[alias] = places[name]
    found: dict[str, Array] = {}
    for name, (start, stop, shape, dtype) in places.items():
        if name.startswith(prefix):
            values = np.frombuffer(data[start:stop].tobytes(), dtype).reshape(shape)
            if dtype == _BFLOAT16:
                values = (values.astype(np.uint32) << 16).view(np.float32)
            found[name] = values
    return _dequantize(found)


def _dequantize(arrays: dict[str, Any]) -> dict[str, Array]:
    """Divides quantized weights by their scales: one per row, or one for all."""
    result = {}
    for name, values in arrays.items():
        scale = arrays.get(f"{name}_scale")
        values = values.astype(np.float32)
        if scale is not None and scale.size in (1, len(values)):
            shape = (-1,) + (1,) * (values.ndim - 1)
            values = values / scale.astype(np.float32).reshape(shape)
        result[name] = values
    return result


def _read_safetensors(path: Path) -> dict[str, Array]:
    require("a Whisper encoder in model.safetensors", "safetensors")
    import safetensors

    found: dict[str, Array] = {}
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            for name in list(file.keys()):
                short = name.removeprefix("model.")
                if short.startswith("encoder."):
                    found[short] = file.get_tensor(name).astype(np.float32)
    except (OSError, ValueError, TypeError, safetensors.SafetensorError) as error:
        raise _damaged(path, str(error).split("\n")[0]) from error
    return found


def _heads_of_config(path: Path) -> int:
    try:
        heads = json.loads(path.read_text(encoding="utf-8"))["encoder_attention_heads"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(
            path, "does not say how many heads the encoder has", "give a Whisper model"
        ) from error
    return heads if isinstance(heads, int) else 0


_CT_POSITIONS = "encoder/position_encodings/encodings"
_HF_POSITIONS = "encoder.embed_positions.weight"


def _collect(
    path: Path,
    read: Callable[[dict[str, Array], str], list[Array]],
    positions: str,
    arrays: dict[str, Array],
) -> dict[str, list[Array]]:
    """Gathers the weights of all layers by the names of `layer_shapes`."""
    marks = ("encoder/layer_", "encoder.layers.")
    blocks = {
        int(rest.replace(".", "/").partition("/")[0])
        for name in arrays
        for mark in marks
        if (rest := name.removeprefix(mark)) != name and rest[:1].isdigit()
    }
    try:
        names = layer_shapes(WhisperSize(1, 1, 1, len(blocks), 1, 1))
        table = np.asarray(arrays[positions])
        return {
            name: [table[:, None, :]] if name == "positions" else read(arrays, name)
            for name in names
        }
    except (KeyError, ValueError, IndexError) as error:
        raise ArtifactError(
            path, f"is no Whisper model: it lacks {error}", "give a Whisper model"
        ) from error


def _of_ctranslate2(arrays: dict[str, Array], layer: str) -> list[Array]:
    """Gives a layer's weights from CTranslate2's variables, turned as Keras has them."""
    block, _, part = layer.partition("_")
    if not part:
        if layer == "norm":
            return _pair(arrays, "encoder/layer_norm", "/gamma", "/beta")
        kernel, bias = _pair(arrays, f"encoder/{layer}", "/weight", "/bias")
        return [kernel.transpose(2, 1, 0), bias]
    place = f"encoder/layer_{int(block.removeprefix('block')) - 1}"
    norms = {"attention_norm": "self_attention/layer_norm", "dense_norm": "ffn/layer_norm"}
    if part in norms:
        return _pair(arrays, f"{place}/{norms[part]}", "/gamma", "/beta")
    if part in _ATTENTION:
        # Queries, keys and values stand in one matrix.
        kernel, bias = _pair(arrays, f"{place}/self_attention/linear_0", "/weight", "/bias")
        number = _ATTENTION.index(part)
        return [np.split(kernel, 3)[number].T, np.split(bias, 3)[number]]
    names = {"attention": "self_attention/linear_1", "dense1": "ffn/linear_0"}
    kernel, bias = _pair(arrays, f"{place}/{names.get(part, 'ffn/linear_1')}", "/weight", "/bias")
    return [kernel.T, bias]


_ATTENTION = ("query", "key", "value")
_HF_PARTS = {
    "query": "self_attn.q_proj",
    "key": "self_attn.k_proj",
    "value": "self_attn.v_proj",
    "attention": "self_attn.out_proj",
    "attention_norm": "self_attn_layer_norm",
    "dense_norm": "final_layer_norm",
    "dense1": "fc1",
    "dense2": "fc2",
}


def _of_hugging_face(arrays: dict[str, Array], layer: str) -> list[Array]:
    """Gives a layer's weights from the names of `transformers`, turned as Keras has them."""
    block, _, part = layer.partition("_")
    if not part:
        name = "encoder.layer_norm" if layer == "norm" else f"encoder.{layer}"
        first, second = _pair(arrays, name, ".weight", ".bias")
        return [first if layer == "norm" else first.transpose(2, 1, 0), second]
    place = f"encoder.layers.{int(block.removeprefix('block')) - 1}.{_HF_PARTS[part]}"
    if part == "key":
        # Keys have no bias.
        weight = arrays[f"{place}.weight"]
        return [weight.T, arrays.get(f"{place}.bias", np.zeros(len(weight), np.float32))]
    first, second = _pair(arrays, place, ".weight", ".bias")
    return [first if part.endswith("norm") else first.T, second]


def _pair(arrays: dict[str, Array], name: str, first: str, second: str) -> list[Array]:
    return [arrays[name + first], arrays[name + second]]


def _size(layers: dict[str, list[Array]], heads: int) -> WhisperSize:
    def length(name: str, axis: int) -> int:
        shape = layers[name][0].shape if name in layers else ()
        return shape[axis] if axis < len(shape) else 0

    blocks = sum(name.endswith("_query") for name in layers)
    width = length("conv1", 2)
    return WhisperSize(
        width, heads, length("block1_dense1", 1), blocks, length("conv1", 1),
        length("positions", 0),
    )  # fmt: skip


def _check(path: Path, layers: dict[str, list[Array]], size: WhisperSize) -> None:
    """Checks all shapes and values."""
    wanted = layer_shapes(size)
    good = size.blocks > 0 and size.heads > 0 and size.width > 0 and size.width % size.heads == 0
    if not good or {n: [v.shape for v in values] for n, values in layers.items()} != wanted:
        raise ArtifactError(
            path, "is no Whisper model: its arrays do not fit together", "give a Whisper model"
        )
    if not all(np.isfinite(values).all() for group in layers.values() for values in group):
        raise _damaged(path, "it has weights that are not numbers")


def _damaged(path: Path, cause: str) -> ArtifactError:
    return ArtifactError(path, f"cannot be read as a Whisper model ({cause})", "fetch it again")
