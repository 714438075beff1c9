"""Work shared among processes: results in order, a bounded number ahead, and no item ends it all.

`concurrent.futures` would do most of this, but a worker that dies breaks its pool without a word
about the item at fault, and workers cannot be ended in the middle of their work without a risk that
the pool waits for ever.
"""

from __future__ import annotations

import collections
import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from ser.errors import SerError

SOUND_WORK = ("ser.dataset.extract", "scipy.fft", "soundfile", "soxr")
"""What workers import that make features of recordings; for `prepare`."""

Item = TypeVar("Item")
Result = TypeVar("Result")

# Items handed over at a time: fewer than a second of work, and enough to be worth a message.
_BATCH = 8
# Batches that a worker has at a time: the second is there when the first is done.
_QUEUED = 2
# Batches per worker that may be done before the one that is waited for: what is in memory does not
# depend on the number of items.
_AHEAD = 4

# What the libraries for linear algebra read when they are loaded.
_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")

_ENDS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


def ordered(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    crashed: Callable[[Item], Result],
    *,
    batch: int = _BATCH,
) -> Generator[Result, None, None]:
    """Computes ``work(item)`` for every item, in worker processes where that pays.

    Args:
        work: A function that can be pickled, of a module that workers can import and not of the
            program's main file; it is sent to each worker once.
        items: What to compute it for.
        jobs: Number of processes. With one, or few items, everything is done in this process.
        crashed: Gives the result for an item that takes its process down, as a decoder's bug or
            want of memory do. It was tried again by itself, and the other items are not affected.
        batch: Items handed over at a time: 1 where each is a second of work or more.

    Yields:
        Results, in the order of the items.

    Raises:
        Exception: What `work` raised.
    """
    if not pays(jobs, len(items), batch):
        for item in items:
            yield work(item)
        return
    prepare()
    with contextlib.closing(_Team(work, items, jobs, crashed, batch)) as team:
        for _, result in team.results(in_order=True):
            yield result


def finished(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    crashed: Callable[[Item], Result],
    *,
    batch: int = _BATCH,
) -> Generator[tuple[int, Result], None, None]:
    """Does what `ordered` does, and gives each result as soon as it is there.

    Nothing waits for an item that takes long.

    Yields:
        An item's index, and its result.

    Raises:
        Exception: What `work` raised.
    """
    if not pays(jobs, len(items), batch):
        for index, item in enumerate(items):
            yield index, work(item)
        return
    prepare()
    with contextlib.closing(_Team(work, items, jobs, crashed, batch)) as team:
        yield from team.results(in_order=False)


def pays(jobs: int, count: int, batch: int = _BATCH) -> bool:
    """Says whether so many items are worth starting worker processes for."""
    return jobs > 1 and count > batch


def prepare(*modules: str) -> None:
    """Starts what workers are forked from, so that it is ready when the first is needed.

    Imports are done there once instead of in every worker.

    Args:
        modules: Names of modules that the workers will need. Without effect once it runs.

    Raises:
        SerError: It cannot be started.
    """
    if os.name != "posix":
        return
    from multiprocessing import forkserver, resource_tracker

    multiprocessing.set_forkserver_preload(list(modules))
    # First, because starting it would lift the block.
    resource_tracker.ensure_running()
    try:
        with _undisturbed(), without_threads():
            forkserver.ensure_running()
    except OSError as error:
        # A socket's name may have a hundred characters, and it lies in the temporary folder.
        raise SerError(
            "worker processes",
            f"cannot be started ({error})",
            "use --jobs 1, or set TMPDIR to a folder with a short name",
        ) from error


def one_thread() -> Any:
    """Limits linear algebra to one thread while the returned context is open.

    Threads of several processes would only wait for each other; and with one thread everywhere a
    result does not depend on the number of processes or cores.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


@contextlib.contextmanager
def without_threads() -> Iterator[None]:
    """Lets processes that are started meanwhile have linear algebra without threads of its own.

    Their limit could be set later, but threads that exist look for work for a while first, and take
    a twentieth of the time from the workers.
    """
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class _Team(Generic[Item, Result]):
    """Worker processes, what each of them is busy with, and what they have done."""

    def __init__(
        self,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        jobs: int,
        crashed: Callable[[Item], Result],
        batch: int,
    ) -> None:
        self._work = work
        self._items = items
        self._crashed = crashed
        # Results that the caller has got; in order, this is also the index of the next.
        self._next = 0
        self._done: dict[int, Result] = {}
        self._again: collections.deque[range] = collections.deque()
        # Items that a process has died with.
        self._suspects: set[int] = set()
        self._given = 0
        self._batch = batch
        # What is worth handing over alone takes long, and should not stand in line behind another.
        self._queued = _QUEUED if batch > 1 else 1
        self._limit = jobs * _AHEAD * batch
        self._size = min(jobs, -(-len(items) // batch))
        self._workers: list[Worker[Item, Result]] = []

    def results(self, *, in_order: bool) -> Iterator[tuple[int, Result]]:
        """Gives the index and the result of every item."""
        # Here and not before: an interruption finds what has been started, and `close` ends it.
        while len(self._workers) < self._size:
            self._workers.append(Worker(self._work))
        while self._next < len(self._items):
            self._distribute()
            if (self._next not in self._done) if in_order else not self._done:
                self._collect()
            while (self._next in self._done) if in_order else self._done:
                index = self._next if in_order else next(iter(self._done))
                result = self._done.pop(index)
                self._next += 1
                yield index, result

    def close(self) -> None:
        """Ends the workers at once, in the middle of their work if need be."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.end()

    def _distribute(self) -> None:
        for rounds in range(self._queued):
            for worker in self._workers:
                if len(worker.batches) <= rounds:
                    batch = self._take()
                    if batch is None:
                        return
                    worker.give(batch, [self._items[index] for index in batch])

    def _take(self) -> range | None:
        if self._again:
            return self._again.popleft()
        if self._given == len(self._items) or self._given >= self._next + self._limit:
            return None
        batch = range(self._given, min(self._given + self._batch, len(self._items)))
        self._given = batch.stop
        return batch

    def _collect(self) -> None:
        """Waits for results; there are some under way."""
        by_pipe = {worker.pipe: worker for worker in self._workers}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]  # what is ready is one of the pipes
            try:
                outcomes = worker.receive()
            except (EOFError, OSError):
                self._replace(worker)
                continue
            for index, outcome in zip(worker.batches.popleft(), outcomes, strict=True):
                if isinstance(outcome, Raised):
                    raise outcome.error
                self._done[index] = outcome

    def _replace(self, worker: Worker[Item, Result]) -> None:
        """Takes the work of a dead process over: one by one, to find the item at fault."""
        worker.end()
        first, *others = worker.batches
        if len(first) == 1 and first.start in self._suspects:
            self._done[first.start] = self._crashed(self._items[first.start])
        else:
            self._suspects.update(first)
            self._again += [range(index, index + 1) for index in first]
        self._again += others
        self._workers[self._workers.index(worker)] = Worker(self._work)


