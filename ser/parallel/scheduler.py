"""Hands items out in batches to an executor, and their results to the caller.

What computes is behind a small contract, `Executor`: worker processes of this machine, or a
cluster. The order of results, the bound on what is under way, and what is done about items that
take their process down are the same for all of them, and stand here.

`concurrent.futures` would do much of this, but a worker that dies breaks its pool without a word
about the item at fault, and workers cannot be ended in the middle of their work.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import InitVar, dataclass, field
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


@dataclass(frozen=True, slots=True)
class _Batch(Generic[Item]):
    """Items that follow each other; `first` is the index of the first one."""

    first: int
    items: list[Item]


@dataclass(slots=True)
class Scheduler(Generic[Item, Result]):
    """Has an executor compute the result of every item.

    Items that were under way in a process that died are computed again at the end, or when nothing
    else can go on: each by itself, so that an item that takes its process down once more is known
    to be at fault, and one that lacked memory has all of it.

    Attributes:
        executor: Computes. Who opened it closes it.
        items: Any number; taken as there is room for them, and one batch more, so that it is ready
            when there is room.
        crashed: Gives the result of an item that takes its process down, or what is raised then.
        batch: Items handed over at a time.
        in_order: Give results in the order of the items, and not as they come.
        retry: Whether an item of a process that died is tried again.
        on_submit: Called with the items of a batch that was submitted.
        on_wait: Called whenever the executor was waited for.
    """

    executor: Executor[Item, Result]
    items: InitVar[Iterable[Item]]
    crashed: Callable[[Item], Result | CaughtError]
    batch: int = 1
    in_order: bool = True
    retry: bool = True
    on_submit: Callable[[Sequence[Item]], None] = lambda items: None
    on_wait: Callable[[], None] = lambda: None

    _items: Iterator[Item] = field(init=False)
    _taken: int = field(default=0, init=False)
    _exhausted: bool = field(default=False, init=False)
    _failure: Exception | None = field(default=None, init=False)
    # Batches to submit before more items are taken.
    _waiting: deque[_Batch[Item]] = field(default_factory=deque, init=False)
    # Items whose process died, each in a batch of its own; while one of them is tried again
    # nothing else runs.
    _suspects: deque[_Batch[Item]] = field(default_factory=deque, init=False)
    _retrying: bool = field(default=False, init=False)
    _running: dict[int, _Batch[Item]] = field(default_factory=dict, init=False)
    _done: dict[int, Result | CaughtError] = field(default_factory=dict, init=False)
    # Results that the caller has got; in order, this is also the index of the next.
    _given: int = field(default=0, init=False)

    def __post_init__(self, items: Iterable[Item]) -> None:
        self._items = iter(items)

    def results(self) -> Generator[tuple[int, Result], None, None]:
        """Gives the index and the result of every item.

        Raises:
            Exception: What the work raised, in the place of its result; or what `items` raised,
                behind the results of the items before.
        """
        while True:
            self._submit()
            if not self._is_ready():
                if not self._running:
                    break
                self._collect()
                self.on_wait()
            while self._is_ready():
                index = self._given if self.in_order else next(iter(self._done))
                result = self._done.pop(index)
                self._given += 1
                if isinstance(result, CaughtError):
                    raise result.error
                yield index, result
        if self._failure is not None:
            raise self._failure

    def _is_ready(self) -> bool:
        return self._given in self._done if self.in_order else bool(self._done)

    def _submit(self) -> None:
        """Gives the executor what it has room for."""
        while not self._retrying:
            batch = self._waiting.popleft() if self._waiting else self._take()
            if batch is None:
                if not self._suspects or self._running:
                    return
                batch = self._suspects.popleft()
                self._retrying = True
            if not self.executor.submit(batch.first, batch.items):
                self._waiting.appendleft(batch)
                return
            self._running[batch.first] = batch
            self.on_submit(batch.items)

    def _take(self) -> _Batch[Item] | None:
        if self._exhausted:
            return None
        if self._taken >= self._given + self.executor.look_ahead * self.batch:
            return None
        batch: _Batch[Item] = _Batch(self._taken, [])
        try:
            while len(batch.items) < self.batch:
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
        for number, results in self.executor.wait():
            batch = self._running.pop(number)
            retried, self._retrying = self._retrying, False
            if results is Loss.UNSTARTED:
                self._waiting.append(batch)
            elif results is not Loss.DIED:
                self._done.update(enumerate(results, batch.first))
            elif self.retry and not retried:
                self._suspects.extend(
                    _Batch(index, [item]) for index, item in enumerate(batch.items, batch.first)
                )
            else:
                self._done.update(enumerate(map(self.crashed, batch.items), batch.first))
