"""Locks: a file is somebody's as long as its process lives, and the dead leave nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from ser.io.files import atomic_path, hold_output
from ser.io.locks import LockedError, is_named, open_locked, remove_dead, try_lock

HOLD = """
import contextlib, sys, time
from pathlib import Path
from ser.io.files import TemporaryOutput, hold_output
with hold_output(sys.argv[1] + "/both.npy"):
    temporary = TemporaryOutput(Path(sys.argv[1], "one.npy"))
    temporary.create().write_bytes(b"half")
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is writing ``one.npy`` and holds ``both.npy``."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_what_a_living_run_writes_stays(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    before = sorted(tmp_path.iterdir())
    assert len(before) == 2
    remove_dead(tmp_path)
    assert sorted(tmp_path.iterdir()) == before
    with pytest.raises(LockedError, match=r"both\.npy: is being written by another run"):
        hold_output(tmp_path / "both.npy").__enter__()
    (tmp_path / "link.npy").symlink_to("both.npy")
    with pytest.raises(LockedError):
        hold_output(tmp_path / "link.npy").__enter__()


def test_what_a_killed_run_has_left_goes(tmp_path: Path, other: subprocess.Popen[bytes]) -> None:
    (tmp_path / ".notes-abcdefgh.npy").touch()
    other.send_signal(signal.SIGKILL)
    other.wait()
    assert len(list(tmp_path.iterdir())) == 3
    with atomic_path(tmp_path / "two.npy") as temporary:
        temporary.write_bytes(b"whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".notes-abcdefgh.npy", "two.npy"]
    with hold_output(tmp_path / "both.npy"):
        assert (tmp_path / ".both.npy.ser-lock").exists()
    assert not (tmp_path / ".both.npy.ser-lock").exists()


def test_a_lock_belongs_to_the_file_and_not_to_its_name(tmp_path: Path) -> None:
    path = tmp_path / "t.part"
    first = open_locked(path, "t")
    with pytest.raises(LockedError, match="wait for it, or name another output"):
        open_locked(path, "t")
    path.rename(tmp_path / "t")
    assert not is_named(first, path)
    second = open_locked(path, "t")
    assert is_named(second, path)
    os.close(first)
    os.close(second)
    third = os.open(path, os.O_RDONLY)
    assert try_lock(third)
    os.close(third)


def test_nothing_is_held_that_is_no_file(tmp_path: Path) -> None:
    for target in ("-", "/dev/null"):
        with hold_output(target), hold_output(target):
            pass
    os.mkfifo(tmp_path / ".p.ser-abcdefgh.npy")
    remove_dead(tmp_path)
    remove_dead(tmp_path / "missing")
    assert (tmp_path / ".p.ser-abcdefgh.npy").exists()
