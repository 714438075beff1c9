"""Work shared among processes: results in order, a bounded number ahead, and no input kills it."""

from __future__ import annotations

import collections
import itertools
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items handed to a worker at a time, and batches waiting per worker: enough to keep every core
# busy, few enough that what is in memory does not depend on the number of items.
_BATCH = 8
_WAITING = 3


def ordered(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    crashed: Callable[[Item], Result],
) -> Generator[Result, None, None]:
    """Computes ``work(item)`` for every item, in worker processes where that pays.

    Args:
        work: A function that can be pickled; it is sent to each worker once.
        items: What to compute it for.
        jobs: Number of processes. With one, or few items, everything is done in this process.
        crashed: Gives the result for an item that takes its process down, as a decoder's bug or
            want of memory do. The other items are not affected.

    Yields:
        Results, in the order of the items.
    """
    if not pays(jobs, len(items)):
        for item in items:
            yield work(item)
        return
    pool: _Pool[Item, Result] = _Pool(work, jobs)
    waiting: collections.deque[tuple[Sequence[Item], Future[list[Result]]]] = collections.deque()
    batches = (items[start : start + _BATCH] for start in range(0, len(items), _BATCH))
    try:
        while True:
            for batch in itertools.islice(batches, jobs * _WAITING - len(waiting)):
                waiting.append((batch, pool.submit(batch)))
            if not waiting:
                return
            batch, future = waiting.popleft()
            try:
                results = future.result()
            except BrokenProcessPool:
                # Any batch that was under way may be the culprit; those behind get another try.
                waiting = collections.deque(
                    (b, pool.submit(b) if f.done() and f.exception() else f) for b, f in waiting
                )
                results = list(_alone(work, batch, crashed))
            yield from results
    finally:
        pool.close()


def pays(jobs: int, count: int) -> bool:
    """Says whether so many items are worth starting worker processes for."""
    return jobs > 1 and count > _BATCH


def prepare(*modules: str) -> None:
    """Starts what workers are forked from, so that it is ready when the first is needed.

    Imports are done there once instead of in every worker.

    Args:
        modules: Names of modules that the workers will need beside those of this package that are
            loaded already.
    """
    if os.name != "posix":
        return
    from multiprocessing import forkserver

    own = sorted(name for name in sys.modules if name.partition(".")[0] == "ser")
    multiprocessing.set_forkserver_preload(["__main__", *own, *modules])
    forkserver.ensure_running()


def one_thread() -> Any:
    """Limits linear algebra to one thread while the returned context is open.

    Threads of several processes would only wait for each other; and with one thread everywhere a
    result does not depend on the number of processes or cores.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


class _Pool(Generic[Item, Result]):
    """Worker processes that are replaced when one of them has died."""

    def __init__(self, work: Callable[[Item], Result], jobs: int) -> None:
        self._work = work
        self._jobs = jobs
        self._executor = self._start()

    def submit(self, batch: Sequence[Item]) -> Future[list[Result]]:
        try:
            return self._executor.submit(_run, batch)
        except BrokenProcessPool:
            self.close()
            self._executor = self._start()
            return self._executor.submit(_run, batch)

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        # Forked workers would inherit the locks of whatever threads the caller runs.
        context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
        return ProcessPoolExecutor(self._jobs, context, _begin, (self._work,))


def _alone(
    work: Callable[[Item], Result], batch: Sequence[Item], crashed: Callable[[Item], Result]
) -> Iterator[Result]:
    """Works on one item at a time, so that it is known which of them takes its process down."""
    pool: _Pool[Item, Result] = _Pool(work, 1)
    try:
        for item in batch:
            try:
                yield from pool.submit([item]).result()
            except BrokenProcessPool:
                yield crashed(item)
    finally:
        pool.close()


_worker: Callable[[Any], Any] | None = None


def _begin(work: Callable[[Any], Any]) -> None:
    global _worker
    _worker = work
    # Ctrl-C reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    one_thread()
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    # A parent that was killed cannot tell its workers, and they would wait for ever.
    wait([sentinel])
    os._exit(1)


def _run(batch: Sequence[Any]) -> list[Any]:
    if _worker is None:
        raise RuntimeError("the worker was not started by _begin")
    return [_worker(item) for item in batch]
