from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from probe import Probe

from ser.cli.common import (
    Console,
    audio_arguments,
    command,
    jobs_option,
    output_option,
    seed_option,
)
from ser.errors import SerError
from ser.parallel.resources import usable_cores

ROOT = Path(__file__).parents[2]


def test_all_well(probe: Probe) -> None:
    done = probe("one")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"line\n", b"")


def test_user_errors_are_one_line(probe: Probe) -> None:
    done = probe("refuse")
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr == b"ser-probe: error: clip.wav: is empty; record it again\n"


def test_failed_input_leaves_the_others_done(probe: Probe) -> None:
    done = probe("fail")
    assert done.returncode == 1
    assert done.stdout == b"the others\n"
    assert done.stderr == b"ser-probe: error: a.wav: is broken\n"


@pytest.mark.parametrize("args", [("one", "--nonsense"), (), ("inputs",)])
def test_wrong_usage(probe: Probe, args: Sequence[str]) -> None:
    done = probe(*args)
    assert done.returncode == 2
    assert done.stderr.startswith(b"Usage: ser-probe")
    assert done.stdout == b""


def test_unexpected_errors_are_one_line_with_a_way_to_know_more(probe: Probe) -> None:
    done = probe("divide")
    assert done.returncode == 1
    assert done.stderr == (
        b"ser-probe: error: internal error: ZeroDivisionError: division by zero "
        b"(run with --debug for the traceback)\n"
    )


@pytest.mark.parametrize("deed", ["divide", "refuse", "fail"])
def test_debug_shows_the_traceback(probe: Probe, deed: str) -> None:
    done = probe(deed, "--debug")
    assert done.returncode == 1
    if deed != "fail":
        assert b"Traceback (most recent call last)" in done.stderr
        assert b"probe.py" in done.stderr
    assert done.stderr.splitlines()[-1].startswith(b"ser-probe: error: ")


def test_system_errors_name_the_file(probe: Probe) -> None:
    done = probe("missing")
    assert done.returncode == 1
    assert done.stderr == b"ser-probe: error: nowhere/file.txt: No such file or directory\n"


def test_missing_packages(probe: Probe) -> None:
    done = probe("import")
    assert done.returncode == 1
    assert done.stderr.startswith(
        b"ser-probe: error: Python package a_package_that_nobody_has: is not installed; "
    )


def test_exhausted_memory(probe: Probe) -> None:
    done = probe("memory")
    assert done.returncode == 1
    assert done.stderr.startswith(b"ser-probe: error: memory: is exhausted")


def test_library_warnings_are_for_developers(probe: Probe) -> None:
    assert probe("warn").stderr == b"ser-probe: warning: mind the gap\n"
    assert b"a library grumbles" in probe("warn", "--debug").stderr


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help(probe: Probe, option: str) -> None:
    done = probe(option)
    assert done.returncode == 0
    assert b"Does what it is told." in done.stdout
    for name in (b"-q, --quiet", b"-v, --verbose", b"--debug", b"--version", b"-h, --help"):
        assert name in done.stdout


def test_version(probe: Probe) -> None:
    from ser import __version__

    assert probe("--version").stdout.decode() == f"ser-probe {__version__}\n"


def test_shell_completion(probe: Probe) -> None:
    script = probe(_SER_PROBE_COMPLETE="bash_source")
    assert script.returncode == 0
    assert b"complete" in script.stdout
    words = probe(_SER_PROBE_COMPLETE="bash_complete", COMP_WORDS="ser-probe --ver", COMP_CWORD="1")
    assert words.stdout.split() == [b"plain,--verbose", b"plain,--version"]


@pytest.mark.parametrize("lines", [0, 1])
def test_closed_pipe_ends_quietly(
    program: list[str], environment: dict[str, str], lines: int
) -> None:
    with subprocess.Popen(
        [*program, "lines"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout
        assert process.stderr
        for number in range(lines):
            assert process.stdout.readline() == b"%d\n" % number
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_pipe_closed_before_the_last_flush(program: list[str], environment: dict[str, str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*program, "one"],
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment,
        check=False,
        timeout=60,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full on this system")
@pytest.mark.parametrize("deed", ["one", "lines"])
def test_full_disk(program: list[str], environment: dict[str, str], deed: str) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*program, deed],
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
            timeout=60,
        )
    assert done.returncode == 1
    assert (
        done.stderr
        == b"ser-probe: error: standard output: cannot be written (No space left on device)\n"
    )


@pytest.mark.parametrize(
    ("signum", "code", "word"),
    [
        (signal.SIGINT, 130, b"interrupted"),
        (signal.SIGTERM, 143, b"terminated"),
        (signal.SIGHUP, 129, b"terminated"),
    ],
)
def test_signals_clean_up(
    program: list[str],
    environment: dict[str, str],
    tmp_path: Path,
    signum: signal.Signals,
    code: int,
    word: bytes,
) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    with subprocess.Popen(
        [*program, "wait", "-o", str(folder / "t.txt")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"ready\n"
        assert len(list(folder.iterdir())) == 1
        process.send_signal(signum)
        assert process.stderr.read() == b"ser-probe: " + word + b"\n"
        assert process.wait(30) == code
    assert list(folder.iterdir()) == []


def test_nohup_is_respected(program: list[str], environment: dict[str, str]) -> None:
    with subprocess.Popen(
        ["nohup", *program, "wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        env=environment,
    ) as process:
        assert process.stdout
        assert b"ready" in process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert process.poll() is None
        process.terminate()
        assert process.wait(30) == 143


@command("ser-inner")
@audio_arguments
@seed_option(3)
@jobs_option
@output_option(required=True)
def inner(
    console: Console,
    audio: tuple[str, ...],
    files_from: str | None,
    files0_from: str | None,
    seed: int,
    jobs: int,
    output: str,
) -> None:
    print(console.name, audio, files_from, seed, jobs == usable_cores(), output)
    if "bad" in audio:
        raise SerError("bad", "is bad")


def test_main_within_a_process() -> None:
    handler = signal.getsignal(signal.SIGTERM)
    done = CliRunner().invoke(inner, ["x", "-o", "out"])
    assert (done.exit_code, done.stdout) == (0, "ser-inner ('x',) None 3 True out\n")
    assert CliRunner().invoke(inner, ["bad", "-o", "out"]).exit_code == 1
    assert CliRunner().invoke(inner, ["x"]).exit_code == 2
    assert inner.main(["x", "-o", "out"], standalone_mode=False) == 0
    with pytest.raises(SystemExit) as stopped:
        inner(args=["bad", "-o", "out"])
    assert stopped.value.code == 1
    assert signal.getsignal(signal.SIGTERM) == handler


def test_importing_the_common_part_is_light() -> None:
    script = (
        "import sys, ser.cli.common\n"
        "print(sorted({'numpy', 'tqdm', 'asyncio', 'multiprocessing'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("said", [ValueError("commit failed"), SerError("x.db", "is broken")])
def test_an_interruption_that_a_library_has_swallowed(said: Exception) -> None:
    @command("ser-probe")
    def main(console: Console) -> None:
        """Interrupted in the middle of something."""
        try:
            try:
                raise KeyboardInterrupt
            finally:
                raise said
        except type(said) as error:
            raise RuntimeError("closing failed too") from error

    assert main.main([], standalone_mode=False) == 130
