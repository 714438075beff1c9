"""What is under way, the order of results, and what a death means; without processes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import pytest

from ser.parallel.scheduler import Completion, Loss, Scheduler
from ser.parallel.worker import perform


class Simulated:
    """Machines that hold two batches each, and finish or die in an order that chance decides.

    Attributes:
        sent: The items of each batch that was submitted.
        alone: Whether each of them was submitted with nothing else there.
    """

    look_ahead = 6

    def __init__(
        self,
        work: Callable[[int], int],
        machines: int = 2,
        kills: Callable[[int], bool] = lambda item: False,
        seed: int = 0,
    ) -> None:
        self._work = work
        self._kills = kills
        self._chance = random.Random(seed)
        self._machines: list[list[tuple[int, list[int]]]] = [[] for _ in range(machines)]
        self.sent: list[list[int]] = []
        self.alone: list[bool] = []

    def submit(self, number: int, items: Sequence[int]) -> bool:
        queue = min(self._machines, key=len)
        if len(queue) == 2:
            return False
        self.alone.append(not any(self._machines))
        self.sent.append(list(items))
        queue.append((number, list(items)))
        return True

    def wait(self) -> list[Completion[int]]:
        if self._chance.random() < 0.2:
            return []
        queue = self._chance.choice([queue for queue in self._machines if queue])
        number, items = queue.pop(0)
        if not any(map(self._kills, items)):
            return [Completion(number, perform(self._work, items))]
        found = [Completion(number, Loss.DIED)]
        found += [Completion(other, Loss.UNSTARTED) for other, _ in queue]
        queue.clear()
        return found


def schedule(*given: Any, **options: Any) -> Generator[tuple[int, int], None, None]:
    return Scheduler(*given, **options).results()


def square(number: int) -> int:
    return number * number


def lost(number: int) -> int:
    return -1


def refusing(number: int) -> int:
    if number in (20, 23):
        raise ValueError(f"not {number}")
    return number


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("batch", [1, 3, 8])
@pytest.mark.parametrize("count", [0, 1, 2, 24, 100])
def test_every_item_has_its_result(count: int, batch: int, in_order: bool) -> None:
    executor = Simulated(square)
    found = list(schedule(executor, range(count), lost, batch=batch, in_order=in_order))
    assert sorted(found) == [(n, n * n) for n in range(count)]
    if in_order:
        assert found == sorted(found)
    assert all(len(items) <= batch for items in executor.sent)


def test_results_come_as_they_are_ready() -> None:
    found = list(schedule(Simulated(square), range(50), lost, batch=1, in_order=False))
    assert found != sorted(found)


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("batch", [1, 4])
def test_the_items_that_a_batch_died_of_are_found(batch: int, in_order: bool) -> None:
    executor = Simulated(square, kills=lambda item: item % 10 == 7)
    found = dict(schedule(executor, range(60), lost, batch=batch, in_order=in_order))
    assert found == {n: -1 if n % 10 == 7 else n * n for n in range(60)}
    # Each is tried twice, and the second time with nobody else there.
    for item in (7, 17, 57):
        times = [
            alone
            for items, alone in zip(executor.sent, executor.alone, strict=True)
            if item in items
        ]
        assert len(times) == 2
        assert times[-1]


def test_what_did_not_begin_is_not_suspected() -> None:
    executor = Simulated(square, machines=1, kills=lambda item: item == 0)
    found = list(schedule(executor, range(4), lost, batch=1, in_order=False))
    assert sorted(found) == [(0, -1), (1, 1), (2, 4), (3, 9)]
    # The second was sent again, and not as the last one.
    assert executor.sent.count([1]) == 2
    assert executor.sent[-1] == [0]


def test_an_item_may_be_given_up_at_once() -> None:
    executor = Simulated(square, kills=lambda item: item == 5)
    found = schedule(executor, range(9), lost, batch=1, in_order=True, retry=False)
    assert [result for _, result in found] == [-1 if n == 5 else n * n for n in range(9)]
    assert executor.sent.count([5]) == 1


def test_a_second_chance_helps() -> None:
    deaths = iter([True])
    executor = Simulated(square, kills=lambda item: item == 5 and next(deaths, False))
    found = schedule(executor, range(9), lost, batch=3, in_order=True)
    assert [result for _, result in found] == [n * n for n in range(9)]


def test_errors_come_in_their_place() -> None:
    found = []
    with pytest.raises(ValueError, match="not 20"):
        for _, result in schedule(Simulated(refusing), range(60), lost, batch=4, in_order=True):
            found.append(result)
    assert found == list(range(20))


def test_errors_of_the_items_come_behind_the_results() -> None:
    def items() -> Iterator[int]:
        yield from range(9)
        raise OSError("cut off")

    for batch, in_order in itertools.product((1, 4), (True, False)):
        found = []
        with pytest.raises(OSError, match="cut off"):
            for _, result in schedule(
                Simulated(square), items(), lost, batch=batch, in_order=in_order
            ):
                found.append(result)
        assert sorted(found) == [n * n for n in range(9)]


@pytest.mark.parametrize("in_order", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_items_are_taken_a_bounded_number_ahead(seed: int, in_order: bool) -> None:
    executor = Simulated(square, seed=seed)
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for number in itertools.count():
            taken = number + 1
            yield number

    results = schedule(executor, items(), lost, batch=3, in_order=in_order)
    for given in range(200):
        next(results)
        assert taken <= given + 1 + executor.look_ahead * 3
    results.close()


def test_the_caller_is_told_what_begins_and_that_it_waits() -> None:
    begun: list[int] = []
    waits = itertools.count()
    executor = Simulated(square)
    results = schedule(
        executor,
        range(20),
        lost,
        batch=3,
        in_order=False,
        on_submit=begun.extend,
        on_wait=lambda: next(waits),
    )
    assert len(list(results)) == 20
    assert begun == list(range(20))
    # At least once for each of seven batches.
    assert next(waits) >= 7
