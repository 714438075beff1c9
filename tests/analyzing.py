"""Recordings for ser-analyze, and what it writes about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from conftest import Run
from speech import render
from spoken import EMOTIONS

RATE = 16_000


def speech(seconds: int) -> Any:
    """Three emotions in turn, a second each."""
    parts = [
        render(EMOTIONS[i % 3], 1 + i % 4, seed=9, seconds=1.0, intensity="strong")
        for i in range(seconds)
    ]
    return np.concatenate(parts)


def six_seconds(folder: Path) -> Path:
    """Writes a recording."""
    path = folder / "talk.wav"
    soundfile.write(path, speech(6), RATE)
    return path


def lines_of(run: Run, *arguments: object, **more: Any) -> list[dict[str, Any]]:
    """Runs ser-analyze, which must not complain, and reads its JSON lines."""
    done = run("ser-analyze", *arguments, "--format", "jsonl", **more)
    assert done.returncode == 0, done.err
    assert done.err == ""
    return [json.loads(line) for line in done.out.splitlines()]
