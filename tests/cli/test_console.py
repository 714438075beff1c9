"""Messages and progress on standard error."""

from __future__ import annotations

import io
import os
import subprocess

import pytest
from probe import Probe, on_terminal

from ser.cli.console import Console, TerminalStream
from ser.errors import SerError


def test_quiet_and_verbose(probe: Probe) -> None:
    assert probe("talk").stderr == b"info\nser-probe: note: note\nser-probe: warning: warning\n"
    assert probe("talk", "-q").stderr == b""
    assert b"detail\n" in probe("talk", "--verbose").stderr
    assert b"is broken" in probe("fail", "--quiet").stderr


def test_closed_stderr_does_not_stop_the_work(
    program: list[str], environment: dict[str, str]
) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*program, "fail"],
        stdout=subprocess.PIPE,
        stderr=write,
        env=environment,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stdout) == (1, b"the others\n")


def test_bar_on_a_terminal(program: list[str], environment: dict[str, str]) -> None:
    environment = {**environment, "TERM": "xterm", "COLUMNS": "80"}
    # tqdm's own switches work in commands as well; here they would hide what is tested.
    for name in [n for n in environment if n == "NO_COLOR" or n.startswith("TQDM_")]:
        del environment[name]
    code, shown = on_terminal([*program, "bar"], environment)
    assert code == 0
    assert "reading:" in shown
    assert "clip/s" in shown
    assert "\x1b[33m" in shown
    # Each message has a line of its own, free of the bar.
    messages = [line for line in shown.split("\r") if "in between" in line]
    assert len(messages) == 3
    assert all("clip/s" not in message for message in messages)


def test_no_color(program: list[str], environment: dict[str, str]) -> None:
    _, shown = on_terminal([*program, "talk"], {**environment, "NO_COLOR": "1"})
    assert "ser-probe: warning: warning" in shown
    assert "\x1b" not in shown


def test_no_bar_when_quiet_or_in_a_pipe(
    program: list[str], environment: dict[str, str], probe: Probe
) -> None:
    assert on_terminal([*program, "bar", "-q"], environment) == (0, "")
    assert probe("bar").stderr == b"ser-probe: warning: in between\n" * 3


def test_errors_are_one_line_in_the_words_of_the_command_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console("ser-probe", render=str.upper)
    console.fail(SerError("a.wav", "is\nbroken", "use  `jobs`"))
    console.fail(FileNotFoundError(2, "No such file", "b.wav"))
    assert capsys.readouterr().err == (
        "ser-probe: error: A.WAV: IS BROKEN; USE `JOBS`\nser-probe: error: B.WAV: NO SUCH FILE\n"
    )
    assert (console.failures, console.exit_code) == (2, 1)


NASTY = "a\x1b[2J\x9b31m\u202egnp.wav"


def test_nothing_that_a_terminal_acts_upon_is_written_raw(
    capsys: pytest.CaptureFixture[str],
) -> None:
    console = Console("ser-test", verbose=True)
    for say in (
        console.info,
        console.detail,
        console.note,
        console.warn,
        console.fail,
        console.say,
    ):
        say(f"{NASTY}: is empty")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    for line in lines:
        assert line.isprintable()
        assert r"a\x1b[2J\x9b31m\u202egnp.wav: is empty" in line


def test_a_long_message_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    Console("ser-test").fail("x" * 100_000)
    assert len(capsys.readouterr().err) < 5_000


def test_data_on_a_terminal_are_shown_as_they_are_safe() -> None:
    shown = io.StringIO()
    stream = TerminalStream(shown)
    stream.write(f'{{"file": "{NASTY}"}}\n\tnext\n')
    assert shown.getvalue() == '{"file": "a\\x1b[2J\\x9b31m\\u202egnp.wav"}\n\tnext\n'
    assert stream.getvalue() == shown.getvalue()
    stream.write("a,b\r\nover\rwritten\r\n")
    assert shown.getvalue().endswith("a,b\r\nover\\rwritten\r\n")
