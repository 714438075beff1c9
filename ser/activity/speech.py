"""How much of a window somebody speaks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser import audio
from ser.activity.detector import CHUNK, RATE, speech_probabilities

SURE = 0.5
"""The probability from which on a chunk of 32 ms is speech: the publisher's own threshold."""

SHORTEST_SPEECH = 0.25
"""Seconds of speech that a window needs for its emotion to be looked at: a syllable. Measured: of
3-second windows of music, applause, noise and hum, synthesised, none has a single chunk of speech;
of real emotional clips see benchmarks/activity.py."""


def anybody_speaks(
    windows: Sequence[audio.Samples], rate: int, needed: float = SHORTEST_SPEECH
) -> npt.NDArray[np.bool_]:
    """Says which windows hold enough speech.

    The middle half of each is heard first, and all of it only where that was not enough: most
    windows of most recordings are full of speech.

    Args:
        windows: Samples of each, shape (samples,); they may differ in length.
        rate: Their rate in hertz.
        needed: Seconds of speech; half of a window is enough, however short it is.

    Returns:
        Shape (windows,).

    Raises:
        SerError: The package with the network's weights is missing.
    """
    wanted = np.array([min(needed, 0.5 * len(samples) / rate) for samples in windows])
    middles = [samples[len(samples) // 4 : -(len(samples) // 4) or None] for samples in windows]
    enough: npt.NDArray[np.bool_] = seconds_of_speech(middles, rate) >= wanted
    rest = np.flatnonzero(~enough)
    enough[rest] = seconds_of_speech([windows[i] for i in rest.tolist()], rate) >= wanted[rest]
    return enough


def seconds_of_speech(windows: Sequence[audio.Samples], rate: int) -> npt.NDArray[np.float64]:
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
    heard = [audio.resample(np.asarray(samples, np.float32), rate, RATE) for samples in windows]
    together = np.zeros((len(heard), max(len(samples) for samples in heard)), np.float32)
    for row, samples in zip(together, heard, strict=True):
        row[: len(samples)] = samples
    spoken = speech_probabilities(together) >= SURE
    # What was filled up may sound on as if it were the end of a word.
    own = np.array([-(-len(samples) // CHUNK) for samples in heard])
    chunks = np.count_nonzero(spoken & (np.arange(spoken.shape[1]) < own[:, None]), axis=1)
    seconds: npt.NDArray[np.float64] = chunks * (CHUNK / RATE)
    return seconds
