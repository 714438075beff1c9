"""Voice activity detection of windows: whether there is enough speech in them, and how much."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ser.arrays import Doubles, Indices, Mask, Samples
from ser.audio import reader
from ser.vad.silero import CHUNK, RATE, SPEECH_THRESHOLD, has_speech, speech_probabilities

MIN_SPEECH_SECONDS = 0.25
"""The least seconds of speech in a window whose emotion is recognized: a syllable. Measured: of
3-second windows of synthesized music, applause, noise and hum, none has a single chunk of speech;
of real emotional clips see benchmarks/activity.py."""

# The network expects speech at usual levels, and takes soft speech for none. Windows whose level is
# under the first number are amplified by a power of the second: by steps, so that overlapping
# windows of one recording have the same gain nearly always, and share what is computed. The level
# is that of the fifth loudest chunk, so that a click is none. Nothing has more gain than what
# brings the last bit of 16 up to the level of speech.
_QUIET, _GAIN_STEP, _MOST_STEPS, _LOUD_CHUNKS = 0.025, 4.0, 7, 5


def detect_speech(
    windows: Sequence[Samples], rate: int, needed: float = MIN_SPEECH_SECONDS
) -> Mask:
    """Decides which windows contain enough speech, each by itself.

    Args:
        windows: Samples of each, shape (samples,); they may differ in length.
        rate: Their rate in hertz.
        needed: Seconds of speech; half of a window is enough where it is shorter than twice that.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the network's weights is missing.
    """
    if not windows:
        return np.zeros(0, np.bool_)
    resampled = _resample(windows, rate)
    lengths = np.array([len(samples) for samples in resampled])
    chunks = -(-lengths // CHUNK)
    # A chunk of silence before each window.
    first = np.cumsum(chunks + 1) - chunks
    signal = np.zeros(int((first[-1] + chunks[-1]) * CHUNK), np.float32)
    for start, samples in zip(first * CHUNK, resampled, strict=True):
        signal[start : start + len(samples)] = samples * usual_gain(samples)
    return has_speech(signal, first, first + chunks, _needed_chunks(lengths, needed))


def detect_speech_in_signal(
    signal: Samples,
    starts: Indices,
    lengths: Indices,
    needed: float = MIN_SPEECH_SECONDS,
) -> Mask:
    """Decides which windows of one signal contain enough speech; what they share is computed once.

    The windows' borders are moved to those of the network's chunks of 32 ms.

    Args:
        signal: Samples at `ser.vad.silero.RATE`, shape (samples,).
        starts: Where each window begins, in samples, shape (windows,).
        lengths: How many samples each has, shape (windows,).
        needed: Seconds of speech; half of a window is enough where it is shorter than twice that.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the network's weights is missing.
    """
    first = np.minimum((starts + CHUNK // 2) // CHUNK, (len(signal) - 1) // CHUNK)
    last = np.minimum(first - (-lengths // CHUNK), -(-len(signal) // CHUNK))
    gains = np.array(
        [usual_gain(signal[start : start + n]) for start, n in zip(starts, lengths, strict=True)]
    )
    enough = np.zeros(len(starts), np.bool_)
    for gain in np.unique(gains):
        some = np.flatnonzero(gains == gain)
        chunks = _needed_chunks(lengths[some], needed)
        enough[some] = has_speech(signal * gain, first[some], last[some], chunks)
    return enough


def _needed_chunks(lengths: Indices, needed: float) -> Indices:
    """Gives the number of chunks that must be speech in windows of so many samples at `RATE`."""
    seconds = np.minimum(needed, 0.5 * lengths / RATE)
    chunks: Indices = np.ceil(seconds * RATE / CHUNK).astype(np.intp)
    return chunks


def usual_gain(samples: Samples) -> np.float32:
    """Gives the factor that brings the samples of a window to a usual level of speech.

    Args:
        samples: At `ser.vad.silero.RATE`, shape (samples,).
    """
    whole = len(samples) // CHUNK * CHUNK
    chunks = samples[:whole].reshape(-1, CHUNK) if whole else samples[None]
    powers = np.einsum("ij,ij->i", chunks, chunks) / max(1, chunks.shape[1])
    loud = min(_LOUD_CHUNKS, len(powers))
    level = float(np.sqrt(np.partition(powers, -loud)[-loud]))
    if not 0 < level < _QUIET:
        return np.float32(1)
    steps = math.ceil(math.log(_QUIET / level, _GAIN_STEP))
    return np.float32(_GAIN_STEP ** min(steps, _MOST_STEPS))


def _resample(windows: Sequence[Samples], rate: int) -> list[Samples]:
    return [reader.resample(np.asarray(samples, np.float32), rate, RATE) for samples in windows]


def seconds_of_speech(windows: Sequence[Samples], rate: int) -> Doubles:
    """Measures the seconds of speech in each window.

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
    resampled = _resample(windows, rate)
    padded = np.zeros((len(resampled), max(map(len, resampled))), np.float32)
    for row, samples in zip(padded, resampled, strict=True):
        row[: len(samples)] = samples * usual_gain(samples)
    spoken = speech_probabilities(padded) >= SPEECH_THRESHOLD
    # The network may take the silence behind a window's end for the end of a word.
    own = np.array([-(-len(samples) // CHUNK) for samples in resampled])
    chunks = np.count_nonzero(spoken & (np.arange(spoken.shape[1]) < own[:, None]), axis=1)
    seconds: Doubles = chunks * (CHUNK / RATE)
    return seconds
