"""Runs code with simulated sound devices; see tests/simulated/sounddevice.py."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SIMULATED = Path(__file__).resolve().parent / "simulated"


def simulate(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """Puts simulated devices into the place of this process's."""
    monkeypatch.setenv("SIMULATED_SOUND", json.dumps(settings))
    spec = importlib.util.spec_from_file_location("sounddevice", SIMULATED / "sounddevice.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, "sounddevice", module)


def simulated(**settings: Any) -> dict[str, str]:
    """Gives the environment of a process that has simulated devices."""
    paths = [str(SIMULATED), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "SIMULATED_SOUND": json.dumps(settings)}


class Clock:
    """A clock that goes on when somebody sleeps; in the place of the module `time`.

    Attributes:
        now: Seconds.
        passing: Called with the time whenever it has changed.
    """

    def __init__(self) -> None:
        self.now = 1000.0
        self.passing: Callable[[float], None] = lambda now: None

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.passing(self.now)
