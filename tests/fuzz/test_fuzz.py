"""Thousands of damaged files: each is read, or refused in one line. More: ``make fuzz``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

HERE = Path(__file__).parent

SEED = 1

# Inputs of each kind, by what one costs. The numbers of `make fuzz` are others.
COUNTS = {
    "table": 600,
    "card": 350,
    "classifier": 120,
    "network": 120,
    "speaker": 150,
    "rules": 200,
    "predictions": 300,
    "folds": 400,
    "manifest": 500,
    "rttm": 200,
    "textgrid": 150,
    "eaf": 200,
    "voices": 200,
    "sound": 250,
}


def campaign(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "campaign.py"), *map(str, words)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("name", COUNTS)
def test_nothing_is_found(name: str) -> None:
    done = campaign(COUNTS[name], SEED, name)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"{name}: {COUNTS[name]} inputs from {SEED}, 0 finds")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_what_is_wrong_is_found() -> None:
    done = campaign(12, SEED, "probe")
    assert done.returncode == 1
    for words in ("KeyError: 'found'", "needs too much memory", "ends the process with -11"):
        assert words in done.stdout
    again = campaign(12, SEED, "probe")
    strip = slice(None, -1)
    assert again.stdout.splitlines()[strip] == done.stdout.splitlines()[strip]


def test_an_input_is_made_again() -> None:
    first, again = (
        subprocess.run(
            [sys.executable, str(HERE / "campaign.py"), "--show", "table", "7"],
            cwd=ROOT,
            capture_output=True,
            timeout=60,
            check=True,
        ).stdout
        for _ in range(2)
    )
    assert first == again
    assert len(first) > 100


def test_every_target_is_in_the_test() -> None:
    done = campaign(0, SEED)
    assert {line.split(":")[0] for line in done.stdout.splitlines()} == set(COUNTS)
