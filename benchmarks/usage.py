"""What a command and all processes that it starts take: time, processor, memory."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

# Seconds between two looks at the memory; each takes the processor some milliseconds.
_PERIOD = 0.2
_SUBREAPER = 36


@dataclass(frozen=True)
class Usage:
    """What one run took.

    Attributes:
        seconds: From start to end.
        processor: Seconds of all cores, of all processes.
        memory: The greatest sum over its processes in megabytes, pages that several share counted
            once (Linux; elsewhere the peak of the first process).
    """

    seconds: float
    processor: float
    memory: float


def measure(command: Sequence[str]) -> Usage:
    """Runs a command twice, for its time and for its memory: looking at that costs time.

    What it writes to standard output is dropped.

    Raises:
        SystemExit: It failed.
    """
    timed, weighed = _run(command, watched=False), _run(command, watched=True)
    return Usage(timed.seconds, timed.processor, weighed.memory)


def _run(command: Sequence[str], *, watched: bool) -> Usage:
    with contextlib.suppress(OSError, AttributeError):
        # What the command leaves behind is counted when it ends, and becomes this process's child.
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    ended = threading.Event()
    peak = [0.0]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
    watcher = threading.Thread(target=_watch, args=(process.pid, ended, peak))
    if watched:
        watcher.start()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    ended.set()
    if watched:
        watcher.join()
    processor = used.ru_utime + used.ru_stime + _left_behind(process.pid)
    if process.returncode:
        raise SystemExit(f"{command[1]} failed with exit code {process.returncode}")
    # macOS counts bytes, others kilobytes.
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return Usage(seconds, processor, peak[0] or used.ru_maxrss / scale)


def _left_behind(session: int) -> float:
    """Waits for what a command has left behind, and gives the seconds of processor it took."""
    seconds = 0.0
    while members := list(_members(session)):
        for member in members:
            try:
                _, _, used = os.wait4(member, 0)
                seconds += used.ru_utime + used.ru_stime
            except ChildProcessError:
                # The child of another that has not ended yet.
                time.sleep(0.01)
    return seconds


def _watch(session: int, ended: threading.Event, peak: list[float]) -> None:
    while not ended.wait(_PERIOD):
        peak[0] = max(peak[0], sum(map(_proportional, _members(session))))


def _members(session: int) -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError):
            if os.getsid(int(entry.name)) == session:
                yield int(entry.name)


def _proportional(process: int) -> float:
    """A process's share of memory in megabytes."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0