class Worker(Generic[Item, Result]):
    """One process, and the pipe to it.

    Args:
        work: A function that can be pickled.

    Attributes:
        batches: What it has been given, for its user to take away when it is done.
        pipe: Has something to say when a batch is done, or the process is dead.
    """

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self.batches: collections.deque[range] = collections.deque()
        # Forked workers would inherit the locks of whatever threads the caller runs.
        context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(work, theirs), daemon=True)  # type: ignore[attr-defined]
        # A half-started process would complain about its parent's silence.
        with _undisturbed(), _nameless_main():
            self._process.start()
        theirs.close()

    def give(self, batch: range, items: Sequence[Item]) -> None:
        """Hands items over; waits for the process to take them in where they are large."""
        self.batches.append(batch)
        # A dead process is noticed when its results are waited for.
        with contextlib.suppress(OSError):
            self.pipe.send(items)

    def receive(self) -> list[Result | Raised]:
        """Waits for the results of the batch that was given first.

        Raises:
            EOFError: The process is dead.
            OSError: Likewise.
        """
        outcomes: list[Result | Raised] = self.pipe.recv()
        return outcomes

    def kill(self) -> None:
        """Ends the process in the middle of its work; whoever waits for a result gets an error."""
        self._process.kill()

    def end(self) -> None:
        """Ends the process, and gives back what it took."""
        self.kill()
        self._process.join()
        self.pipe.close()


@contextlib.contextmanager
def _nameless_main() -> Iterator[None]:
    """Keeps processes that are started meanwhile from running the program's main file again.

    It would cost each of them what the command's own modules take to import, and a script that does
    its work without asking for its `__name__` would start that work anew.
    """
    main = sys.modules["__main__"]
    before = {name: getattr(main, name, None) for name in ("__file__", "__spec__")}
    for name in before:
        setattr(main, name, None)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(main, name, value)


class Raised:
    """An exception on its way from a worker to the caller.

    Attributes:
        error: The exception.
    """

    def __init__(self, error: Exception) -> None:
        self.error = error


def _serve(work: Callable[[Any], Any], pipe: Connection) -> None:
    """Runs in a worker process until it is ended."""
    # Ctrl-C is for the parent alone to understand; a plain end is not.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    if os.environ.get(_THREADS[0]) != "1":
        # The server was there before, started by somebody else.
        one_thread()
    keep_memory()
    # What was imported stays: no use in looking for garbage among it.
    gc.freeze()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send([_outcome(work, item) for item in pipe.recv()])


def keep_memory() -> None:
    """Lets the C library keep what is freed for the next item, instead of giving it back.

    Every item needs the same few megabytes, and fresh pages cost a sixth of the time. It holds for
    all that a process does: for programs, not for libraries.
    """
    if sys.platform != "linux":
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        # M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD of malloc.h; other C libraries than
        # glibc do not have the function, or ignore it.
        library = ctypes.CDLL(None)
        for parameter, size in ((-1, 1 << 28), (-2, 1 << 26), (-3, 1 << 28)):
            library.mallopt(parameter, size)


def _outcome(work: Callable[[Any], Any], item: Any) -> Any:
    try:
        return work(item)
    except Exception as error:
        return Raised(error)


def _end_with(sentinel: int) -> None:
    # A parent that was killed cannot end its workers, and they would go on for nothing.
    wait([sentinel])
    os._exit(1)


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Keeps signals back, here for the moment and in processes that are started meanwhile.

    Ctrl-C reaches the whole process group; the parent alone decides what it means, and the others
    would complain about being interrupted. A parent that ends in the middle of starting a worker
    leaves one that complains about half a message.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, *_ENDS])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# How many processor cores there are to use.


def usable_cores() -> int:
    """Counts the processor cores that this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", _affinity)
    return count() or 1


def _affinity() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
