from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tables import make_table

from ser.dataset.table import read_table, write_table
from ser.dataset.writer import TableWriter
from ser.errors import TableError
from ser.features.spec import FeatureSpec
from ser.io.locks import LockedError

ROOT = Path(__file__).parents[2]
SPEC = FeatureSpec(n_mels=80, pool="none", trim=30.0)


def in_process(script: str, *args: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, args)],
        cwd=ROOT,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_writer_resumes_behind_whole_records(tmp_path: Path) -> None:
    table = make_table(8)
    target = tmp_path / "t.npy"
    with pytest.raises(KeyboardInterrupt), TableWriter(target, table.dtype) as writer:
        writer.append(table[:5])
        raise KeyboardInterrupt
    assert not target.exists()
    part = tmp_path / "t.npy.part"
    # A kill can fall into the middle of a record.
    with part.open("r+b") as stream:
        stream.truncate(part.stat().st_size - 7)
    with TableWriter(target, table.dtype, resume=True) as writer:
        assert writer.kept == 4
        assert writer.existing().tobytes() == table[:4].tobytes()
        writer.append(table[4:])
    assert read_table(target).tobytes() == table.tobytes()
    assert [p.name for p in tmp_path.iterdir()] == ["t.npy"]


def test_writer_resumes_after_a_real_kill(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; sys.path.insert(0, 'tests')\n"
        "from tables import make_table; from ser.dataset.writer import TableWriter\n"
        "table = make_table(400, frames=50); writer = TableWriter(sys.argv[1], table.dtype)\n"
        "[writer.append(table[i:i+1]) for i in range(300)]; os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    target = tmp_path / "t.npy"
    assert in_process(script, target).returncode == -9
    assert not target.exists()
    table = make_table(400, frames=50)
    with TableWriter(target, table.dtype, resume=True) as writer:
        assert 0 < writer.kept <= 300
        writer.append(table[writer.kept :])
    assert read_table(target).tobytes() == table.tobytes()


@pytest.mark.parametrize("left", [0, 5, 200])
def test_a_part_file_without_a_whole_header_is_begun_anew(tmp_path: Path, left: int) -> None:
    table = make_table(3)
    (tmp_path / "t.npy.part").write_bytes(b"\x93NUMPY"[:left].ljust(left, b"x"))
    with TableWriter(tmp_path / "t.npy", table.dtype, resume=True) as writer:
        assert writer.kept == 0
        assert len(writer.existing()) == 0
        writer.append(table)
    assert read_table(tmp_path / "t.npy").tobytes() == table.tobytes()


def test_resume_refuses_records_of_another_specification(tmp_path: Path) -> None:
    table, other = make_table(2), make_table(2, spec=SPEC)
    with pytest.raises(KeyboardInterrupt), TableWriter(tmp_path / "t.npy", table.dtype) as writer:
        writer.append(table)
        raise KeyboardInterrupt
    with pytest.raises(TableError, match="other options"):
        TableWriter(tmp_path / "t.npy", other.dtype, resume=True)


def test_without_resume_an_old_part_file_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "t.npy.part").write_bytes(b"left over" * 1000)
    write_table(tmp_path / "t.npy", make_table(1))
    assert len(read_table(tmp_path / "t.npy")) == 1


def test_write_table_leaves_no_part_file_behind(tmp_path: Path) -> None:
    script = (
        "import resource, signal, sys; sys.path.insert(0, 'tests')\n"
        "from tables import make_table; from ser.dataset.table import write_table\n"
        "from ser.errors import TableError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))\n"
        "try: write_table(sys.argv[1], make_table(500))\n"
        "except TableError as error: print(error)\n"
    )
    target = tmp_path / "t.npy"
    target.write_bytes(b"old")
    done = in_process(script, target)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().startswith(f"{target}: cannot be written (File too large)")
    assert target.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["t.npy"]


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="no /dev/full on this system")
def test_full_device() -> None:
    # Through standard output: a writer that renamed over a device would replace it for everyone.
    script = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from tables import make_table; from ser.dataset.table import write_table\n"
        "write_table('-', make_table(100))\n"
    )
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=120,
            check=False,
        )
    assert b"TableError: -: cannot be written (No space left on device)" in done.stderr


def test_unwritable_target(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError, match="cannot be written"):
        write_table(tmp_path / "file" / "t.npy", make_table(1))
    with pytest.raises(TableError, match=r"cannot be written \(Is a directory\)"):
        write_table(tmp_path, make_table(1))


def test_symbolic_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link.npy").symlink_to(tmp_path / "real.npy")
    write_table(tmp_path / "link.npy", make_table(2))
    assert (tmp_path / "link.npy").is_symlink()
    assert len(read_table(tmp_path / "real.npy")) == 2


def test_another_run_does_not_write_the_same_part_file(tmp_path: Path) -> None:
    table = make_table(4)
    target = tmp_path / "t.npy"
    with TableWriter(target, table.dtype) as writer:
        writer.append(table[:2])
        for resume in (False, True):
            with pytest.raises(LockedError, match=r"t\.npy: is being written by another run"):
                TableWriter(target, table.dtype, resume=resume)
        writer.append(table[2:])
    assert read_table(target).tobytes() == table.tobytes()
    with TableWriter(target, table.dtype) as writer:
        writer.append(table)


def test_of_two_runs_at_once_one_wins_whole(tmp_path: Path) -> None:
    first, second = make_table(4), make_table(6)
    target = tmp_path / "t.npy"
    with TableWriter(target, first.dtype, keep_part=False) as one:
        one.append(first[:2])
        with TableWriter(target, second.dtype, keep_part=False) as other:
            other.append(second)
        one.append(first[2:])
    assert read_table(target).tobytes() == first.tobytes()
    assert [path.name for path in tmp_path.iterdir()] == ["t.npy"]
