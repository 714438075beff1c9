"""Threads: order, errors behind what was before them, and an end at any time."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest

from ser.threads import mapped


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
def test_results_come_in_order(threads: int) -> None:
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
