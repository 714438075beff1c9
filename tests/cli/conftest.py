"""Fixtures for what all commands share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from probe import PROGRAM, Probe
from speech import render

ROOT = Path(__file__).parents[2]
RATE = 16_000


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    path = tmp_path / "probe.py"
    path.write_text(PROGRAM)
    return [sys.executable, str(path)]


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def probe(program: list[str], environment: dict[str, str], tmp_path: Path) -> Probe:
    def call(*args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*program, *args],
            input=stdin,
            capture_output=True,
            cwd=tmp_path,
            env={**environment, **env},
            timeout=60,
            check=False,
        )

    return call


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of speech after one of silence, and three of silence behind it."""
    babble = np.asarray(render("angry", 1, seed=0, seconds=2.0, sample_rate=RATE), np.float32)
    still = np.zeros(RATE, np.float32)
    path = tmp_path_factory.mktemp("talk") / "talk.wav"
    soundfile.write(path, np.concatenate([still, babble, still, still, still]), RATE)
    return path
