"""Signals that end a command, and what keeps one from being lost on its way.

Ctrl-C, SIGTERM and SIGHUP become exceptions wherever the main thread happens to be. That may be in
a finaliser, whose exceptions Python prints and forgets, or in a library's bare ``except:`` (Keras
has one around the opening of every file it saves): the command would go on as if nobody had asked.
So a thread watches from the signal on, and asks again while the exception is neither on its way nor
at its end.
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

# Seconds between two looks at what the main thread handles; lost is what two in a row do not see,
# for one may fall between the end of the way and that of the watch.
_LOOK = 0.05


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
def ended_by_signals() -> Iterator[None]:
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

    def lost(problem: Any) -> None:
        # The watch brings it back; nobody needs to read that it was gone.
        if not issubclass(problem.exc_type, KeyboardInterrupt):
            hook(problem)

    sys.unraisablehook = lost
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
    """Sees to it that an interruption of the main thread arrives.

    Args:
        owner: The process.
    """

    def __init__(self, owner: int) -> None:
        self._owner = owner
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, signum: int) -> None:
        """Watches from now on; further signals of somebody in a hurry change nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, args=(signum,), daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Ends the watch: the interruption has arrived, or there was none."""
        self._over.set()

    def _look(self, signum: int) -> None:
        missed = 0
        while not self._over.wait(_LOOK):
            missed = 0 if _on_its_way() else missed + 1
            if missed == 2:
                missed = 0
                os.kill(self._owner, signum)


def _on_its_way() -> bool:
    """Says whether the main thread handles an interruption, as ``finally`` blocks do."""
    handled: Any = sys._current_exceptions().get(threading.main_thread().ident or 0)
    if isinstance(handled, tuple):
        # Until Python 3.11.
        handled = handled[1]
    # Generators that an interruption leaves behind are closed with an exception of their own.
    return isinstance(handled, GeneratorExit) or interruption_behind(handled) is not None
