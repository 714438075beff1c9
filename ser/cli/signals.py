"""Signals that end a command, by exceptions that cannot get lost.

Ctrl-C, SIGTERM and SIGHUP raise an exception wherever the main thread is. That may be in a
finalizer, whose exceptions Python prints and drops, or in a library's bare ``except:`` (Keras has
one around the opening of every file it saves): the command would continue. So a thread watches from
the signal on, and sends it again as long as no interruption is being handled.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ser.errors import interruption_behind

# Seconds between two looks at what the main thread handles. An interruption counts as lost when two
# looks in a row miss it: one may fall between its arrival and the end of the watch.
_POLL_SECONDS = 0.05


class Terminated(KeyboardInterrupt):
    """The process was asked to end by a signal.

    It is an interruption, so that context managers and ``finally`` blocks clean up on the way out.

    Attributes:
        signum: The number of the signal.
    """

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(signum)


@contextlib.contextmanager
def raise_on_signals() -> Iterator[None]:
    """Makes signals raise `KeyboardInterrupt`, or `Terminated`, until one arrives at the caller.

    The block within is to catch them. Outside of the main thread nothing is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    owner = os.getpid()
    watch = _Watch(owner)

    def end(signum: int, frame: FrameType | None) -> None:
        if os.getpid() == owner:
            watch.begin(signum)
        elif signum != signal.SIGINT:
            # A forked worker inherits this handler, but is ended by its parent and has
            # nothing to tidy up: it dies as if there were no handler.
            signal.signal(signum, signal.SIG_DFL)
            os.kill(os.getpid(), signum)
            return
        raise KeyboardInterrupt if signum == signal.SIGINT else Terminated(signum)

    before: dict[int, Any] = {}
    hook = sys.unraisablehook

    def ignore_interruption(problem: Any) -> None:
        # The watch sends it again, so no message is needed.
        if not issubclass(problem.exc_type, KeyboardInterrupt):
            hook(problem)

    sys.unraisablehook = ignore_interruption
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        signum = getattr(signal, name, None)
        # nohup asks for SIGHUP to be ignored, a shell's & for SIGINT, and that stays so.
        if signum and signal.getsignal(signum) in (signal.SIG_DFL, signal.default_int_handler):
            before[signum] = signal.signal(signum, end)
    try:
        yield
    finally:
        watch.end()
        sys.unraisablehook = hook
        for signum, handler in before.items():
            signal.signal(signum, handler)


class _Watch:
    """Sends an interruption again until the main thread handles it.

    Args:
        owner: The process.
    """

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, signum: int) -> None:
        """Starts the watch; further signals change nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._poll, args=(signum,), daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Ends the watch: the interruption has arrived, or there was none."""
        self._ended.set()

    def _poll(self, signum: int) -> None:
        missed = 0
        while not self._ended.wait(_POLL_SECONDS):
            missed = 0 if _is_handled() else missed + 1
            if missed == 2:
                missed = 0
                os.kill(self._owner, signum)


def _is_handled() -> bool:
    """Says whether the main thread handles an interruption, as ``finally`` blocks do."""
    handled: Any = sys._current_exceptions().get(threading.main_thread().ident or 0)
    if isinstance(handled, tuple):
        # Until Python 3.11.
        handled = handled[1]
    # Generators that an interruption leaves behind are closed with an exception of their own.
    return isinstance(handled, GeneratorExit) or interruption_behind(handled) is not None
