"""How much of a window somebody speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser.arrays import Samples
from ser.audio import reader
from ser.vad.silero import CHUNK, RATE, speaks, speech_probabilities
from ser.vad.silero import SURE as SURE

SHORTEST_SPEECH = 0.25
"""Seconds of speech that a window needs for its emotion to be looked at: a syllable. Measured: of
3-second windows of music, applause, noise and hum, synthesised, none has a single chunk of speech;
of real emotional clips see benchmarks/activity.py."""


def anybody_speaks(
    windows: Sequence[Samples], rate: int, needed: float = SHORTEST_SPEECH
) -> npt.NDArray[np.bool_]:
    """Says which windows hold enough speech; each is heard for itself.

    Args:
        windows: Samples of each, shape (samples,); they may differ in length.
        rate: Their rate in hertz.
        needed: Seconds of speech; half of a window is enough, however short it is.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the network's weights is missing.
    """
    if not windows:
        return np.zeros(0, np.bool_)
    heard = _at_rate(windows, rate)
    lengths = np.array([len(samples) for samples in heard])
    chunks = -(-lengths // CHUNK)
    # A chunk of silence before each.
    first = np.cumsum(chunks + 1) - chunks
    signal = np.zeros(int((first[-1] + chunks[-1]) * CHUNK), np.float32)
    for start, samples in zip(first * CHUNK, heard, strict=True):
        signal[start : start + len(samples)] = samples
    return speaks(signal, first, first + chunks, _wanted(lengths, needed))


def anybody_speaks_in(
    signal: Samples,
    starts: npt.NDArray[np.intp],
    lengths: npt.NDArray[np.intp],
    needed: float = SHORTEST_SPEECH,
) -> npt.NDArray[np.bool_]:
    """Says which windows of one signal hold enough speech; what they share is heard once.

    Their borders are moved to those of the network's chunks of 32 ms.

    Args:
        signal: Samples at `ser.vad.silero.RATE`, shape (samples,).
        starts: Where each window begins, in samples, shape (windows,).
        lengths: How many samples each has, shape (windows,).
        needed: Seconds of speech; half of a window is enough, however short it is.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the network's weights is missing.
    """
    first = np.minimum((starts + CHUNK // 2) // CHUNK, (len(signal) - 1) // CHUNK)
    last = np.minimum(first - (-lengths // CHUNK), -(-len(signal) // CHUNK))
    return speaks(signal, first, last, _wanted(lengths, needed))


def _wanted(lengths: npt.NDArray[np.intp], needed: float) -> npt.NDArray[np.intp]:
    """Gives the chunks of speech that windows of so many samples at `RATE` need."""
    seconds = np.minimum(needed, 0.5 * lengths / RATE)
    chunks: npt.NDArray[np.intp] = np.ceil(seconds * RATE / CHUNK).astype(np.intp)
    return chunks


def _at_rate(windows: Sequence[Samples], rate: int) -> list[Samples]:
    return [reader.resample(np.asarray(samples, np.float32), rate, RATE) for samples in windows]


def seconds_of_speech(windows: Sequence[Samples], rate: int) -> npt.NDArray[np.float64]:
    """Measures how long somebody speaks in each window.

    Args:
        windows: Samples of each, shape (samples,); they may differ in length.
        rate: Their rate in hertz.

    Returns:
        Seconds, shape (windows,).

    Raises:
        SerError: The package with the network's weights is missing.
    """
    if not windows:
        return np.zeros(0)
    heard = _at_rate(windows, rate)
    together = np.zeros((len(heard), max(len(samples) for samples in heard)), np.float32)
    for row, samples in zip(together, heard, strict=True):
        row[: len(samples)] = samples
    spoken = speech_probabilities(together) >= SURE
    # What was filled up may sound on as if it were the end of a word.
    own = np.array([-(-len(samples) // CHUNK) for samples in heard])
    chunks = np.count_nonzero(spoken & (np.arange(spoken.shape[1]) < own[:, None]), axis=1)
    seconds: npt.NDArray[np.float64] = chunks * (CHUNK / RATE)
    return seconds
