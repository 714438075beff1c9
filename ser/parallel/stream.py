"""Former names, until every caller has the new ones."""

from typing import Any

from ser.parallel.pool import map_stream
from ser.parallel.resources import stream_processes as useful_processes  # noqa: F401


def shared(work: Any, items: Any, processes: int, modules: Any = (), *, long: bool = False) -> Any:
    return map_stream(work, items, processes, long=long, preload=modules)
