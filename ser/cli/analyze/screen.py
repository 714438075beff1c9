"""The display of a live analysis on a terminal: some lines that are drawn again and again."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from typing import IO

from ser.labels import NO_SPEECH
from ser.timeline.clock import format_time
from ser.timeline.window import Window
from ser.timeline.writers.text import bar, can_draw_blocks, color_text

_MAX_BAR = 40
"""Characters of a full bar at most."""

_REDRAW_SECONDS = 0.1
"""Seconds from one drawing to the next at least, unless a window has come."""

_LEVEL_FALL = 0.1
"""The share of the level meter by which it falls at most with each block of sound."""

_UP, _HIDE, _SHOW = "\x1b[{}A\r", "\x1b[?25l", "\x1b[?25h"
_TO_LINE_END, _TO_SCREEN_END = "\x1b[K", "\x1b[J"


class Screen:
    """Draws the latest window as a line per emotion, with the level and the delay above.

    ::

        0:12.4  angry        level ██████▎     delay 0.14 s
        neutral    0.08  ███▏
        angry      0.81  ████████████████████████████████▍

    Args:
        stream: A terminal.
        labels: The model's labels in its order.
        color: Use colors.
        columns: Gives the width of the terminal in characters.
        clock: Gives the time in seconds, for the pauses between drawings.
    """

    def __init__(
        self,
        stream: IO[str],
        labels: Sequence[str],
        *,
        color: bool = True,
        columns: Callable[[], int] = lambda: shutil.get_terminal_size().columns,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._labels = tuple(labels)
        self._color = color
        self._columns = columns
        self._clock = clock
        self._plain = not can_draw_blocks(stream)
        self._lines = 0
        self._level = 0.0
        self._window: Window | None = None
        self._delay: float | None = None
        self._at = 0.0
        self._drawn_at = 0.0

    def open(self) -> None:
        """Draws for the first time."""
        self._stream.write(_HIDE)
        self.draw()

    def tick(self, seconds: float, level: float) -> None:
        """Takes the level and draws again, unless it has just been drawn.

        Args:
            seconds: The time of the sound, from its start.
            level: 0 to 1; see `ser.audio.devices.meter`.
        """
        # The meter falls slowly, so that it can be read.
        self._level = max(level, self._level - _LEVEL_FALL)
        self._at = seconds
        if self._clock() - self._drawn_at >= _REDRAW_SECONDS:
            self.draw()

    def show(self, window: Window, delay: float) -> None:
        """Draws a window and its delay in seconds."""
        self._window, self._delay = window, delay
        self.draw()

    def draw(self) -> None:
        """Draws everything, over the lines drawn before."""
        lines = self.lines()
        # Written over and not cleared first, which would flicker.
        text = self._back() + "".join(f"{line}{_TO_LINE_END}\n" for line in lines)
        self._lines = len(lines)
        self._stream.write(text)
        self._stream.flush()
        self._drawn_at = self._clock()

    def erase(self) -> None:
        """Erases the lines, for others on the same terminal."""
        self._stream.write(self._back() + _TO_SCREEN_END)
        self._stream.flush()
        self._lines = 0

    def close(self) -> None:
        """Ends; the last lines stay."""
        self._stream.write(_SHOW)
        self._stream.flush()

    def lines(self) -> list[str]:
        """Gives the lines as they are now."""
        window, columns = self._window, self._columns() - 1
        silent = window is None or window.emotion == NO_SPEECH
        label_width = max((len(name) for name in self._labels), default=0)
        width = max(1, min(_MAX_BAR, columns - label_width - len("  0.00  ")))
        lines = [self._head(max(label_width, len(NO_SPEECH)), columns)]
        for name in self._labels:
            share = 0.0 if window is None else window.probabilities.get(name, 0.0)
            drawn = bar(share, width, plain=self._plain)
            number = "    " if silent else f"{share:.2f}"
            shown = color_text(name, drawn) if self._color else drawn
            lines.append(f"{name.ljust(label_width)}  {number}  {shown}")
        return lines

    def _head(self, width: int, columns: int) -> str:
        emotion = "listening" if self._window is None else self._window.emotion
        level = bar(self._level, 10, plain=self._plain)
        parts = [format_time(self._at), emotion.ljust(width), f"level {level.ljust(10)}"]
        if self._delay is not None:
            parts.append(f"delay {self._delay:.2f} s")
        # A line that is wrapped could not be drawn over.
        while len(parts) > 1 and len("  ".join(parts)) > columns:
            del parts[-2 if len(parts) > 3 else -1]
        if self._color and self._window is not None and len(parts) > 1:
            parts[1] = f"\x1b[1m{color_text(emotion, parts[1])}"
        return "  ".join(parts)

    def _back(self) -> str:
        return _UP.format(self._lines) if self._lines else ""
