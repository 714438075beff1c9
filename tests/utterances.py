"""Speech for the tests of recognizers, and what every utterance must be."""

from __future__ import annotations

import numpy as np
from speech import render

from ser.arrays import Samples
from ser.text.asr.base import RATE, Utterance


def speech(seconds: float) -> Samples:
    return np.asarray(render("angry", 1, seed=0, seconds=seconds, sample_rate=RATE), np.float32)


def check_words(utterance: Utterance, seconds: float) -> None:
    assert 0 <= utterance.start <= utterance.end <= seconds + 1e-6
    assert utterance.words
    for word in utterance.words:
        assert word.text == word.text.strip() != ""
        assert 0 <= word.start <= word.end <= seconds + 0.1
        assert 0 <= word.confidence <= 1
