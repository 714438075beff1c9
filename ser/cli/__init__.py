"""The commands, one module each: options in, one call into the core, exit code out."""

from __future__ import annotations

import os
import signal
import sys
import threading


def _end_quietly() -> None:
    """Lets Ctrl-C end a command without a traceback while it is still importing what it needs.

    From then on, `ser.cli.signals` says what happens. A program that imports a command keeps its
    own handler.
    """
    command = os.path.basename(sys.argv[0] if sys.argv else "")  # noqa: PTH119 (imports nothing)
    if (command == "ser" or command.startswith("ser-")) and (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    ):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


_end_quietly()
