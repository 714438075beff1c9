"""A recording with speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render

RATE = 16_000


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of speech after one of silence, and three of silence behind it."""
    babble = np.asarray(render("angry", 1, seed=0, seconds=2.0, sample_rate=RATE), np.float32)
    still = np.zeros(RATE, np.float32)
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    soundfile.write(path, np.concatenate([still, babble, still, still, still]), RATE)
    return path
