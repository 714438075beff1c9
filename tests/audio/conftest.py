"""Recordings for the tests of decoding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from decoding import ENCODINGS, sweep
from recordings import BAD, RATE, SCRATCHED, UNUSUAL, encode, sound, speech


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All unusual and all bad files."""
    place = tmp_path_factory.mktemp("recordings")
    for name, make in UNUSUAL.items():
        (place / name).write_bytes(make())
    for name, (make, _) in BAD.items():
        (place / name).write_bytes(make())
    for name, make in SCRATCHED.items():
        (place / name).write_bytes(make())
    (place / "other.wav").write_bytes(sound(speech(), RATE))
    return place


@pytest.fixture(scope="module")
def encoded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds that never repeat, in every container that FFmpeg reads."""
    place = tmp_path_factory.mktemp("encoded")
    for name, (codec, rate, layout, picture) in ENCODINGS.items():
        channels = {"mono": 1, "stereo": 2, "7.1": 8}[layout]
        encode(
            place / name,
            codec,
            np.repeat(sweep(rate)[None], channels, 0),
            rate,
            layout=layout,
            picture=picture,
        )
    return place
