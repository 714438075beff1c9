"""One worker process: results and errors through its pipe, and its end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import working
from clusters import wait_for
from conftest import ROOT

from ser.parallel.worker import CaughtError, Worker, perform


@contextlib.contextmanager
def worker(work: object) -> Iterator[Worker[int, int]]:
    assert callable(work)
    with contextlib.closing(Worker(work)) as made:
        yield made


def test_errors_take_the_place_of_results() -> None:
    first, failed, last = perform(working.refusing, [19, 20, 21])
    assert (first, last) == (19, 21)
    assert isinstance(failed, CaughtError)
    assert str(failed.error) == "not 20"


def test_batches_are_answered_in_order() -> None:
    with worker(working.square) as made:
        made.send(7, [1, 2])
        made.send(8, [3])
        assert list(made.batches) == [7, 8]
        assert made.receive() == [1, 4]
        assert made.receive() == [9]


def test_errors_come_through_the_pipe() -> None:
    with worker(working.refusing) as made:
        made.send(0, [20])
        (failed,) = made.receive()
    assert isinstance(failed, CaughtError)
    assert isinstance(failed.error, ValueError)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_a_death_is_noticed() -> None:
    with worker(working.fragile) as made:
        made.send(0, [7])
        with pytest.raises((EOFError, OSError)):
            made.receive()
        # What is sent to a dead process gets lost, but is no error of its own.
        made.send(1, [1])


def test_ctrl_c_is_for_the_parent() -> None:
    with worker(working.process) as made:
        made.send(0, [0])
        (process,) = made.receive()
        os.kill(process, signal.SIGINT)
        made.send(1, [0])
        assert made.receive() == [process]


@pytest.mark.skipif(os.name != "posix", reason="processes are looked for by signals")
def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """Also in the middle of its work, and when the parent is killed."""
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, time, working\n"
        "from ser.parallel.worker import Worker\n"
        "worker = Worker(working.process_or_sleep)\n"
        "worker.send(0, [0])\n"
        "print(*worker.receive(), flush=True)\n"
        "worker.send(1, [8])\n"
        "time.sleep(600)\n"
    )
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": paths}
    ) as parent:
        assert parent.stdout is not None
        process = int(parent.stdout.readline())
        time.sleep(0.1)
        parent.kill()

    def gone() -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return True
        return False

    wait_for(gone)
