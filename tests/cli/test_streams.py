"""Standard streams that are closed or full: no traceback, and the right exit code."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from conftest import ROOT, Run
from tables import make_table

from ser.dataset.table import read_table, write_table


def with_streams(folder: Path, streams: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Runs a command as a shell does with these redirections."""
    command, *arguments = map(str, words)
    program = [sys.executable, str(ROOT / "bin" / command), *arguments]
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$@" {streams}', "sh", *program],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_table(tmp_path / "t.npy", make_table(8, seed=1))
    return tmp_path


@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", ">&-", "2>&-", "<&-", ">&- 2>&-"])
def test_work_is_done_without_streams(folder: Path, streams: str) -> None:
    done = with_streams(folder, streams, "ser-merge", "t.npy", "-o", "o.npy")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert read_table(folder / "o.npy").tobytes() == read_table(folder / "t.npy").tobytes()


def test_data_that_cannot_be_written_are_a_failure(folder: Path) -> None:
    for words in (("ser-merge", "t.npy"), ("ser-stats", "t.npy"), ("ser-merge", "--help")):
        done = with_streams(folder, ">&-", *words)
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert "cannot be written (Bad file descriptor)" in line
        assert with_streams(folder, "<&- >&- 2>&-", *words).returncode == 1


def test_a_closed_input_is_an_empty_one(folder: Path) -> None:
    done = with_streams(folder, "<&-", "ser-merge", "-", "-o", "o.npy")
    assert done.returncode == 1
    assert "-: is not a readable .npy file" in done.stderr
    assert not (folder / "o.npy").exists()


def test_wrong_usage_stays_wrong_usage(folder: Path) -> None:
    for streams in ("2>&-", "<&- >&- 2>&-"):
        assert with_streams(folder, streams, "ser-merge", "--bogus").returncode == 2
        assert with_streams(folder, streams, "ser", "merge").returncode == 2
        assert with_streams(folder, streams, "ser-stats", "missing.npy").returncode == 1


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full on this system")
def test_full_streams(folder: Path) -> None:
    done = with_streams(folder, "2>/dev/full", "ser-merge", "t.npy", "-o", "o.npy")
    assert done.returncode == 0
    assert (folder / "o.npy").exists()
    assert with_streams(folder, "2>/dev/full", "ser-merge").returncode == 2
    done = with_streams(folder, ">/dev/full", "ser-stats", "t.npy")
    assert done.returncode == 1
    words = "standard output: cannot be written (No space left on device)"
    assert done.stderr == f"ser-stats: error: {words}\n"


def test_a_file_that_is_opened_first_gets_no_standard_descriptor(folder: Path) -> None:
    # Whatever a library prints would go into the table.
    script = (
        "import os, sys\n"
        "from ser.cli.streams import open_closed_streams\n"
        "open_closed_streams()\n"
        "with open('out', 'wb') as file:\n"
        "    assert file.fileno() > 2\n"
        "    os.write(2, b'a message')\n"
        "sys.exit(sys.stdin.read() != '')\n"
    )
    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", sys.executable, "-c", script],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert (folder / "out").read_bytes() == b""


def test_an_interruption_of_the_imports_is_quiet(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "sys.argv[0] = '/usr/bin/ser-merge'\n"
        "import ser.cli\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    # A shell says 130 of it.
    assert (process.returncode, errors) == (-signal.SIGINT, b"")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB, where one may be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    try:
        subprocess.run(mount, check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing may be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True, timeout=30)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("translate", ("--to", "sad", "-o", "disk/o.wav")),
        ("translate", ("--to", "sad", "-o", "disk/o.flac")),
        ("extract", ("-o", "t.npy", "--write-audio", "disk")),
        ("extract", ("-o", "disk/t.npy", "--preset", "librosa")),
        ("analyze", ("-o", "x.csv", "--html", "disk/x.html")),
        ("analyze", ("--output-dir", "disk", "--plot", "png", "-j", "1")),
    ],
)
def test_a_full_disk_is_called_by_its_name(
    run: Run, small_disk: Path, tmp_path: Path, name: str, words: tuple[str, ...]
) -> None:
    # Noise, because nothing else fills a FLAC file.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 6 * 32_000)
    soundfile.write(tmp_path / "said.wav", noise, 32_000)
    done = run(f"ser-{name}", "said.wav", *words)
    assert done.returncode == 1, done.err
    errors = [line for line in done.err.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert "cannot be written (No space left on device)" in errors[0]
    assert {path.suffix for path in small_disk.rglob("*") if path.is_file()} <= {".part"}
