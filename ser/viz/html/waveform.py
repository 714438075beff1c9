"""The waveform outline of a recording of any length, and colors on a dark background."""

from __future__ import annotations

import numpy as np

from ser.arrays import Array, Samples
from ser.colors import contrast_ratio

_COLUMNS = 4000
_FIRST_SECONDS = 0.005


class WaveformOutline:
    """Reduces a stream of samples to some thousand columns: the lowest and highest sample of each.

    A column begins as 5 ms; whenever there are too many, each two become one. Memory is constant.
    `ser.viz.overview.Overview` has a spectrogram too, and takes more time.

    Args:
        rate: Of the samples, in hertz.
        columns: There are never more than twice as many columns as this.

    Attributes:
        count: Samples taken so far.
    """

    def __init__(self, rate: int, columns: int = _COLUMNS) -> None:
        self.count = 0
        self._rate = rate
        self._limit = columns
        self._width = max(1, round(rate * _FIRST_SECONDS))
        self._low: Array = np.empty(0, np.float32)
        self._high: Array = np.empty(0, np.float32)
        self._pending: Samples = np.empty(0, np.float32)

    @property
    def seconds(self) -> float:
        """The length of the samples so far."""
        return self.count / self._rate

    @property
    def column_seconds(self) -> float:
        """How long one column lasts."""
        return self._width / self._rate

    def add(self, samples: Samples) -> None:
        """Takes the next block of mono samples, of any length."""
        self.count += len(samples)
        rest = np.concatenate([self._pending, samples])
        while len(rest) >= self._width:
            # Never beyond twice the limit, which is even: columns can then be joined in pairs.
            room = 2 * self._limit - len(self._low)
            whole = min(room, len(rest) // self._width) * self._width
            blocks = rest[:whole].reshape(-1, self._width)
            self._low = np.concatenate([self._low, blocks.min(axis=1)])
            self._high = np.concatenate([self._high, blocks.max(axis=1)])
            rest = rest[whole:]
            if len(self._low) == 2 * self._limit:
                self._low = self._low.reshape(-1, 2).min(axis=1)
                self._high = self._high.reshape(-1, 2).max(axis=1)
                self._width *= 2
        # A copy: a slice would keep the whole block alive.
        self._pending = rest.copy()

    def columns(self) -> tuple[Array, Array]:
        """Gives the lowest and the highest sample of each column, (columns,) both."""
        if not len(self._pending):
            return self._low, self._high
        return (
            np.append(self._low, self._pending.min()),
            np.append(self._high, self._pending.max()),
        )


DARK_BACKGROUND = "#14171B"
"""The background of the page in dark mode."""

_MIN_CONTRAST = 3.5


def lighten_for_dark(color: str) -> str:
    """Lightens a color until it differs enough from `DARK_BACKGROUND`; most need no change.

    Args:
        color: ``#RRGGBB``.

    Returns:
        The same hue, with a contrast of at least 3.5 (WCAG 2 asks for 3 in graphics).
    """
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    for white in range(0, 100, 2):
        mixed = [round(c + (255 - c) * white / 100) for c in channels]
        lightened = "#{:02X}{:02X}{:02X}".format(*mixed)
        if contrast_ratio(lightened, DARK_BACKGROUND) >= _MIN_CONTRAST:
            return lightened
    return "#FFFFFF"
