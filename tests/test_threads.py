"""Threads: order, errors behind what was before them, and an end at any time."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Iterator

import pytest

from ser.threads import ahead, mapped, useful_threads


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


class Source:
    """Counts up; remembers how far, on which threads, and whether it was closed."""

    def __init__(self, count: int, fails: BaseException | None = None) -> None:
        self.count, self.fails = count, fails
        self.given, self.closed = 0, False
        self.threads: set[int] = set()

    def __iter__(self) -> Iterator[int]:
        try:
            for number in range(self.count):
                self.threads.add(threading.get_ident())
                self.given = number + 1
                yield number
            if self.fails is not None:
                raise self.fails
        finally:
            self.closed = True


@pytest.mark.parametrize("depth", [1, 3, 100])
def test_items_come_in_order(depth: int) -> None:
    source = Source(50)
    assert list(ahead(source, depth)) == list(range(50))
    assert source.closed
    assert threading.get_ident() not in source.threads
    assert list(ahead([], depth)) == []


def test_no_further_ahead_than_asked_for() -> None:
    source = Source(1000)
    with contextlib.closing(ahead(source, 4)) as items:
        assert next(items) == 0
        deadline = time.monotonic() + 10
        while source.given < 6 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
        # Four wait, and one is in the hand.
        assert source.given == 6
    assert source.closed
    assert source.given <= 7


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt()])
def test_errors_come_behind_the_items(error: BaseException) -> None:
    found = []
    with pytest.raises(type(error)):
        for item in ahead(Source(5, error), 2):
            found.append(item)
    assert found == list(range(5))


def test_an_unused_generator_starts_nothing() -> None:
    source = Source(5)
    ahead(source, 2).close()
    assert source.given == 0


def slowly(number: int) -> int:
    # The first ones take longest.
    time.sleep(0.02 / (1 + number % 4))
    return number * number


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_results_come_in_order(threads: int) -> None:
    assert list(mapped(slowly, range(40), threads)) == [n * n for n in range(40)]
    assert list(mapped(slowly, [], threads)) == []


def test_work_runs_at_once() -> None:
    together = threading.Barrier(2, timeout=10)
    # Each waits for the other: one thread alone would break the barrier.
    assert list(mapped(lambda number: together.wait() >= 0, range(2), 2)) == [True, True]


def test_failures_of_work_come_in_their_place() -> None:
    def work(number: int) -> int:
        if number == 5:
            raise ValueError("five")
        return slowly(number)

    found = []
    with pytest.raises(ValueError, match="five"):
        for result in mapped(work, range(100), 3):
            found.append(result)
    assert found == [n * n for n in range(5)]


def test_failures_of_items_come_behind_the_results() -> None:
    found = []
    with pytest.raises(OSError, match="cut off"):
        for result in mapped(slowly, Source(7, OSError("cut off")), 2):
            found.append(result)
    assert found == [n * n for n in range(7)]


def test_closed_early_no_more_is_done() -> None:
    source, done = Source(1000), []

    def work(number: int) -> int:
        done.append(number)
        return slowly(number)

    with contextlib.closing(mapped(work, ahead(source, 2), 2)) as results:
        assert [next(results) for _ in range(3)] == [0, 1, 4]
    assert len(done) < 12
    # What is ahead is closed by whoever opened it; here nobody keeps it.
    deadline = time.monotonic() + 10
    while not source.closed and time.monotonic() < deadline:
        time.sleep(0.01)
    assert source.closed


def test_how_many_are_useful() -> None:
    assert 1 <= useful_threads() <= 4
    # In a process that shares the cores with others.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(useful_threads) == 1
