"""A worker process: it gets items through a pipe, and sends results back."""

from __future__ import annotations

import collections
import contextlib
import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

from ser.parallel.forkserver import END_SIGNALS, signals_blocked
from ser.parallel.resources import blas_is_limited, keep_freed_memory, limit_blas_threads

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CaughtError:
    """An exception that the work raised, on its way to the caller.

    Attributes:
        error: The exception.
    """

    error: Exception


def perform(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result | CaughtError]:
    """Computes ``work(item)`` for each item of a batch; errors take the place of their results."""
    return [_result(work, item) for item in items]


def _result(work: Callable[[Item], Result], item: Item) -> Result | CaughtError:
    try:
        return work(item)
    except Exception as error:
        return CaughtError(error)


class Worker(Generic[Item, Result]):
    """One process, and the pipe to it.

    Args:
        work: A function that can be pickled.

    Attributes:
        batches: The numbers of the batches that it has been sent and not answered; first the one
            that it is at.
        pipe: Readable when a batch is done, or the process is dead.

    Raises:
        OSError: The system has no room for another process.
    """

    def __init__(self, work: Callable[[Item], Result]) -> None:
        self.batches: collections.deque[int] = collections.deque()
        # Forked from this process, it would inherit the locks of whatever threads there are.
        context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
        self.pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(work, theirs), daemon=True)  # type: ignore[attr-defined]
        # A half-started process would complain about its parent's silence.
        with signals_blocked(), _without_main_file():
            self._process.start()
        theirs.close()

    def send(self, number: int, items: Sequence[Item]) -> None:
        """Hands a batch over. Large ones wait for the process to read them.

        Behind another batch items must be small: where both sides wait for the other one to read,
        they wait for ever.
        """
        self.batches.append(number)
        # A dead process is noticed when its results are read.
        with contextlib.suppress(OSError):
            self.pipe.send(items)

    def receive(self) -> list[Result | CaughtError]:
        """Waits for the results of the batch that was sent first.

        Raises:
            EOFError: The process is dead.
            OSError: Likewise.
        """
        results: list[Result | CaughtError] = self.pipe.recv()
        return results

    def kill(self) -> None:
        """Ends the process in the middle of its work, without waiting until it is gone."""
        self._process.kill()

    def close(self) -> None:
        """Ends the process, and frees what it took."""
        self.kill()
        self._process.join()
        self.pipe.close()


@contextlib.contextmanager
def _without_main_file() -> Iterator[None]:
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


def _serve(work: Callable[[Any], Any], pipe: Connection) -> None:
    """Runs in a worker process until it is ended."""
    # Ctrl-C is for the parent alone to understand; a plain end is not.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, END_SIGNALS)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    if not blas_is_limited():
        # The fork server was there before, started by somebody else.
        limit_blas_threads()
    keep_freed_memory()
    # What was imported stays: no use in looking for garbage among it.
    gc.freeze()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(perform(work, pipe.recv()))


def _end_with(sentinel: int) -> None:
    # A parent that was killed cannot end its workers, and they would go on for nothing.
    wait([sentinel])
    os._exit(1)
