"""How many processor cores there are to use."""

from __future__ import annotations

import os
from collections.abc import Callable


def usable_cores() -> int:
    """Counts the processor cores that this process may use."""
    count: Callable[[], int | None] = getattr(os, "process_cpu_count", _affinity)
    return count() or 1


def _affinity() -> int | None:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count()
