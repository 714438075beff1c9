"""Work shared among worker processes of this machine."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Generator, Iterable, Sequence
from multiprocessing.connection import wait
from typing import Generic, TypeVar

from ser.errors import SerError
from ser.parallel.forkserver import cannot_start, prepare
from ser.parallel.resources import limit_blas_threads
from ser.parallel.scheduler import Completion, Loss, Scheduler
from ser.parallel.worker import CaughtError, Worker

Item = TypeVar("Item")
Result = TypeVar("Result")

BATCH = 8
"""Items handed over at a time: fewer than a second of work, and enough to be worth a message."""

# Batches per worker that may be done behind the one that is waited for: what is in memory does not
# depend on the number of items.
_LOOK_AHEAD = 4

# Items of a stream that this process computes before others are started: with fewer there is no use
# in processes.
_STREAM_BEGINNING = 2

_CRASHED = RuntimeError("took down the process that was at it, twice")


def map_items(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    jobs: int,
    crashed: Callable[[Item], Result],
    *,
    batch: int = BATCH,
    in_order: bool = True,
    preload: Sequence[Callable[[], object]] = (),
) -> Generator[tuple[int, Result], None, None]:
    """Computes ``work(item)`` for every item, in worker processes where that is worth it.

    Linear algebra has one thread meanwhile, so that results do not depend on the number of
    processes.

    Args:
        work: A function that can be pickled, of a module that workers can import and not of the
            program's main file; it is sent to each worker once.
        items: What to compute it for.
        jobs: Number of processes. With one, or few items, everything is done in this process.
        crashed: Gives the result for an item that takes its process down, as a decoder's bug or
            want of memory do. It was tried again by itself, and the other items are not affected.
        batch: Items handed over at a time: 1 where each is a second of work or more.
        in_order: Give results in the order of the items, and not each as soon as it is there.
        preload: What workers call before they begin; see `ser.parallel.forkserver.prepare`.

    Yields:
        An item's index, and its result. When the generator is closed, the processes are ended in
        the middle of their work.

    Raises:
        SerError: No process can be started.
        Exception: What `work` raised, in the place of its result.
    """
    if not needs_processes(jobs, len(items), batch):
        with limit_blas_threads():
            yield from enumerate(map(work, items))
        return
    prepare(*preload, work=work)
    # A second batch is there when the first is done. But an item that is handed over by itself
    # takes long, and should not stand in line behind another.
    queued = 2 if batch > 1 else 1
    with contextlib.closing(ProcessExecutor(work, jobs, queued=queued)) as executor:
        yield from Scheduler(executor, items, crashed, batch, in_order).results()


def map_stream(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    processes: int,
    *,
    crashed: Exception = _CRASHED,
    long: bool = False,
    preload: Sequence[Callable[[], object]] = (),
) -> Generator[Result, None, None]:
    """Computes ``work(item)`` for each item of a stream of unknown length, in order.

    Threads would do for work in C, but not for this: measuring a window is a thousand short calls
    of NumPy, each of which lets go of Python's lock and has to wait for it. Two threads on two
    cores take as long as one alone, and a third more of the processors' time.

    Args:
        work: As in `map_items`.
        items: Each a tenth of a second of work or more. This process takes them, and does nothing
            else once others work.
        processes: How many work; with one, all is done here.
        crashed: Raised in the place of the result of an item that two processes died of: done here,
            it would end this one too.
        long: Whether the stream is known to be long. Processes are started at once then; else the
            first items are done here, and no process is started where there are no others.
        preload: As in `map_items`.

    Yields:
        Results. When the generator is closed, the processes are ended in the middle of their work.
        Where none can be started the work is done here.

    Raises:
        Exception: What `work` or the items raised, behind the results before; or `crashed`.
    """
    iterator = iter(items)
    if processes == 1:
        yield from map(work, iterator)
        return
    if not long:
        yield from map(work, itertools.islice(iterator, _STREAM_BEGINNING))
    for item in itertools.islice(iterator, 1):
        # Where it cannot be started, the executor says so again.
        with contextlib.suppress(SerError):
            prepare(*preload, work=work)
        if long:
            iterator = itertools.chain([item], iterator)
        else:
            # While they get ready.
            yield work(item)
    for item in itertools.islice(iterator, 1):
        yield from _map_long_stream(work, itertools.chain([item], iterator), processes, crashed)


def _map_long_stream(
    work: Callable[[Item], Result], items: Iterable[Item], processes: int, crashed: Exception
) -> Generator[Result, None, None]:
    with contextlib.closing(ProcessExecutor(work, processes)) as executor:
        try:
            executor.start()
        except SerError:
            yield from map(work, items)
            return
        for _, result in Scheduler(executor, items, lambda item: CaughtError(crashed)).results():
            yield result


def needs_processes(jobs: int, count: int, batch: int = BATCH) -> bool:
    """Says whether `map_items` starts processes for so many items."""
    return jobs > 1 and count > batch


class ProcessExecutor(Generic[Item, Result]):
    """Worker processes; an executor for `ser.parallel.scheduler.Scheduler`.

    Processes are started as there is work for them, and others for those that die.

    Args:
        work: A function that can be pickled; it is sent to each process once.
        processes: How many there are at most.
        queued: Batches that a process has at a time, with the one that it is at. More than one is
            for small items; see `ser.parallel.worker.Worker.send`.
        reuse: Whether a process takes another batch when it is done with one.
        timeout: Seconds after which `wait` gives up for the moment, or None.

    Attributes:
        look_ahead: See `ser.parallel.scheduler.Executor`.
    """

    def __init__(
        self,
        work: Callable[[Item], Result],
        processes: int,
        *,
        queued: int = 1,
        reuse: bool = True,
        timeout: float | None = None,
    ) -> None:
        self._work = work
        self._processes = processes
        self._queued = queued
        self._reuse = reuse
        self._timeout = timeout
        self._workers: list[Worker[Item, Result]] = []
        self.look_ahead = _LOOK_AHEAD * processes

    def start(self) -> None:
        """Starts a process.

        Raises:
            SerError: None can be started, and there are no others. Where there are, their number
                is what there is room for.
        """
        try:
            self._workers.append(Worker(self._work))
        except (OSError, EOFError) as error:
            if not self._workers:
                raise cannot_start(error) from error
            self._processes = len(self._workers)

    def submit(self, number: int, items: Sequence[Item]) -> bool:
        """Gives a batch to a process that has the fewest, if any may have another."""
        if all(worker.batches for worker in self._workers) and len(self._workers) < self._processes:
            self.start()
        worker = min(self._workers, key=lambda worker: len(worker.batches))
        if len(worker.batches) >= self._queued:
            return False
        worker.send(number, items)
        return True

    def wait(self) -> list[Completion[Result]]:
        """Waits for results, or for the death of a process."""
        busy = {worker.pipe: worker for worker in self._workers if worker.batches}
        found: list[Completion[Result]] = []
        for pipe in wait(list(busy), self._timeout):
            worker = busy[pipe]  # type: ignore[index]  # what is ready is one of the pipes
            try:
                results = worker.receive()
            except (EOFError, OSError):
                first, *others = worker.batches
                found.append(Completion(first, Loss.DIED))
                found += [Completion(number, Loss.UNSTARTED) for number in others]
                self._end(worker)
                continue
            found.append(Completion(worker.batches.popleft(), results))
            if not self._reuse:
                self._end(worker)
        return found

    def _end(self, worker: Worker[Item, Result]) -> None:
        worker.close()
        self._workers.remove(worker)

    def close(self) -> None:
        """Ends the processes at once, in the middle of their work if need be."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.close()
