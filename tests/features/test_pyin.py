"""Compilation is done by one process at a time, and interruptions come out of it as they are."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from ser.features.pyin import _interruptible


def wrapped(levels: int, error: BaseException) -> None:
    """Raises as numba does: each level in a SystemError of its own."""
    if not levels:
        raise error
    try:
        wrapped(levels - 1, error)
    except BaseException as cause:
        raise SystemError("returned a result with an exception set") from cause


@pytest.mark.parametrize("levels", [0, 1, 2, 5])
def test_interruptions_pass(levels: int) -> None:
    error = KeyboardInterrupt("now")
    with pytest.raises(KeyboardInterrupt) as caught:
        _interruptible(wrapped)(levels, error)
    assert caught.value is error


def test_other_errors_stay() -> None:
    with pytest.raises(SystemError):
        _interruptible(wrapped)(2, ValueError("bad"))
    with pytest.raises(ValueError, match="bad"):
        _interruptible(wrapped)(0, ValueError("bad"))
    assert _interruptible(max)(3, 4) == 4


TURN = """
import sys, time
from pathlib import Path
from ser.features.pyin import one_at_a_time
with one_at_a_time():
    inside = Path(sys.argv[1])
    # Fails where another process is inside as well.
    inside.touch(exist_ok=False)
    time.sleep(0.3)
    inside.unlink()
"""


@pytest.mark.skipif(importlib.util.find_spec("fcntl") is None, reason="no file locks like these")
def test_processes_take_turns(tmp_path: Path) -> None:
    """Two that compile at once can leave a cache that crashes every later process."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TURN, tmp_path / "inside"],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        for _ in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]


def test_the_first_use_is_warm(run_python: object) -> None:
    """What is handed out has been compiled under the lock, for samples as they come later."""
    assert callable(run_python)
    run_python(
        "import numpy as np\n"
        "from ser.features.pyin import pyin as prepare\n"
        "pyin = prepare()\n"
        "from numba.core.event import Listener, register\n"
        "class Compilation(Listener):\n"
        "    seen = 0\n"
        "    def on_start(self, event): self.seen += 1\n"
        "    def on_end(self, event): pass\n"
        "listener = Compilation()\n"
        "register('numba:compile', listener)\n"
        "noise = np.random.default_rng(0).normal(size=20_000).astype(np.float32)\n"
        "pyin(noise, fmin=65.0, fmax=800.0, sr=16_000, frame_length=512, hop_length=160,"
        " fill_na=0.0)\n"
        "assert listener.seen == 0, listener.seen\n"
    )
