"""Work on threads of its own, in order and a bounded number ahead.

NumPy, LiteRT and the decoders let go of Python's lock for most of their time, so that threads are
as good as processes for one recording, and start in no time. `concurrent.futures` would wait for
all that has been handed in when its user goes away.
"""

from __future__ import annotations

import collections
import contextlib
import os
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_MOST = 4

_one_of_many = False


def one_of_many() -> None:
    """Says that this process is one of as many as there are cores, for as long as it lives.

    Processes that `multiprocessing` has started need not be told.
    """
    global _one_of_many
    _one_of_many = True


def useful_threads() -> int:
    """Says how many threads one piece of work may have: as many as cores, but few.

    Processes that somebody else shares work among have one: there is one of them per core.
    """
    # Not imported for this: what it has started has it.
    processes = sys.modules.get("multiprocessing")
    if _one_of_many or (processes is not None and processes.parent_process() is not None):
        return 1
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), _MOST)
    return min(os.cpu_count() or 1, _MOST)


class _Slot(Generic[Result]):
    """A result that may not be there yet."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.value: list[Result] = []
        self.error: BaseException | None = None

    def get(self) -> Result:
        self.done.wait()
        if self.error is not None:
            raise self.error
        return self.value[0]


class _Closed(BaseException):
    """Nobody wants any more; the base class, so that nothing on the way takes it for a fault."""


def ahead(source: Iterable[Item], depth: int) -> Generator[Item, None, None]:
    """Runs an iterator on a thread of its own, so many items ahead.

    Args:
        source: Used and closed by that thread alone.
        depth: How many items may wait.

    Yields:
        Its items. When the generator is closed the thread is waited for; it goes no further than
        to its next item.

    Raises:
        BaseException: What the iterator raised, behind the items before.
    """
    ready: collections.deque[Item] = collections.deque()
    change = threading.Condition()
    closed = finished = False
    errors: list[BaseException] = []

    def put(item: Item) -> None:
        with change:
            while len(ready) >= depth and not closed:
                change.wait()
            if closed:
                raise _Closed
            ready.append(item)
            change.notify_all()

    def run() -> None:
        nonlocal finished
        iterator = iter(source)
        try:
            with contextlib.suppress(_Closed), _closing(iterator):
                for item in iterator:
                    put(item)
        except BaseException as error:  # It is raised where it is waited for.
            errors.append(error)
        with change:
            finished = True
            change.notify_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            with change:
                while not ready and not finished:
                    change.wait()
                if not ready:
                    break
                item = ready.popleft()
                change.notify_all()
            yield item
        if errors:
            raise errors[0]
    finally:
        with change:
            closed = True
            change.notify_all()
        thread.join()


def mapped(
    work: Callable[[Item], Result], items: Iterable[Item], threads: int
) -> Generator[Result, None, None]:
    """Computes ``work(item)`` on threads; results come in the order of the items.

    Args:
        work: A function that several threads may run at once.
        items: Used by the caller's thread, no further ahead than there are threads to work.
        threads: How many.

    Yields:
        Results. When the generator is closed, what is being worked on is finished, and no more.

    Raises:
        BaseException: What `work` or the items raised, behind the results before.
    """
    waiting: collections.deque[tuple[Item, _Slot[Result]]] = collections.deque()
    change = threading.Condition()
    closed = False

    def run() -> None:
        while True:
            with change:
                while not waiting and not closed:
                    change.wait()
                if closed:
                    return
                item, slot = waiting.popleft()
            try:
                slot.value.append(work(item))
            except BaseException as error:  # Likewise.
                slot.error = error
            # What is worked on is not kept any longer than its result.
            del item
            slot.done.set()

    crew = [threading.Thread(target=run, daemon=True) for _ in range(threads)]
    slots: collections.deque[_Slot[Result]] = collections.deque()
    try:
        for thread in crew:
            thread.start()
        iterator = iter(items)
        failure: Exception | None = None
        while True:
            try:
                item = next(iterator)
            except StopIteration:
                break
            except Exception as error:  # It is raised behind what was before it.
                failure = error
                break
            slot: _Slot[Result] = _Slot()
            slots.append(slot)
            with change:
                waiting.append((item, slot))
                change.notify()
            del item
            # One more than there are threads waits, so that none of them has to.
            while slots and (len(slots) > threads or slots[0].done.is_set()):
                yield slots.popleft().get()
        while slots:
            yield slots.popleft().get()
        if failure is not None:
            raise failure
    finally:
        with change:
            closed = True
            change.notify_all()
        for thread in crew:
            if thread.ident is not None:
                thread.join()


@contextlib.contextmanager
def _closing(iterator: Iterator[Item]) -> Iterator[None]:
    try:
        yield
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            close()
