from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tables import make_table

from ser.dataset.merge import Conflict, MergeConfig, merge, merge_tables, merged_dtype
from ser.dataset.table import FeatureTable, Table, read_table, spec_of, write_table
from ser.errors import TableError
from ser.features.spec import FeatureSpec


def merge_to_file(tmp_path: Path, *tables: Table, config: MergeConfig | None = None):  # type: ignore[no-untyped-def]
    target = tmp_path / "merged.npy"
    names = [f"t{i}.npy" for i in range(len(tables))]
    report = merge_tables(tables, names, target, config)
    return read_table(target), report


def test_concatenates_in_order(tmp_path: Path) -> None:
    first, second = make_table(5, seed=1), make_table(4, seed=2)
    merged, report = merge_to_file(tmp_path, first, second)
    assert merged.tobytes() == np.concatenate([first, second]).tobytes()
    assert spec_of(merged) == spec_of(first)
    assert (report.read, report.written, report.duplicates, report.filtered) == (9, 9, 0, 0)


def test_shorter_padding_grows_to_the_longest(tmp_path: Path) -> None:
    short, long = make_table(2, frames=3, seed=1), make_table(2, frames=5, seed=2)
    merged, _ = merge_to_file(tmp_path, short, long)
    assert merged["x"].shape == (4, 5, 3)
    np.testing.assert_array_equal(merged["x"][:2, :3], short["x"])
    assert not merged["x"][:2, 3:].any()
    assert merged["frames"].tolist() == [3, 3, 5, 5]


def test_the_same_clip_with_other_padding_is_a_duplicate(tmp_path: Path) -> None:
    short = make_table(2, frames=3, seed=1)
    long = make_table(2, frames=5, seed=2)
    long["x"][0] = 0
    long["x"][0, :3] = short["x"][1]
    _, report = merge_to_file(tmp_path, short, long)
    assert report.duplicates == 1


def test_other_features_are_refused_by_name(tmp_path: Path) -> None:
    other = make_table(2, spec=FeatureSpec(n_mels=80, hop_length=200))
    with pytest.raises(TableError) as caught:
        merge_to_file(tmp_path, make_table(2), other)
    assert str(caught.value).startswith("t1.npy: holds other features than t0.npy: ")
    assert "hop_length 160 against 200" in str(caught.value)
    assert "n_mels 64 against 80" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_other_coefficients_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="has 4 coefficients per frame against 3 of t0"):
        merge_to_file(tmp_path, make_table(2), make_table(2, coefficients=4))


def test_text_fields_widen_to_the_widest(tmp_path: Path) -> None:
    long = "a" * 200 + ".wav"
    wide = make_table(1, seed=2, widths={"path": 204}, path=long)
    merged, _ = merge_to_file(tmp_path, make_table(1, seed=1), wide)
    assert merged["path"][1] == long


def test_a_new_label_longer_than_the_field_fits() -> None:
    dtype = merged_dtype([make_table(1)], ["t"], {"calm": "quietly_contented_somehow"})
    assert dtype["y"].itemsize // 4 == len("quietly_contented_somehow")


def test_fields_are_matched_by_name_and_not_by_place(tmp_path: Path) -> None:
    table = make_table(2, seed=1, gender="female", intensity="strong")
    names = list(table.dtype.names or ())
    turned = np.zeros(2, np.dtype([_described(table.dtype, name) for name in reversed(names)]))
    for name in names:
        turned[name] = table[name]
    merged, _ = merge_to_file(tmp_path, make_table(2, seed=2), turned)
    assert merged["gender"][2:].tolist() == ["female", "female"]
    assert merged["intensity"][2:].tolist() == ["strong", "strong"]
    assert merged["speaker"][2:].tolist() == table["speaker"].tolist()


def _described(dtype, name):  # type: ignore[no-untyped-def]
    title = dtype.fields[name][2:]
    return ((title[0], name) if title else name, dtype[name])


def test_labels_are_harmonised(tmp_path: Path) -> None:
    table = make_table(5, y=["Fear", "calm", "angry", "", "boredom"])
    config = MergeConfig(mapping={"calm": "neutral"}, drop=frozenset({"boredom"}))
    merged, report = merge_to_file(tmp_path, table, config=config)
    assert merged["y"].tolist() == ["fearful", "neutral", "angry", ""]
    assert (report.filtered, report.unlabelled, report.unused) == (1, 1, ())


