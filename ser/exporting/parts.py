"""The parts of an exported network around those that the artifact carries, made by TensorFlow."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.exporting.families import Spectra, feature_matrix, finish
from ser.exporting.high_pass import high_pass
from ser.exporting.preprocess import STEPS, Clip, shorten, trim, whole
from ser.exporting.prosody import functionals
from ser.exporting.whisper import log_mel, pool_blocks, repeat_to_hop
from ser.features.extract import LEAST_POWER
from ser.features.registry import ENCODER
from ser.features.spec import FeatureSpec
from ser.models.backend import quiet_stderr
from ser.models.calibration import FLOOR

FEATURES, FUNCTIONALS, VOICE = "features", "functionals", "voice"
PROSODY, SPECTRUM, MASK = "prosody", "spectrum", "mask"
EMBEDDING, PROBABILITIES = "embedding", "probabilities"
SAMPLES = "samples"


def load_tensorflow() -> Any:
    """Imports TensorFlow without the lines that it writes while it starts."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with quiet_stderr():
        import tensorflow

        # Some come only when the runtime starts.
        tensorflow.zeros(1)
    # The advice of its converter is for developers.
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    return tensorflow


def front(spec: FeatureSpec, size: int, frames: int, mel_bank: Matrix | None) -> bytes:
    """Makes the network from samples to features.

    Args:
        spec: The feature specification.
        size: Samples of a window.
        frames: Frames that the classifier reads.
        mel_bank: The specification's mel filter bank, where the artifact has it.

    Returns:
        The contents of a ``.tflite`` file.
    """
    tf = load_tensorflow()

    def compute(samples: Any) -> dict[str, Any]:
        clip = prepare(tf, whole(tf, samples[0]), spec)
        view = Spectra(tf, clip, spec, mel_bank)
        found: dict[str, Any] = {}
        if ENCODER.name not in spec.families:
            found[FEATURES] = feature_matrix(view, frames)
        if spec.prosody != "none":
            found[PROSODY] = functionals.compute(tf, view.power, spec, view.valid)
        elif spec.functionals != "none":
            found[PROSODY] = _level(tf, clip)
        if spec.encoder is not None:
            spectrum, mask = log_mel(tf, clip, spec.encoder.mels)
            missing = spec.encoder.frames - int(mask.shape[0])
            found[SPECTRUM] = tf.pad(spectrum, [[0, missing], [0, 0]])
            found[MASK] = tf.pad(mask, [[0, missing]])
        return {name: values[None] for name, values in found.items()}

    return convert(tf, compute, {SAMPLES: (1, size)})


def prepare(tf: Any, clip: Clip, spec: FeatureSpec) -> Clip:
    """Applies the specification's preprocessing, trimming and duration: `Extractor.prepare`."""
    if spec.highpass:
        clip = high_pass(tf, clip, spec.sample_rate, spec.highpass)
    for step in spec.clean:
        name, _, value = step.partition(":")
        clip = STEPS[name](tf, clip, float(value))
    if spec.trim is not None:
        clip = trim(tf, clip, spec.trim)
    if spec.duration is not None:
        clip = shorten(tf, clip, round(spec.duration * spec.sample_rate))
    return clip


def behind_encoder(spec: FeatureSpec, size: int, frames: int) -> bytes:
    """Makes the network from the encoder's answer to features and functionals.

    Args:
        spec: The feature specification.
        size: Samples of a window.
        frames: Frames that the classifier reads.

    Returns:
        The contents of a ``.tflite`` file.
    """
    tf = load_tensorflow()

    if spec.encoder is None:
        raise ValueError("the specification has no encoder")
    encoder, count = spec.encoder, spec.encoder.frames // 2
    shapes = {EMBEDDING: (1, count, encoder.total_width), MASK: (1, encoder.frames)}
    if spec.pools_encoder:
        shapes[PROSODY] = (1, _prosody_count(spec))

    def compute(embedding: Any, mask: Any, prosody: Any = None) -> dict[str, Any]:
        # A frame of the encoder stands for two of the spectrum.
        coarse = tf.reshape(mask[0], [count, 2])[:, 0]
        found: dict[str, Any] = {}
        if ENCODER.name in spec.families:
            matrix = repeat_to_hop(tf, embedding[0], coarse, size, spec.hop_length)
            found[FEATURES] = finish(tf, matrix, tf.ones(matrix.shape[0]), spec, frames)
        if spec.pools_encoder:
            pooled = pool_blocks(tf, embedding[0], coarse, len(encoder.blocks))
            found[FUNCTIONALS] = tf.concat([prosody[0], pooled], axis=0)
        return {name: values[None] for name, values in found.items()}

    return convert(tf, compute, shapes)


def calibration(labels: int, temperature: float) -> bytes:
    """Makes the network that applies the temperature to probabilities."""
    tf = load_tensorflow()

    def compute(probabilities: Any) -> dict[str, Any]:
        logs = tf.math.log(tf.maximum(probabilities, FLOOR)) / temperature
        return {PROBABILITIES: tf.nn.softmax(logs)}

    return convert(tf, compute, {PROBABILITIES: (1, labels)})


def convert(
    tf: Any, compute: Callable[..., dict[str, Any]], shapes: dict[str, tuple[int, ...]]
) -> bytes:
    """Converts a function for LiteRT, with built-in operators alone.

    Args:
        tf: The module.
        compute: Takes tensors of single precision, and gives such by their names.
        shapes: The shapes of its arguments, by their names and in their order.
    """
    signature = [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in shapes.items()]
    with quiet_stderr():
        function = tf.function(compute, input_signature=signature, autograph=False)
        converter = tf.lite.TFLiteConverter.from_concrete_functions(
            [function.get_concrete_function()], tf.Module()
        )
        network: bytes = converter.convert()
    return network


def _level(tf: Any, clip: Clip) -> Any:
    """Gives the clip's level in decibels, shape (1,)."""
    power = tf.reduce_sum(tf.square(clip.samples)) / tf.cast(clip.length, tf.float32)
    return tf.math.log(tf.maximum(power, LEAST_POWER))[None] * float(10 / np.log(10))


def _prosody_count(spec: FeatureSpec) -> int:
    from ser.features.prosody.functionals import names

    # Without prosody there is the level alone.
    return len(names(spec)) or 1
