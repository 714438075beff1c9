"""A Dask scheduler and its workers as processes of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from conftest import ROOT

WAIT_SECONDS = 60.0


class Cluster:
    """A scheduler on the loopback interface, and workers of one thread that join it."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack, **settings: str) -> None:
        self._folder = folder
        self._stack = stack
        # The workers must find this checkout and the functions of the tests.
        paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
        self._environment = {**os.environ, "PYTHONPATH": paths, **settings}
        about = folder / "scheduler.json"
        quiet = ["--no-dashboard", "--no-show"]
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", about, *quiet
        )
        wait_for(about.exists)
        # The file is written in one go, but not by a rename.
        wait_for(lambda: about.read_text().strip().endswith("}"))
        self.address: str = json.loads(about.read_text())["address"]

    def join(self, *options: str) -> subprocess.Popen[bytes]:
        """Starts a worker."""
        return self._start(
            "worker",
            self.address,
            "--nthreads",
            "1",
            "--no-dashboard",
            *(options or ["--no-nanny"]),
        )

    def _start(self, *arguments: object) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dask", *map(str, arguments)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process


@contextlib.contextmanager
def cluster(folder: Path, workers: int = 2, **settings: str) -> Iterator[Cluster]:
    """Runs a cluster while the block runs; `settings` are environment variables."""
    with contextlib.ExitStack() as stack:
        made = Cluster(folder, stack, **settings)
        for _ in range(workers):
            made.join()
        yield made


def wait_for(condition: object) -> None:
    """Waits until a function says that it is so."""
    assert callable(condition)
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it has not come about"
        time.sleep(0.02)