def test_keep_compares_mapped_names_and_spares_the_unlabelled(tmp_path: Path) -> None:
    table = make_table(4, y=["calm", "happy", "", "neutral"])
    config = MergeConfig(mapping={"calm": "neutral"}, keep=frozenset({"neutral"}))
    merged, _ = merge_to_file(tmp_path, table, config=config)
    assert merged["y"].tolist() == ["neutral", "", "neutral"]
    config = MergeConfig(keep=frozenset({"neutral"}), unlabelled=False)
    merged, _ = merge_to_file(tmp_path, table, config=config)
    assert merged["y"].tolist() == ["neutral"]


def test_names_that_no_record_has_are_reported(tmp_path: Path) -> None:
    config = MergeConfig(mapping={"clam": "neutral"}, drop=frozenset({"surprized"}))
    _, report = merge_to_file(tmp_path, make_table(8), config=config)
    assert report.unused == ("clam", "surprized")


def test_a_filter_that_leaves_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="no record with a wanted emotion; they have angry"):
        merge_to_file(
            tmp_path, make_table(2, y="angry"), config=MergeConfig(keep=frozenset({"happy"}))
        )
    assert list(tmp_path.iterdir()) == []


def test_empty_tables_merge_to_an_empty_table(tmp_path: Path) -> None:
    merged, report = merge_to_file(tmp_path, make_table(0), make_table(0))
    assert len(merged) == 0
    assert report.written == 0


def test_exact_duplicates_go_and_disagreements_are_told(tmp_path: Path) -> None:
    table = make_table(6, y=["happy", "sad", "happy", "angry", "calm", "calm"])
    table["x"][2] = table["x"][0]
    table["x"][4] = table["x"][1]
    merged, report = merge_to_file(tmp_path, table)
    assert merged["path"].tolist() == [
        "0/clip-0.wav",
        "0/clip-1.wav",
        "0/clip-3.wav",
        "0/clip-5.wav",
    ]
    assert report.duplicates == 2
    assert report.conflicts == [Conflict("0/clip-1.wav", "sad", "0/clip-4.wav", "calm")]


def test_labels_that_agree_once_mapped_do_not_conflict(tmp_path: Path) -> None:
    table = make_table(2, y=["calm", "neutral"])
    table["x"][1] = table["x"][0]
    _, report = merge_to_file(tmp_path, table, config=MergeConfig(mapping={"calm": "neutral"}))
    assert report.duplicates == 1
    assert report.conflicts == []


def test_duplicates_stay_when_asked(tmp_path: Path) -> None:
    table = make_table(3)
    merged, report = merge_to_file(tmp_path, table, table, config=MergeConfig(duplicates=True))
    assert len(merged) == 6
    assert report.duplicates == 3


def test_duplicates_are_found_across_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ser.dataset.merge._BLOCK_BYTES", 3000)
    table = make_table(50, y="sad")
    table["x"][40] = table["x"][3]
    table["y"][40] = "happy"
    merged, report = merge_to_file(tmp_path, table, table)
    assert len(merged) == 49
    assert report.duplicates == 51
    # The second table's record 40 meets record 3 once more.
    assert report.conflicts == 2 * [Conflict("0/clip-3.wav", "sad", "0/clip-40.wav", "happy")]


def test_speakers_are_known_by_corpus_and_name(tmp_path: Path) -> None:
    first = make_table(2, seed=1, corpus="a", speaker="01")
    second = make_table(2, seed=2, corpus="b", speaker=["01", ""])
    _, report = merge_to_file(tmp_path, first, second)
    assert report.speakers == {"a": {"a/01"}, "b": {"b/01"}}
    assert report.counts["a", "neutral"] == 1


def test_the_target_may_be_an_input(tmp_path: Path) -> None:
    path = tmp_path / "t.npy"
    write_table(path, make_table(5, seed=1))
    merge_tables([read_table(path), make_table(3, seed=2)], [path, "more"], path)
    assert len(read_table(path)) == 8


