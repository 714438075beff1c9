"""The one function of librosa that has to be compiled, and a lock around its compilation."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ser.errors import missing_package


@lru_cache(maxsize=1)
def pyin() -> Callable[..., Any]:
    """Gives `librosa.pyin`, compiled and ready for float32 samples.

    numba keeps what it has compiled on disk. Two processes that compile the same function at the
    same time can leave a cache there that crashes every later process, so they take turns.
    """
    with one_at_a_time():
        try:
            from librosa import pyin
        except ModuleNotFoundError as error:
            raise missing_package("the feature f0", error.name) from error

        noise = np.random.default_rng(0).normal(size=2048).astype(np.float32)
        pyin(noise, fmin=65.0, fmax=800.0, sr=8000, frame_length=256, hop_length=128, fill_na=0.0)
    return _interruptible(pyin)


def _interruptible(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets Ctrl-C through, which numba's compiled functions wrap in an error of Python itself."""

    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except SystemError as error:
            cause: BaseException | None = error
            while isinstance(cause, SystemError):
                cause = cause.__cause__
            if isinstance(cause, KeyboardInterrupt):
                raise cause from None
            raise

    return call


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Waits until no other process of this user compiles."""
    try:
        import fcntl
    except ImportError:
        # Windows locks files in another way, and nobody has seen the fault there.
        yield
        return
    name = f"ser-compile-{os.getuid()}.lock"
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            # Opened for appending: the file stays, for others may hold its lock.
            lock = stack.enter_context(Path(tempfile.gettempdir(), name).open("a"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
