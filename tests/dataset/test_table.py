from __future__ import annotations

import io
import os
import pickle
import stat
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from tables import make_table

from ser.dataset.table import (
    TableWriter,
    clip_hashes,
    read_table,
    record_dtype,
    release,
    rows,
    source_keys,
    speaker_keys,
    spec_of,
    write_table,
)
from ser.errors import TableError
from ser.features.spec import FeatureSpec

ROOT = Path(__file__).parents[2]
SPEC = FeatureSpec(n_mels=80, pool="none", trim=30.0)


def in_process(
    script: str, *args: object, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, args)],
        cwd=ROOT,
        input=stdin,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_specification_survives_everything_numpy_does(tmp_path: Path) -> None:
    table = make_table(6, spec=SPEC)
    np.save(tmp_path / "t.npy", table)
    for derived in (
        table[1:3],
        table[table["y"] == "happy"],
        table[[2, 0]],
        np.concatenate([table, table[:1]]),
        table.copy(),
        np.load(tmp_path / "t.npy"),
        np.load(tmp_path / "t.npy", mmap_mode="r")[::2],
    ):
        assert spec_of(derived) == SPEC


def test_round_trip_keeps_every_field(tmp_path: Path) -> None:
    table = make_table(600, spec=SPEC, text="kids", intensity="strong", gender="female", start=1.25)
    write_table(tmp_path / "t.npy", table)
    loaded = read_table(tmp_path / "t.npy")
    assert loaded.dtype == table.dtype
    assert loaded.tobytes() == table.tobytes()
    assert isinstance(loaded, np.memmap)
    assert not loaded.flags.writeable
    assert [p.name for p in tmp_path.iterdir()] == ["t.npy"]


def test_what_is_written_is_plain_npy(tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", make_table(3))
    assert np.load(tmp_path / "t.npy", allow_pickle=False)["x"].shape == (3, 4, 3)


def test_empty_table(tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", make_table(0, spec=SPEC))
    loaded = read_table(tmp_path / "t.npy")
    assert len(loaded) == 0
    assert spec_of(loaded) == SPEC


def test_long_texts_are_not_cut(tmp_path: Path) -> None:
    path = "ordner/" + "ä" * 300 + ".wav"
    table = make_table(2, widths={"path": len(path)}, path=[path, "short.wav"])
    write_table(tmp_path / "t.npy", table)
    assert read_table(tmp_path / "t.npy")["path"].tolist() == [path, "short.wav"]


def test_widths_never_shrink_below_the_default() -> None:
    assert record_dtype(SPEC, 1, 1, {"path": 5}) == record_dtype(SPEC, 1, 1)


def test_pipe_in_and_out() -> None:
    table = make_table(5, spec=SPEC)
    stream = io.BytesIO()
    np.save(stream, table)
    done = in_process(
        "from ser.dataset.table import *; write_table('-', read_table('-')[1:])",
        stdin=stream.getvalue(),
    )
    assert done.returncode == 0, done.stderr
    assert np.load(io.BytesIO(done.stdout)).tobytes() == table[1:].tobytes()


def test_named_pipes(tmp_path: Path) -> None:
    table = make_table(5)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=write_table, args=(pipe, table))
    writer.start()
    assert read_table(pipe).tobytes() == table.tobytes()
    writer.join(10)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


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
        "from tables import make_table; from ser.dataset.table import TableWriter\n"
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


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="does not exist"):
        read_table(tmp_path / "none.npy")


@pytest.mark.parametrize(
    "content",
    [b"", b"\x93NUMPY", b"RIFF....WAVE", b"PK\x03\x04" * 50, pickle.dumps({"x": 1})],
    ids=["empty", "magic only", "audio", "zip", "pickle"],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.npy").write_bytes(content)
    with pytest.raises(TableError, match=r"t\.npy: is not a readable \.npy file"):
        read_table(tmp_path / "t.npy")


def test_truncated_file_is_refused(tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", make_table(10))
    whole = (tmp_path / "t.npy").read_bytes()
    (tmp_path / "t.npy").write_bytes(whole[:-100])
    with pytest.raises(TableError, match=r"is not a readable \.npy file"):
        read_table(tmp_path / "t.npy")


def test_pickled_objects_are_refused_and_never_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (os.mkdir, (str(tmp_path / "exploded"),))

    np.save(tmp_path / "t.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    with pytest.raises(TableError, match=r"is not a readable \.npy file"):
        read_table(tmp_path / "t.npy")
    done = in_process(
        "from ser.dataset.table import *; read_table('-')", stdin=(tmp_path / "t.npy").read_bytes()
    )
    assert b"TableError" in done.stderr
    assert not (tmp_path / "exploded").exists()


def test_arrays_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "plain.npy", np.zeros((3, 2)))
    with pytest.raises(TableError, match="is not a feature table"):
        read_table(tmp_path / "plain.npy")
    table = make_table(2)
    np.save(tmp_path / "few.npy", table[["x", "frames", "y"]].copy())
    with pytest.raises(TableError, match="lacks the fields speaker"):
        read_table(tmp_path / "few.npy")


def test_a_table_without_its_specification_is_refused(tmp_path: Path) -> None:
    table = make_table(2)
    bare = np.dtype([(name, table.dtype[name]) for name in table.dtype.names or ()])
    np.save(tmp_path / "bare.npy", np.zeros(2, bare))
    with pytest.raises(TableError, match="lost its feature specification"):
        read_table(tmp_path / "bare.npy")


def test_hashes_tell_equal_features() -> None:
    table = make_table(3)
    table["x"][2] = table["x"][0]
    first, second, third = clip_hashes(table)
    assert first == third != second


def test_keys() -> None:
    table = make_table(
        3, corpus=["a", "b", "b"], speaker=["1", "1", ""], path=["x", "x", "y"], start=[0, 0, 1.5]
    )
    assert speaker_keys(table) == ["a/1", "b/1", ""]
    assert source_keys(table) == [("a", "x", 0.0), ("b", "x", 0.0), ("b", "y", 1.5)]


def test_rows_and_release_walk_through_a_mapped_table(tmp_path: Path) -> None:
    table = make_table(10)
    write_table(tmp_path / "t.npy", table)
    mapped = read_table(tmp_path / "t.npy")
    seen = []
    for block in rows(mapped, 4):
        seen.append(block.copy())
        release(mapped)
    assert [len(block) for block in seen] == [4, 4, 2]
    assert np.concatenate(seen).tobytes() == table.tobytes()
    release(table)
    assert table.tobytes() == mapped.tobytes()
