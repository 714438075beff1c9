"""One stream of work for several processes: order, errors, deaths, and an end at any time."""

from __future__ import annotations

import functools
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import working
from conftest import RunPython

from ser.parallel.pool import map_stream


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    threads = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= threads
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_results_come_in_order(processes: int, count: int) -> None:
    assert list(map_stream(working.uneven, range(count), processes)) == list(range(count))


def test_a_short_stream_is_worked_on_here_and_a_long_one_elsewhere() -> None:
    short = list(map_stream(working.process, range(3), 2))
    assert short == [os.getpid()] * 3
    long = list(map_stream(working.process, range(20), 2))
    assert long[:3] == short
    assert os.getpid() not in long[3:]
    assert set(map_stream(working.process, range(20), 1)) == {os.getpid()}


def test_what_is_known_to_be_long_is_worked_on_elsewhere_from_the_start() -> None:
    assert os.getpid() not in set(map_stream(working.process, range(3), 2, long=True))
    assert not list(map_stream(working.process, range(0), 2, long=True))


def test_failures_come_in_their_place() -> None:
    found = []
    with pytest.raises(ValueError, match="not 20"):
        for result in map_stream(working.refusing, range(60), 2):
            found.append(result)
    assert found == list(range(20))


def test_failures_of_the_stream_come_behind_the_results() -> None:
    def items() -> Iterator[int]:
        yield from range(9)
        raise OSError("cut off")

    found = []
    with pytest.raises(OSError, match="cut off"):
        for result in map_stream(working.square, items(), 2):
            found.append(result)
    assert found == [n * n for n in range(9)]


def test_an_item_that_processes_die_of_is_not_done_here() -> None:
    work = functools.partial(working.deadly_elsewhere, home=os.getpid(), item=5)
    found = []
    with pytest.raises(LookupError, match="five"):
        for result in map_stream(work, range(40), 2, crashed=LookupError("five")):
            found.append(result)
    assert found == list(range(5))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_all_processes_may_be_killed() -> None:
    found: list[int] = []
    killed: set[int] = set()
    for result in map_stream(working.process, range(60), 2):
        if result not in (os.getpid(), *found) and len(killed) < 2:
            os.kill(result, signal.SIGKILL)
            killed.add(result)
        found.append(result)
    assert len(found) == 60
    assert len(killed) == 2
    # Others took their places.
    assert not killed & set(found[-10:])
    assert os.getpid() not in found[-10:]


@pytest.mark.skipif(os.name != "posix", reason="there are no sockets with names")
def test_without_room_for_processes_all_is_done_here(tmp_path: Path, run_python: RunPython) -> None:
    """Where the temporary folder has too long a name for a socket in it."""
    folder = tmp_path / ("long" * 20) / ("long" * 20)
    folder.mkdir(parents=True)
    done = run_python(
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]; sys.path.insert(0, sys.argv[2])\n"
        "import working\n"
        "from ser.parallel.pool import map_stream\n"
        "print(list(map_stream(working.square, range(9), 2)))",
        folder,
        Path(working.__file__).parent,
    )
    assert (done.out, done.err) == (f"{[n * n for n in range(9)]}\n", "")


def test_closed_early_everything_ends() -> None:
    taken = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = map_stream(working.slow_after_some, items(), 2)
    assert [next(results) for _ in range(8)] == list(range(8))
    began = time.monotonic()
    results.close()
    # The work under way, of ten minutes, is not waited for.
    assert time.monotonic() - began < 10
    assert len(taken) < 16
