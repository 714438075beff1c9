"""One stream of work for several processes: order, errors, deaths, and an end at any time."""

from __future__ import annotations

import contextlib
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

from ser.parallel.stream import mapped, shared, useful_processes


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    threads = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= threads
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("processes", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 2, 3, 50])
def test_results_come_in_order(processes: int, count: int) -> None:
    assert list(shared(working.uneven, range(count), processes)) == list(range(count))


def test_a_short_stream_is_worked_on_here_and_a_long_one_elsewhere() -> None:
    short = list(shared(working.process, range(3), 2))
    assert short == [os.getpid()] * 3
    long = list(shared(working.process, range(20), 2))
    assert long[:3] == short
    assert os.getpid() not in long[3:]
    assert set(shared(working.process, range(20), 1)) == {os.getpid()}


def test_what_is_known_to_be_long_is_worked_on_elsewhere_from_the_start() -> None:
    assert os.getpid() not in set(shared(working.process, range(3), 2, long=True))
    assert not list(shared(working.process, range(0), 2, long=True))


def test_failures_come_in_their_place() -> None:
    found = []
    with pytest.raises(ValueError, match="not 20"):
        for result in shared(working.refusing, range(60), 2):
            found.append(result)
    assert found == list(range(20))


def test_failures_of_the_stream_come_behind_the_results() -> None:
    def items() -> Iterator[int]:
        yield from range(9)
        raise OSError("cut off")

    found = []
    with pytest.raises(OSError, match="cut off"):
        for result in shared(working.square, items(), 2):
            found.append(result)
    assert found == [n * n for n in range(9)]


def test_what_a_dead_process_was_asked_for_is_done_here() -> None:
    work = functools.partial(working.deadly_elsewhere, home=os.getpid(), item=5)
    assert list(shared(work, range(40), 2)) == list(range(40))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_both_may_be_killed() -> None:
    found: list[int] = []
    for result in shared(working.process, range(60), 2):
        if result not in (os.getpid(), *found):
            os.kill(result, signal.SIGKILL)
        found.append(result)
    assert len(found) == 60
    assert len(set(found)) in (2, 3)
    assert found[-1] == os.getpid()


@pytest.mark.skipif(os.name != "posix", reason="there are no sockets with names")
def test_without_room_for_processes_all_is_done_here(tmp_path: Path, run_python: RunPython) -> None:
    """Where the temporary folder has too long a name for a socket in it."""
    folder = tmp_path / ("long" * 20) / ("long" * 20)
    folder.mkdir(parents=True)
    done = run_python(
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]; sys.path.insert(0, sys.argv[2])\n"
        "import working\n"
        "from ser.parallel.stream import shared\n"
        "print(list(shared(working.square, range(9), 2)))",
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

    results = shared(working.slow_after_some, items(), 2)
    assert [next(results) for _ in range(8)] == list(range(8))
    began = time.monotonic()
    results.close()
    # The work under way, of ten minutes, is not waited for.
    assert time.monotonic() - began < 10
    assert len(taken) < 16


def test_how_many_are_useful() -> None:
    assert 1 <= useful_processes() <= 4
    # In a process that shares the cores with others.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(useful_processes) == 1


# Threads: order, errors behind what was before them, and an end at any time.


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def slowly(number: int) -> int:
    # The first ones take longest.
    time.sleep(0.02 / (1 + number % 4))
    return number * number


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_mapped_results_come_in_order(threads: int) -> None:
    assert list(mapped([slowly] * threads, range(40))) == [n * n for n in range(40)]
    assert list(mapped([slowly] * threads, [])) == []


def test_everybody_works_at_once_and_on_threads() -> None:
    together = threading.Barrier(2, timeout=10)

    def work(number: int) -> int:
        # Each waits for the other: one thread alone would break the barrier.
        together.wait()
        return threading.get_ident()

    found = list(mapped([work, work], range(2)))
    assert len({*found, threading.get_ident()}) == 3


def test_failures_of_work_come_in_their_place() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return slowly(number)

    found = []
    with pytest.raises(ValueError, match="five"):
        for result in mapped([work] * 3, range(100)):
            found.append(result)
    assert found == [n * n for n in range(5)]


def test_failures_of_items_come_behind_the_results() -> None:
    def items() -> Iterator[int]:
        yield from range(7)
        raise OSError("cut off")

    found = []
    with pytest.raises(OSError, match="cut off"):
        for result in mapped([slowly] * 2, items()):
            found.append(result)
    assert found == [n * n for n in range(7)]


def test_closed_early_no_more_is_done() -> None:
    taken, done = [], []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    def work(number: int) -> int:
        done.append(number)
        return slowly(number)

    with contextlib.closing(mapped([work] * 2, items())) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(done) <= len(taken) < 12
