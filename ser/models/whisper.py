"""The encoder of Whisper as one Keras network, of any size, up to a chosen block.

It reads clips of different lengths in one batch: a mask says which frames are sound, and a padded
clip gives what the clip by itself does. It is made of Keras's own layers and operations, so that it
runs under every backend, loads under safe mode and converts for LiteRT with built-in operators.

Source: Radford et al., "Robust speech recognition via large-scale weak supervision", ICML 2023.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ser.arrays import Array
from ser.errors import ParameterError
from ser.features.encoder_spec import check_blocks

Output = Literal["frames", "statistics"]

# Makes attention to padding vanish, and is a number in half precision too.
_MASKED = 1e4
# Variance whose root still has a gradient.
_LEAST_VARIANCE = 1e-10
_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class WhisperSize:
    """The size of an encoder.

    Attributes:
        width: Numbers per frame.
        heads: Heads of attention.
        hidden: Units in the dense layer of each block.
        blocks: Transformer blocks.
        mels: Mel bands that it reads.
        positions: Frames of 20 ms that it has positions for.
    """

    width: int
    heads: int
    hidden: int
    blocks: int
    mels: int
    positions: int


def layer_shapes(size: WhisperSize, frames: int | None = None) -> dict[str, list[tuple[int, ...]]]:
    """Gives the shapes of the weights of each layer, by the names that the network's layers have.

    Args:
        size: The encoder's size.
        frames: Log-mel frames that the network reads; None for as many as it has positions for.
    """
    width, hidden = size.width, size.hidden
    positions = size.positions if frames is None else frames // 2
    shapes: dict[str, list[tuple[int, ...]]] = {
        "conv1": [(3, size.mels, width), (width,)],
        "conv2": [(3, width, width), (width,)],
        "positions": [(positions, 1, width)],
        "norm": [(width,), (width,)],
    }
    for block in range(1, size.blocks + 1):
        shapes |= {
            f"block{block}_attention_norm": [(width,), (width,)],
            **{
                f"block{block}_{part}": [(width, width), (width,)]
                for part in ("query", "key", "value", "attention")
            },
            f"block{block}_dense_norm": [(width,), (width,)],
            f"block{block}_dense1": [(width, hidden), (hidden,)],
            f"block{block}_dense2": [(hidden, width), (width,)],
        }
    return shapes


def build_encoder(
    keras: Any,
    size: WhisperSize,
    blocks: Sequence[int],
    frames: int,
    *,
    output: Output = "frames",
    normalize: bool = False,
) -> Any:
    """Builds the network, with random weights; see `set_encoder_weights`.

    Args:
        keras: The module.
        size: The encoder's size.
        blocks: The blocks whose outputs are wanted, from 1, ascending.
        frames: Log-mel frames, 10 ms each, that it reads; even.
        output: ``frames`` gives the outputs of the blocks side by side, (batch, frames / 2,
            blocks * width); ``statistics`` for each block the mean over the frames of sound and
            then the deviation, (batch, 2 * blocks * width).
        normalize: Apply Whisper's last normalization, which it has behind its last block.

    Returns:
        A `keras.Model` with the inputs ``features`` (batch, frames, mels) and ``mask`` (batch,
        frames), 1 for frames of sound and 0 for padding, which stands behind the sound.

    Raises:
        ParameterError: The encoder has no such block, or no positions for so many frames.
    """
    check_blocks(tuple(blocks))
    if blocks[-1] > size.blocks:
        raise ParameterError(
            "blocks", f"has {blocks[-1]}, and the encoder {size.blocks} blocks", "give fewer"
        )
    if frames % 2 or not 2 <= frames <= 2 * size.positions:
        raise ParameterError(
            "frames", f"of {frames} is no even number up to {2 * size.positions}", "give another"
        )
    # Half precision, as on a GPU, is for training; embeddings are to be the same everywhere.
    exact = {"dtype": "float32"}
    features = keras.Input((frames, size.mels), name="features", dtype="float32")
    mask = keras.Input((frames,), name="mask", dtype="float32")
    found, coarse = apply_encoder(keras, size, blocks, features, mask, exact)
    if normalize:
        norm = keras.layers.LayerNormalization(epsilon=_EPSILON, name="norm", **exact)
        found[-1] = norm(found[-1])
    if output == "statistics":
        found = [part for each in found for part in block_statistics(keras.ops, each, coarse)]
    answer = keras.layers.Concatenate(**exact)(found) if len(found) > 1 else found[0]
    return keras.Model({"features": features, "mask": mask}, answer, name="whisper_encoder")


def apply_encoder(
    keras: Any, size: WhisperSize, blocks: Sequence[int], features: Any, mask: Any, exact: Any
) -> tuple[list[Any], Any]:
    """Applies an encoder to tensors; its layers have the names of `layer_shapes`.

    Args:
        keras: The module.
        size: The encoder's size.
        blocks: The blocks whose outputs are wanted, from 1, ascending.
        features: Log-mel frames, (batch, frames, mels); an even number.
        mask: 1 for frames of sound, 0 for padding, (batch, frames).
        exact: Arguments of every layer, which may set its precision.

    Returns:
        The outputs of the blocks, (batch, frames / 2, width) each, and the mask of their frames,
        (batch, frames / 2, 1).
    """
    layers, ops = keras.layers, keras.ops
    frames = features.shape[1]
    count = frames // 2
    fine = layers.Reshape((frames, 1), **exact)(mask)
    # The second convolution reads every other frame.
    coarse = layers.Reshape((count, 2), **exact)(mask)[:, :, :1]
    x = layers.Conv1D(size.width, 3, padding="same", name="conv1", **exact)(features * fine)
    x = ops.gelu(x, approximate=False) * fine
    # With one frame of padding on each side, where "same" would have it on one only.
    x = layers.ZeroPadding1D(1, **exact)(x)
    x = layers.Conv1D(size.width, 3, strides=2, name="conv2", **exact)(x)
    x = ops.gelu(x, approximate=False)
    # A weight for each frame and number, added where there is sound.
    x = x + layers.EinsumDense(
        "btk,tkd->btd", output_shape=(count, size.width), name="positions", **exact
    )(coarse)
    bias = (layers.Reshape((1, 1, count), **exact)(coarse) - 1.0) * _MASKED
    found = []
    for block in range(1, blocks[-1] + 1):
        x = _block(keras, size, f"block{block}", x, bias, exact)
        if block in blocks:
            found.append(x)
    return found, coarse


def set_encoder_weights(model: Any, weights: Mapping[str, Sequence[Array]]) -> None:
    """Sets the weights of a network that `build_encoder` has built.

    Args:
        model: The network.
        weights: The weights of each layer by its name, in the shapes of `layer_shapes`; those of
            layers that the network does not have are left out.
    """
    names = {layer.name for layer in model.layers}
    for name, values in weights.items():
        if name == "positions":
            values = [values[0][: model.get_layer(name).output.shape[1]]]
        if name in names:
            model.get_layer(name).set_weights(values)


def _block(keras: Any, size: WhisperSize, name: str, x: Any, bias: Any, exact: Any) -> Any:
    """Adds a transformer block with normalization in front of its parts."""
    layers, ops, count = keras.layers, keras.ops, x.shape[1]
    per_head = size.width // size.heads

    def divide(values: Any) -> Any:
        heads = layers.Reshape((count, size.heads, per_head), **exact)(values)
        return ops.transpose(heads, (0, 2, 1, 3))

    h = layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}_attention_norm", **exact)(x)
    query, key, value = (
        divide(layers.Dense(size.width, name=f"{name}_{part}", **exact)(h))
        for part in ("query", "key", "value")
    )
    # A Python float: a NumPy one has double precision, and the whole network with it.
    scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))) * float(per_head**-0.5)
    h = ops.matmul(ops.softmax(scores + bias, axis=-1), value)
    h = layers.Reshape((count, size.width), **exact)(ops.transpose(h, (0, 2, 1, 3)))
    x = x + layers.Dense(size.width, name=f"{name}_attention", **exact)(h)
    h = layers.LayerNormalization(epsilon=_EPSILON, name=f"{name}_dense_norm", **exact)(x)
    h = ops.gelu(layers.Dense(size.hidden, name=f"{name}_dense1", **exact)(h), approximate=False)
    return x + layers.Dense(size.width, name=f"{name}_dense2", **exact)(h)


def block_statistics(ops: Any, x: Any, mask: Any) -> tuple[Any, Any]:
    """Computes mean and deviation over the frames of sound, in single precision.

    Args:
        ops: ``keras.ops``.
        x: The output of a block, (batch, frames, width).
        mask: Its mask, (batch, frames, 1).

    Returns:
        Shape (batch, width) each.
    """
    if x.dtype != "float32":
        x = ops.cast(x, "float32")
    count = ops.maximum(ops.sum(mask, axis=1), 1.0)
    mean = ops.sum(x * mask, axis=1) / count
    rest = (x - ops.expand_dims(mean, 1)) * mask
    variance = ops.sum(ops.square(rest), axis=1) / count
    return mean, ops.sqrt(ops.maximum(variance, _LEAST_VARIANCE))
