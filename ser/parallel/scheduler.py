"""Hands items out in batches to an executor, and their results to the caller.

What computes is behind a small contract, `Executor`: worker processes of this machine, or a
cluster. The order of results, the bound on what is under way, and what is done about items that
take their process down are the same for all of them, and stand here.

`concurrent.futures` would do much of this, but a worker that dies breaks its pool without a word
about the item at fault, and workers cannot be ended in the middle of their work.
"""

from __future__ import annotations

import collections
import enum
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

from ser.parallel.worker import CaughtError

Item = TypeVar("Item")
Result = TypeVar("Result")
_Sent = TypeVar("_Sent", contravariant=True)


class Loss(enum.Enum):
    """Why a batch has no results."""

    DIED = enum.auto()
    """Its process died, perhaps of this batch."""
    UNSTARTED = enum.auto()
    """Its process died of another batch, before it began with this one."""


class Completion(NamedTuple, Generic[Result]):
    """The end of a batch.

    Attributes:
        number: What `Executor.submit` was given.
        results: One for each item, or why there are none.
    """

    number: int
    results: Sequence[Result | CaughtError] | Loss


class Executor(Protocol[_Sent, Result]):
    """Computes batches of items somewhere else."""

    @property
    def look_ahead(self) -> int:
        """How many batches may be under way or done behind the one that is waited for."""

    def submit(self, number: int, items: Sequence[_Sent]) -> bool:
        """Begins with a batch, if there is room for it. There always is while it has none.

        Args:
            number: Names the batch.
            items: Its items.

        Returns:
            Whether it was taken.
        """

    def wait(self) -> Sequence[Completion[Result]]:
        """Waits until batches are done, but perhaps no longer than some time; gives those."""


def schedule(
    executor: Executor[Item, Result],
    items: Iterable[Item],
    crashed: Callable[[Item], Result],
    *,
    batch: int,
    in_order: bool,
    retry: bool = True,
    on_submit: Callable[[Sequence[Item]], None] = lambda items: None,
    on_wait: Callable[[], None] = lambda: None,
) -> Generator[tuple[int, Result], None, None]:
    """Has an executor compute the result of every item.

    Items that were under way in a process that died are computed again at the end, or when nothing
    else can go on: each by itself, so that an item that takes its process down once more is known
    to be at fault, and one that lacked memory has all of it.

    Args:
        executor: Computes. Who opened it closes it.
        items: Any number; taken as there is room for them, and one batch more, so that it is ready
            when there is room.
        crashed: Gives the result of an item that takes its process down.
        batch: Items handed over at a time.
        in_order: Give results in the order of the items, and not as they come.
        retry: Whether an item of a process that died is tried again.
        on_submit: Called with the items of a batch that was submitted.
        on_wait: Called whenever the executor was waited for.

    Yields:
        An item's index, and its result.

    Raises:
        Exception: What the work raised, in the place of its result; or what `items` raised, behind
            the results of the items before.
    """
    state = _Schedule(executor, items, crashed, batch, in_order, retry, on_submit, on_wait)
    yield from state.run()


@dataclass(frozen=True, slots=True)
class _Batch(Generic[Item]):
    """Items that follow each other; `first` is the index of the first one."""

    first: int
    items: list[Item]


class _Schedule(Generic[Item, Result]):
    """Where each item is: not taken yet, waiting, running, or done."""

    def __init__(
        self,
        executor: Executor[Item, Result],
        items: Iterable[Item],
        crashed: Callable[[Item], Result],
        batch: int,
        in_order: bool,
        retry: bool,
        on_submit: Callable[[Sequence[Item]], None],
        on_wait: Callable[[], None],
    ) -> None:
        self._executor = executor
        self._items = iter(items)
        self._crashed = crashed
        self._size = batch
        self._in_order = in_order
        self._retry = retry
        self._on_submit = on_submit
        self._on_wait = on_wait
        self._taken = 0
        self._exhausted = False
        self._failure: Exception | None = None
        # Batches to submit before more items are taken.
        self._waiting: collections.deque[_Batch[Item]] = collections.deque()
        # Items whose process died, each in a batch of its own; while one of them is tried again
        # nothing else runs.
        self._suspects: collections.deque[_Batch[Item]] = collections.deque()
        self._retrying = False
        self._running: dict[int, _Batch[Item]] = {}
        self._done: dict[int, Result | CaughtError] = {}
        # Results that the caller has got; in order, this is also the index of the next.
        self._given = 0

    def run(self) -> Generator[tuple[int, Result], None, None]:
        """Gives the index and the result of every item."""
        while True:
            self._submit()
            if not self._is_ready():
                if not self._running:
                    break
                self._collect()
                self._on_wait()
            while self._is_ready():
                index = self._given if self._in_order else next(iter(self._done))
                result = self._done.pop(index)
                self._given += 1
                if isinstance(result, CaughtError):
                    raise result.error
                yield index, result
        if self._failure is not None:
            raise self._failure

    def _is_ready(self) -> bool:
        return self._given in self._done if self._in_order else bool(self._done)

    def _submit(self) -> None:
        """Gives the executor what it has room for."""
        while not self._retrying:
            batch = self._waiting.popleft() if self._waiting else self._take()
            if batch is None:
                if not self._suspects or self._running:
                    return
                batch = self._suspects.popleft()
                self._retrying = True
            if not self._executor.submit(batch.first, batch.items):
                self._waiting.appendleft(batch)
                return
            self._running[batch.first] = batch
            self._on_submit(batch.items)

    def _take(self) -> _Batch[Item] | None:
        if self._exhausted:
            return None
        if self._taken >= self._given + self._executor.look_ahead * self._size:
            return None
        batch: _Batch[Item] = _Batch(self._taken, [])
        try:
            while len(batch.items) < self._size:
                batch.items.append(next(self._items))
        except StopIteration:
            self._exhausted = True
        except Exception as error:
            self._exhausted = True
            self._failure = error
        self._taken += len(batch.items)
        return batch if batch.items else None

    def _collect(self) -> None:
        """Waits for batches that are under way."""
        for number, results in self._executor.wait():
            batch = self._running.pop(number)
            retried, self._retrying = self._retrying, False
            if results is Loss.UNSTARTED:
                self._waiting.append(batch)
            elif results is not Loss.DIED:
                self._done.update(enumerate(results, batch.first))
            elif self._retry and not retried:
                self._suspects.extend(
                    _Batch(index, [item]) for index, item in enumerate(batch.items, batch.first)
                )
            else:
                self._done.update(enumerate(map(self._crashed, batch.items), batch.first))
