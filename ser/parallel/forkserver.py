"""The process that worker processes are forked from, and what it imports for all of them.

Python's fork server imports modules, which it is given by name. Here it imports this one, which
calls the functions that `prepare` was given: what they import, and whatever else they make ready,
is there in every worker from its start.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
import pkgutil
import signal
from collections.abc import Callable, Iterator

from ser.errors import SerError
from ser.parallel.resources import environment, limit_blas_threads_at_load

# How the fork server is told what to call: names as ``module:function``, separated by spaces.
_PRELOAD = "_SER_PRELOAD"

END_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""Signals that end a process, besides Ctrl-C."""


def prepare(*preload: Callable[[], object], work: Callable[..., object] | None = None) -> None:
    """Starts the process that workers are forked from, so that it is ready when it is needed.

    Imports are done there once instead of in every worker. Without effect where it runs already,
    and on systems without it.

    Args:
        preload: Functions of modules, which import what the workers will need; they are called
            there. Packages that are not installed are passed over.
        work: What the workers will run; its module is imported there.

    Raises:
        SerError: It cannot be started.
    """
    if os.name != "posix":
        return
    from multiprocessing import forkserver, resource_tracker

    names = [f"{function.__module__}:{function.__qualname__}" for function in preload]
    if work is not None:
        names.append(_module_of(work))
    multiprocessing.set_forkserver_preload([__name__])
    # First, because starting it would lift the block.
    resource_tracker.ensure_running()
    try:
        with (
            signals_blocked(),
            limit_blas_threads_at_load(),
            environment({_PRELOAD: " ".join(names)}),
        ):
            forkserver.ensure_running()
    except OSError as error:
        raise cannot_start(error) from error


def cannot_start(error: Exception) -> SerError:
    """Gives the error for processes that the system does not let start."""
    # The fork server's socket lies in the temporary folder, and may have a path of about a hundred
    # characters.
    return SerError(
        "worker processes",
        f"cannot be started ({error})",
        "use --jobs 1, or set TMPDIR to a folder with a short name",
    )


@contextlib.contextmanager
def signals_blocked() -> Iterator[None]:
    """Keeps signals back, here for the moment and in processes that are started meanwhile.

    Ctrl-C reaches the whole process group; the parent alone decides what it means, and the others
    would complain about being interrupted. A parent that ends in the middle of starting a worker
    leaves one that complains about half a message.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, *END_SIGNALS])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _module_of(work: Callable[..., object]) -> str:
    while isinstance(work, functools.partial):
        work = work.func
    return work.__module__


def _preload(names: str) -> None:
    """Runs in the fork server."""
    for name in names.split():
        module, _, function = name.partition(":")
        # A worker that needs it says what is missing.
        with contextlib.suppress(ImportError):
            found = pkgutil.resolve_name(name if function else module)
            if function:
                found()


# Empty but in the fork server. The workers, and what they start, shall not do it again.
_preload(os.environ.pop(_PRELOAD, ""))
