"""The display of a live analysis, and when it is drawn."""

from __future__ import annotations

import io
import re

import pytest
from timelines import LABELS, angry, sad, silence, unsure

from ser.cli.analyze.screen import Screen


class Narrow(io.StringIO):
    """A terminal that knows ASCII alone."""

    encoding = "ascii"


def bare(lines: list[str]) -> list[str]:
    return [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in lines]


def screen(**more: object) -> tuple[Screen, io.StringIO]:
    stream = io.StringIO()
    return Screen(stream, LABELS, columns=lambda: 60, **more), stream  # type: ignore[arg-type]


def test_a_line_per_emotion() -> None:
    made, _ = screen(color=False)
    assert made.lines()[0].startswith("0:00.0  listening")
    made.show(angry(9, 12), 0.1449)
    made.tick(12.31, 0.62)
    lines = made.lines()
    assert lines == [
        "0:12.3  angry      level ██████▎     delay 0.14 s",
        "neutral  0.10  ████",
        "angry    0.83  █████████████████████████████████▎",
        "sad      0.07  ██▊",
    ]


def test_silence_has_no_bars() -> None:
    made, _ = screen(color=False)
    made.show(silence(9, 12), 0.1)
    lines = made.lines()
    assert "no speech" in lines[0]
    assert [line.strip() for line in lines[1:]] == list(LABELS)
    made.show(unsure(9, 12), 0.1)
    assert "uncertain" in made.lines()[0]
    assert "0.35" in made.lines()[2]


def test_colours_change_nothing_else() -> None:
    plain, _ = screen(color=False)
    coloured, _ = screen(color=True)
    for made in (plain, coloured):
        made.show(sad(0, 3), 0.2)
    assert bare(coloured.lines()) == plain.lines()
    assert "\x1b[" in coloured.lines()[0]


@pytest.mark.parametrize("columns", [200, 60, 40, 25, 12])
def test_no_line_is_wrapped(columns: int) -> None:
    made = Screen(io.StringIO(), LABELS, columns=lambda: columns)
    made.show(angry(3600, 3603), 0.2)
    made.tick(4000, 1.0)
    for line in bare(made.lines()):
        assert len(line) <= max(columns - 1, len("neutral  0.00  █"))


def test_it_is_drawn_over() -> None:
    made, stream = screen(color=False)
    made.open()
    made.show(angry(0, 3), 0.1)
    made.show(sad(1, 4), 0.1)
    made.erase()
    made.close()
    text = stream.getvalue()
    assert text.count("\x1b[4A\r") == 3
    assert text.startswith("\x1b[?25l")
    assert text.endswith("\x1b[J\x1b[?25h")
    # Nothing is left to draw over when it has been erased.
    made.draw()
    assert not stream.getvalue()[len(text) :].startswith("\x1b[4A")


def test_ticks_are_drawn_ten_times_a_second_at_most() -> None:
    now = 100.0
    made, stream = screen(color=False, clock=lambda: now)
    made.open()
    for step in range(50):
        now = 100.0 + 0.0019 * step
        made.tick(now - 100.0, 0.5)
    assert stream.getvalue().count("listening") == 1
    now = 100.11
    made.tick(0.11, 0.5)
    assert stream.getvalue().count("listening") == 2
    # A window is shown at once.
    made.show(angry(0, 3), 0.1)
    assert stream.getvalue().count("delay") == 1


def test_the_level_falls_slowly() -> None:
    made, _ = screen(color=False)
    made.tick(0.1, 0.9)
    for _ in range(2):
        made.tick(0.2, 0.0)
    assert "level ███████ " in made.lines()[0]
    made.tick(0.3, 0.85)
    assert "level ████████▌" in made.lines()[0]


def test_without_block_characters() -> None:
    made = Screen(Narrow(), LABELS, color=False, columns=lambda: 60)
    made.show(angry(0, 3), 0.1)
    made.tick(3, 0.5)
    assert all(line.isascii() for line in made.lines())
    assert "level #####" in made.lines()[0]
