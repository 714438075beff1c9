"""Counters in the text format of Prometheus."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

HELP: Mapping[str, str] = {
    "ser_requests_total": "Requests that were answered, by path and status.",
    "ser_windows_total": "Windows that live streams were sent.",
    "ser_busy_total": "Requests that were refused because the queue was full.",
}
"""What each counter counts."""


class Metrics:
    """Counters that several threads may raise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def count(self, name: str, amount: int = 1, **labels: object) -> None:
        """Raises a counter.

        Args:
            name: One of `HELP`.
            amount: By how much.
            **labels: Of the series, such as ``status=200``.
        """
        series = ",".join(f'{key}="{value}"' for key, value in sorted(labels.items()))
        with self._lock:
            self._counts[name, series] += amount

    def text(self, gauges: Mapping[str, float]) -> str:
        """Writes all counters, and values of the moment.

        Args:
            gauges: The values of the moment by name.
        """
        with self._lock:
            counts = sorted(self._counts.items())
        lines = []
        for name, meaning in HELP.items():
            lines += [f"# HELP {name} {meaning}", f"# TYPE {name} counter"]
            found = [(series, value) for (other, series), value in counts if other == name]
            lines += [f"{name}{{{series}}} {value}" if series else f"{name} {value}"
                      for series, value in found] or [f"{name} 0"]  # fmt: skip
        for name, value in gauges.items():
            lines += [f"# TYPE {name} gauge", f"{name} {value:g}"]
        return "\n".join(lines) + "\n"
