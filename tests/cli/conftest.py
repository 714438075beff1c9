"""Fixtures for what all commands share."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from probe import PROGRAM, Probe

ROOT = Path(__file__).parents[2]


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
