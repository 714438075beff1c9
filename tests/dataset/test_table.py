from __future__ import annotations

import io
import mmap
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
    FeatureTable,
    clip_hashes,
    iter_blocks,
    mapped_file,
    read_table,
    record_dtype,
    release_pages,
    source_keys,
    speaker_keys,
    spec_of,
    write_table,
)
from ser.errors import DependencyError, ParameterError, TableError
from ser.features.layout import coefficient_names, functional_names
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
    assert mapped_file(loaded) == tmp_path / "t.npy"
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


def test_a_table_is_a_structured_array_with_methods(tmp_path: Path) -> None:
    written = make_table(6, spec=SPEC)
    table = written.view(FeatureTable)
    table.save(tmp_path / "t.npy")
    mapped = read_table(tmp_path / "t.npy")
    for part in (mapped, mapped[1:3], mapped[mapped["y"] == "happy"], mapped[[2, 0]], table[::2]):
        assert type(part) is FeatureTable
        assert part.spec == SPEC
    assert type(np.concatenate([table, table])) is FeatureTable
    # Columns are ordinary arrays.
    for column in (mapped["x"], mapped["y"], mapped[["y", "speaker"]]):
        assert type(column) is np.ndarray
    assert isinstance(mapped[0], np.void)
    assert mapped.tobytes() == written.tobytes()
    mapped[1:3].save(tmp_path / "part.npy")
    assert np.load(tmp_path / "part.npy").tobytes() == written[1:3].tobytes()


def test_a_table_stays_mapped(tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", make_table(6))
    table = read_table(tmp_path / "t.npy")
    assert mapped_file(table) == mapped_file(np.load(tmp_path / "t.npy", mmap_mode="r"))
    assert mapped_file(table) == tmp_path / "t.npy"
    for part in (table[1:], table[:6], table[[0, 1, 2, 3, 4, 5]], table.copy(), make_table(6)):
        assert mapped_file(part) is None
    for part in (table, table[1:3], table["x"]):
        base = part
        while isinstance(base, np.ndarray):
            base = base.base
        assert isinstance(base, mmap.mmap)
        assert not part.flags.writeable


def test_a_table_says_what_it_is() -> None:
    table = prosodic_table(4)
    assert repr(table) == str(table)
    assert repr(table) == (
        "<FeatureTable: 4 records of 4 emotions and 1 speaker; x is 2 x 16 (logmel), "
        f"{len(table.functional_names)} functionals>"
    )
    assert "records" not in repr(make_table(2).view(FeatureTable)["y"])


def prosodic_table(count: int, **fields: object) -> FeatureTable:
    spec = FeatureSpec(n_mels=16, n_fft=1024, win_length=1024, functionals="prosody")
    table = make_table(count, spec=spec, frames=2, coefficients=16, **fields).view(FeatureTable)
    table["functionals"] = np.arange(count)[:, None] + np.arange(len(table.functional_names)) / 1000
    return table


def test_matrices_for_scikit_learn() -> None:
    table = prosodic_table(4, y=["sad", "", "angry", "calm"], speaker=["1", "1", "", "2"])
    features, emotions, groups = table.to_sklearn()
    assert np.array_equal(features, table["functionals"][[0, 2, 3]])
    assert features.dtype == np.float32
    assert emotions.tolist() == ["sad", "angry", "calm"]
    assert groups.tolist() == ["made/1", "", "made/2"]
    assert table.feature_names() == functional_names(table.spec)
    features, _, _ = table.to_sklearn("x")
    assert np.array_equal(features, table["x"][[0, 2, 3]].reshape(3, 32))
    assert table.feature_names("x")[0] == "logmel_1_t0"
    assert table.feature_names("x")[17] == "logmel_2_t1"


def test_pooled_features_have_a_column_per_coefficient() -> None:
    spec = FeatureSpec(families=("rms", "f0"), pool="stats")
    table = make_table(3, spec=spec, frames=1, coefficients=12).view(FeatureTable)
    features, _, _ = table.to_sklearn()
    assert np.array_equal(features, table["x"][:, 0])
    assert table.feature_names() == coefficient_names(spec) == table.coefficient_names
    assert table.functional_names == ()
    with pytest.raises(ParameterError, match="features=functionals: the table holds none"):
        table.to_sklearn("functionals")
    with pytest.raises(ParameterError, match="features=y: is unknown"):
        table.feature_names("y")  # type: ignore[arg-type]


def test_data_frames() -> None:
    pandas = pytest.importorskip("pandas")
    table = prosodic_table(3)
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    named = [name for name in table.dtype.names or () if name not in ("x", "functionals")]
    assert list(frame.columns) == [*named, *table.functional_names]
    assert frame["y"].tolist() == table["y"].tolist()
    assert np.array_equal(frame[list(table.functional_names)].to_numpy(), table["functionals"])
    wide = table.to_pandas(x=True)
    assert np.array_equal(wide["logmel_3_t1"], table["x"][:, 1, 2])
    assert len(wide.columns) == len(frame.columns) + 32


def test_without_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DependencyError, match="needs the Python package pandas"):
        make_table(1).view(FeatureTable).to_pandas()


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


def test_blocks_walk_through_a_mapped_table(tmp_path: Path) -> None:
    table = make_table(10)
    write_table(tmp_path / "t.npy", table)
    mapped = read_table(tmp_path / "t.npy")
    seen = []
    for block in iter_blocks(mapped, 4):
        seen.append(block.copy())
        release_pages(mapped)
    assert [len(block) for block in seen] == [4, 4, 2]
    assert np.concatenate(seen).tobytes() == table.tobytes()
    release_pages(table)
    assert table.tobytes() == mapped.tobytes()
