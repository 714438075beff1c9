"""Options that commands share, and the inputs that they name."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from probe import Probe, on_terminal

from ser.cli.options import check_cluster, check_stdin, collect_inputs
from ser.parallel.resources import usable_cores


def test_binary_data_is_not_written_to_a_terminal(
    program: list[str], environment: dict[str, str], probe: Probe
) -> None:
    code, shown = on_terminal([*program, "terminal"], environment)
    assert code == 2
    assert "Binary data is not written to a terminal" in shown
    assert probe("terminal").returncode == 0


def test_inputs_from_lists(probe: Probe, tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"a b.wav\r\n\nc.wav\n")
    done = probe("inputs", "first.wav", "--files-from", "lines", "--files0-from", "-",
                 stdin=b"new\nline.wav\0\xff.wav\0")  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        b"'first.wav'",
        b"'a b.wav'",
        b"'c.wav'",
        rb"'new\nline.wav'",
        rb"'\udcff.wav'",
    ]


def test_input_lists_that_cannot_be_used(probe: Probe) -> None:
    done = probe("inputs", "--files-from", "nowhere")
    assert done.returncode == 1
    assert done.stderr == (
        b"ser-probe: error: nowhere: cannot be read (No such file or directory); "
        b"give a file that lists paths\n"
    )
    done = probe("inputs", "--files-from", "-")
    assert done.returncode == 1
    said = "ser-probe: error: standard input: lists no files; write one path per line\n"
    assert done.stderr == said.encode()
    done = probe("inputs", "--files-from", "-", stdin="a.wav\n".encode("utf-16"))
    assert done.returncode == 1
    assert done.stderr == (
        b"ser-probe: error: standard input: has NUL bytes and is no list of lines; "
        b"save it as UTF-8, or use --files0-from\n"
    )
    done = probe("inputs", "-", "--files-from", "-")
    assert done.returncode == 2
    assert b"only once" in done.stderr


def test_dash_stays_a_dash() -> None:
    assert collect_inputs(["-", "b"]) == [Path("-"), Path("b")]
    with pytest.raises(click.UsageError):
        collect_inputs([])


def test_jobs_default_is_what_the_process_may_use() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_standard_input_is_read_once() -> None:
    check_stdin(["-", "a.wav", None])
    with pytest.raises(click.UsageError, match="only once"):
        check_stdin(["-", None, "-"])


def test_a_cluster_has_an_address() -> None:
    with pytest.raises(click.UsageError, match="address of a scheduler"):
        check_cluster("")
