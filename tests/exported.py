"""Sound for tests of exported networks, and the runtimes that run them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.exporting.preprocess import Clip
from ser.exporting.spectrum import frame_count, power_spectra
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

SIZE = 24_000
"""Samples of the longest clip: a second and a half."""

SPEC = FeatureSpec(
    n_fft=1024, win_length=1024, hop_length=256, n_mels=40, duration=1.5, trim=40.0,
    functionals="contours",
)  # fmt: skip

CLIPS = {
    "angry": render("angry", 1, seed=1, seconds=1.5),
    "sad": render("sad", 2, seed=2, seconds=1.1),
    "short": render("happy", 3, seed=3, seconds=0.3),
    "whisper": np.random.default_rng(0).normal(0, 0.01, SIZE).astype(np.float32),
    "silence": np.zeros(SIZE, np.float32),
}
"""Voices, one that ends early, sound without a pitch, and nothing."""


def tensorflow() -> Any:
    from ser.exporting.parts import load_tensorflow

    return load_tensorflow()


def clip_of(samples: Any) -> Clip:
    """Puts samples into a tensor of `SIZE`."""
    tf = tensorflow()
    return Clip(tf.constant(np.pad(samples, (0, SIZE - len(samples)))), tf.constant(len(samples)))


def spectra_of(samples: Any, spec: FeatureSpec = SPEC) -> tuple[Any, Any, Any]:
    """Power spectra and valid frames as tensors, and the spectra as NumPy computes them."""
    tf, clip = tensorflow(), clip_of(samples)
    power = power_spectra(tf, clip, spec)
    valid = tf.cast(np.arange(power.shape[0]) < frame_count(tf, clip, spec), tf.float32)
    view = Extractor(spec)._spectra(samples)
    return power, valid, view.power


def run_tflite(path: Path) -> Callable[[Any], Any]:
    """Opens a network with LiteRT: samples to probabilities."""
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    return lambda samples: run(samples=samples[None])["probabilities"][0]


def run_onnx(path: Path) -> Callable[[Any], Any]:
    """Opens a network with onnxruntime, or skips the test where that is not installed."""
    runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda samples: session.run(["probabilities"], {"samples": samples[None]})[0][0]
