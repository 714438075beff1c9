"""Work on threads, in order and a bounded number ahead.

`concurrent.futures` would wait for all that has been handed in when its user goes away.
"""

from __future__ import annotations

import collections
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def mapped(
    crew: Sequence[Callable[[Item], Result]], items: Iterable[Item]
) -> Generator[Result, None, None]:
    """Has each item worked on by one of a crew; results come in the order of the items.

    Args:
        crew: Functions that do the same, each called on a thread of its own.
        items: Used by the caller's thread, no further ahead than there are threads to work.

    Yields:
        Results. When the generator is closed, what is being worked on is finished, and no more.

    Raises:
        BaseException: What the work or the items raised, behind the results before.
    """
    waiting: collections.deque[tuple[Item, _Slot[Result]]] = collections.deque()
    change = threading.Condition()
    closed = False

    def run(work: Callable[[Item], Result]) -> None:
        while True:
            with change:
                while not waiting and not closed:
                    change.wait()
                if closed:
                    return
                item, slot = waiting.popleft()
            try:
                slot.value.append(work(item))
            except BaseException as error:  # It is raised where it is waited for.
                slot.error = error
            # What is worked on is not kept any longer than its result.
            del item
            slot.done.set()

    threads = [threading.Thread(target=run, args=(work,), daemon=True) for work in crew]
    slots: collections.deque[_Slot[Result]] = collections.deque()
    try:
        for thread in threads:
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
            while slots and (len(slots) > len(threads) or slots[0].done.is_set()):
                yield slots.popleft().get()
        while slots:
            yield slots.popleft().get()
        if failure is not None:
            raise failure
    finally:
        with change:
            closed = True
            change.notify_all()
        for thread in threads:
            if thread.ident is not None:
                thread.join()
