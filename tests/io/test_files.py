from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from ser.io.files import Closeable, atomic_path, open_output


def test_target_appears_when_the_block_ends(tmp_path: Path) -> None:
    target = tmp_path / "new" / "figure.png"
    with atomic_path(target) as temporary:
        temporary.write_bytes(b"whole")
        assert not target.exists()
        assert temporary.parent == target.parent
        assert temporary.suffix == ".png"
    assert target.read_bytes() == b"whole"
    assert [p.name for p in target.parent.iterdir()] == ["figure.png"]


def test_failure_keeps_the_old_file_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "t.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.txt"]


def test_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with open_output(tmp_path / "t.txt") as stream:
            stream.write("é")  # type: ignore[call-overload]
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "t.txt").stat().st_mode) == 0o640
    assert (tmp_path / "t.txt").read_bytes() == "é".encode()


def test_binary_output(tmp_path: Path) -> None:
    with open_output(str(tmp_path / "b"), binary=True) as stream:
        stream.write(b"\r\n\0")  # type: ignore[call-overload]
    assert (tmp_path / "b").read_bytes() == b"\r\n\0"


def test_dash_is_standard_output(capfd: pytest.CaptureFixture[str]) -> None:
    with open_output("-") as stream:
        stream.write("line\n")  # type: ignore[call-overload]
    assert capfd.readouterr().out == "line\n"


def test_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.txt"
    real.parent.mkdir()
    link = tmp_path / "link.txt"
    link.symlink_to(real)
    with open_output(link) as stream:
        stream.write("through")  # type: ignore[call-overload]
    assert link.is_symlink()
    assert real.read_text() == "through"


def test_named_pipe_gets_the_bytes_and_stays(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.append(pipe.read_bytes()))
    reader.start()
    with atomic_path(pipe) as temporary:
        temporary.write_bytes(b"through the pipe")
    reader.join(10)
    assert received == [b"through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_folder_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), atomic_path(tmp_path):
        pytest.fail("the block must not run")


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "t.txt"
    target.write_text("old")
    script = (
        "import os, sys, signal; from pathlib import Path; from ser.io.files import atomic_path\n"
        "with atomic_path(Path(sys.argv[1])) as t:\n"
        "    t.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(target)], cwd=root, check=False, timeout=60
    )
    assert done.returncode == -9
    assert target.read_text() == "old"


# A with block closes what it is given, also when something goes wrong in it.


class Tap(Closeable):
    closed = 0

    def close(self) -> None:
        self.closed += 1


def test_closed_at_the_end() -> None:
    with Tap() as tap:
        assert tap.closed == 0
    assert tap.closed == 1


def test_closed_after_an_error_which_goes_on() -> None:
    tap = Tap()
    with pytest.raises(ValueError, match="leak"), tap:
        raise ValueError("leak")
    assert tap.closed == 1