def test_progress_counts_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ser.dataset.merge._BLOCK_BYTES", 3000)
    steps: list[int] = []
    merge_tables([make_table(20)], ["t"], tmp_path / "m.npy", progress=steps.append)
    assert sum(steps) == 20
    assert len(steps) > 1


def test_large_tables_need_little_memory(tmp_path: Path) -> None:
    # 256 MB of zeros take no room on disk, but as much memory as any other table.
    table = make_table(1, frames=256, coefficients=256)
    write_table(tmp_path / "t.npy", table)
    from ser.dataset.writer import TableWriter

    with TableWriter(tmp_path / "big.npy", table.dtype) as writer:
        writer._stream.truncate(len(writer._header) + 1000 * table.dtype.itemsize)
        writer.count = 1000
    script = (
        "import resource, sys\n"
        "from ser.dataset.merge import *; from ser.dataset.table import read_table\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n"
        "before = peak()\n"
        "t = read_table(sys.argv[1])\n"
        "merge_tables([t, t], ['t', 't'], sys.argv[2], MergeConfig(duplicates=True))\n"
        "print(peak() - before)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "big.npy"), str(tmp_path / "m.npy")],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert len(read_table(tmp_path / "m.npy")) == 2000
    (tmp_path / "m.npy").unlink()
    assert float(done.stdout) < 100  # mebibytes


def test_merging_in_memory_gives_what_the_file_has(tmp_path: Path) -> None:
    first, second = make_table(4, seed=1), make_table(3, seed=2, frames=6)
    twice = make_table(4, seed=1)
    merge_tables([first, second, twice], "abc", tmp_path / "m.npy")
    merged = merge(first, second, twice)
    assert type(merged) is FeatureTable
    assert merged.dtype == read_table(tmp_path / "m.npy").dtype
    assert merged.tobytes() == read_table(tmp_path / "m.npy").tobytes()
    assert len(merged) == 7
    assert set(merge(first, config=MergeConfig(drop=frozenset({"calm"})))["y"]) == {
        "neutral", "happy", "sad",
    }  # fmt: skip
    assert len(merge(make_table(0))) == 0
    with pytest.raises(TableError, match="table 2: holds other features than table 1"):
        merge(first, make_table(1, spec=FeatureSpec(n_mels=80)))
    with pytest.raises(TableError, match="got no tables"):
        merge()


def test_new_names_of_emotions_are_reported(tmp_path: Path) -> None:
    config = MergeConfig(mapping={"neutral": "neutrl", "calm": "sad"}, drop=frozenset({"hapy"}))
    report = merge_tables([make_table(3)], "a", tmp_path / "m.npy", config)
    assert report.added == ("neutrl",)
    assert report.unused == ("hapy",)
    assert report.emotions == ("calm", "happy", "neutral", "neutrl", "sad")


def test_copies_of_a_clip_that_stays_under_other_features_stay(tmp_path: Path) -> None:
    kept = make_table(1, seed=1, path="x.wav")
    twin = make_table(1, seed=1, path="y.wav")
    others = make_table(2, seed=2, path="y.wav", augment=["", "noise=10dB"])
    report = merge_tables([kept, twin, others], "abc", tmp_path / "m.npy")
    assert (report.duplicates, report.orphans) == (1, 0)
    assert read_table(tmp_path / "m.npy")["path"].tolist() == ["x.wav", "y.wav", "y.wav"]
    report = merge_tables([kept, twin, others[1:]], "abc", tmp_path / "m.npy")
    assert (report.duplicates, report.orphans) == (1, 1)


def test_files_of_one_take_are_counted(tmp_path: Path) -> None:
    audio = make_table(2, corpus="ravdess", path=[f"03-01-05-01-01-0{i}-01.wav" for i in (1, 2)])
    video = make_table(1, seed=1, corpus="ravdess", path="01-01-05-01-01-02-01.mp4")
    windows = make_table(2, seed=2, path="a.wav", start=[0, 3])
    report = merge_tables([audio, video, windows], "abc", tmp_path / "m.npy")
    assert (report.written, report.duplicates, report.doubled) == (5, 0, 1)
    assert merge_tables([audio, audio], "aa", tmp_path / "m.npy").doubled == 0
