"""One stream of work shared among processes, results in order.

Threads would do for work in C, but not for this: measuring a window is a thousand short calls of
NumPy, each of which lets go of Python's lock and has to wait for it. Two threads on two cores take
as long as one alone, and a third more of the processors' time.
"""

from __future__ import annotations

import collections
import contextlib
import itertools
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Generic, TypeVar

from ser.errors import SerError
from ser.parallel.pool import Raised, Worker, prepare, usable_cores

# Work on threads, in order and a bounded number ahead.
#
# `concurrent.futures` would wait for all that has been handed in when its user goes away.

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


_MOST = 4

# Items worked on before others are prepared to help, where it is not known how many there will be:
# fewer are not worth starting processes for.
_ALONE = 2

_one_of_many = False


def one_of_many() -> None:
    """Says that this process is one of as many as there are cores, for as long as it lives.

    Processes that `multiprocessing` has started need not be told.
    """
    global _one_of_many
    _one_of_many = True


def useful_processes() -> int:
    """Says how many processes one piece of work may have: as many as cores, but few.

    Processes that somebody else shares work among have one: there is one of them per core.
    """
    # Not imported for this: what it has started has it.
    processes = sys.modules.get("multiprocessing")
    if _one_of_many or (processes is not None and processes.parent_process() is not None):
        return 1
    return min(usable_cores(), _MOST)


def shared(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    processes: int,
    modules: tuple[str, ...] = (),
    *,
    long: bool = False,
) -> Generator[Result, None, None]:
    """Computes ``work(item)`` for each item of a stream, in other processes where it is long.

    Args:
        work: A function that can be pickled, of a module that processes can import; it is sent to
            each of them once.
        items: Each a tenth of a second of work or more. Used by this process alone, which does
            nothing else but hand them out once others work.
        processes: How many work; with one, all is done here.
        modules: What `work` needs to have imported.
        long: Whether the stream is known to be long. Processes are started at once then.

    Yields:
        Results, in the order of the items. When the generator is closed, the processes are ended.
        Where the system has no room for them, and where one dies, its work is done here.

    Raises:
        Exception: What `work` or the items raised, behind the results before.
    """
    iterator = iter(items)
    if processes == 1:
        yield from map(work, iterator)
        return
    if long:
        _get_ready(modules)
    else:
        yield from map(work, itertools.islice(iterator, _ALONE))
        for item in itertools.islice(iterator, 1):
            # While this is worked on.
            _get_ready(modules)
            yield work(item)
    for item in itertools.islice(iterator, 1):
        yield from _helped(work, itertools.chain([item], iterator), processes)


def _get_ready(modules: tuple[str, ...]) -> None:
    """Has what the processes need imported."""
    with contextlib.suppress(SerError):
        prepare(*modules)


def _helped(
    work: Callable[[Item], Result], items: Iterable[Item], processes: int
) -> Generator[Result, None, None]:
    """Has processes do all of the work, or does it here where there are none to be had."""
    with contextlib.ExitStack() as stack:
        helpers: list[_Helper[Item, Result]] = []
        # Too many processes already, or a temporary folder with too long a name for a socket.
        with contextlib.suppress(OSError):
            for _ in range(processes):
                helpers.append(_Helper(work))
                stack.callback(helpers[-1].end)
        if not helpers:
            yield from map(work, items)
            return
        # They are killed first, so that no thread waits for an answer when it is to end; and so
        # nothing may close the results before, as "yield from" would.
        found = mapped(helpers, items)
        stack.callback(found.close)
        for helper in helpers:
            stack.callback(helper.kill)
        for result in found:  # noqa: UP028
            yield result


class _Helper(Generic[Item, Result]):
    """Does the work in another process; here, where that one has died."""

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self._work = work
        self._worker: Worker[Item, Result] = Worker(work)
        self._lost = self._ended = False

    def __call__(self, item: Item) -> Result:
        if self._lost:
            return self._work(item)
        self._worker.give(range(1), [item])
        try:
            (outcome,) = self._worker.receive()
        except (EOFError, OSError):
            if self._ended:
                # Nobody waits for it.
                raise
            self._lost = True
            return self._work(item)
        if isinstance(outcome, Raised):
            raise outcome.error
        return outcome

    def kill(self) -> None:
        self._ended = True
        self._worker.kill()

    def end(self) -> None:
        self._worker.end()
