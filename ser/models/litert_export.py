"""Converts networks for LiteRT."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from ser.models.backend import quiet_stderr

_LARGE = 2**28
"""Weights that do not fit into one graph: protocol buffers end at two gigabytes."""


def export_litert(model: Any, *, eight_bits: bool = False) -> bytes | None:
    """Converts a network for LiteRT.

    Backends other than TensorFlow and some recurrent layers do not convert; such a network still
    runs on Keras.

    Args:
        model: A `keras.Model`. All sizes of its inputs but the batch are fixed.
        eight_bits: Dynamic range quantization: weights are stored as eight-bit integers with a
            scale per output channel, and activations are quantized per example at run time.

    Returns:
        The contents of a ``.tflite`` file, or None where the conversion fails.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        return None
    convert = _convert_saved if model.count_params() > _LARGE else _convert_graph
    try:
        with quiet_stderr():
            network = convert(model, eight_bits)
    except Exception:
        # The converter has many exception types of its own.
        return None
    return network if _litert_accepts(network) else None


def _convert_graph(model: Any, eight_bits: bool) -> bytes:
    """Converts the graph of one call, with the weights as constants.

    `keras.Model.export` writes a SavedModel first and reads it twice, which takes several times as
    long as all the rest, and comes to the same network.
    """
    import keras
    import tensorflow as tf

    def describe(entry: Any) -> Any:
        # The name that SavedModels give it.
        name = f"serving_default_{entry.name}"
        return tf.TensorSpec((None, *entry.shape[1:]), entry.dtype, name=name)

    def call(inputs: Any) -> Any:
        return model(inputs, training=False)

    # Keras has no Python control flow that would have to be translated.
    graph = tf.function(call, autograph=False).get_concrete_function(
        keras.tree.map_structure(describe, model.input)
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions([graph])
    converter.target_spec.supported_ops = [
        tf.lite.OpsSet.TFLITE_BUILTINS,
        tf.lite.OpsSet.SELECT_TF_OPS,
    ]
    if eight_bits:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    network: bytes = converter.convert()
    return network


def _convert_saved(model: Any, eight_bits: bool) -> bytes:
    """Converts by way of a SavedModel, whose weights are files of their own."""
    options: dict[str, Any] = {}
    if eight_bits:
        import tensorflow as tf

        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "model.tflite"
        model.export(target, format="litert", verbose=False, **options)
        return target.read_bytes()


def _litert_accepts(network: bytes) -> bool:
    """Tries to load a network: loops may have become operations that only TensorFlow has."""
    try:
        with quiet_stderr():
            from ai_edge_litert.interpreter import Interpreter

            Interpreter(model_content=network, num_threads=1).allocate_tensors()
    except (ValueError, RuntimeError):
        return False
    return True
