"""Processor cores, threads of linear algebra, and memory of the C library."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

# Environment variables that the libraries of linear algebra (BLAS) read when they are loaded.
_BLAS_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")

# More processes than this gain little for a single stream, whose items one process prepares.
_MOST_FOR_A_STREAM = 4

_nested = False


def usable_cores() -> int:
    """Counts the processor cores that this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", _affinity)
    return count() or 1


def _affinity() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()


def disable_nested_parallelism() -> None:
    """Makes `stream_processes` give 1 for as long as this process lives.

    For a process that shares the cores with others of its kind. Those that `multiprocessing` has
    started are recognized without it.
    """
    global _nested
    _nested = True


def stream_processes() -> int:
    """Gives the number of processes for one stream of work: one per core, but at most 4.

    Inside of a worker process it is 1: there is a worker for every core already.
    """
    # Not imported for this: a process that multiprocessing has started has it.
    multiprocessing = sys.modules.get("multiprocessing")
    if _nested or (multiprocessing is not None and multiprocessing.parent_process() is not None):
        return 1
    return min(usable_cores(), _MOST_FOR_A_STREAM)


def limit_blas_threads() -> Any:
    """Limits linear algebra to one thread from now on, or while the returned context is open.

    Threads of several processes would only wait for each other; and with one thread everywhere a
    result does not depend on the number of processes or cores.
    """
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1)


@contextlib.contextmanager
def limit_blas_threads_at_load() -> Iterator[None]:
    """Has libraries that are loaded meanwhile, and processes that are started, use one thread.

    `limit_blas_threads` could do it later, but threads that exist look for work for a while before
    they sleep, and take a twentieth of the time from the workers.
    """
    with environment(dict.fromkeys(_BLAS_THREADS, "1")):
        yield


def blas_is_limited() -> bool:
    """Says whether this process was started within `limit_blas_threads_at_load`."""
    return os.environ.get(_BLAS_THREADS[0]) == "1"


@contextlib.contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Sets environment variables for the time."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def keep_freed_memory() -> None:
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
