from __future__ import annotations

import numpy as np
import pytest
from tables import make_table

from ser.dataset.groups import check_disjoint, group_names, groups, match_names, take_keys
from ser.errors import ParameterError, TableError


def test_speakers_of_two_corpora_are_apart() -> None:
    table = make_table(4, corpus=["a", "a", "b", "b"], speaker=["1", "2", "1", "1"])
    assert groups(table, "speaker").tolist() == [0, 1, 2, 2]
    assert groups(table, "corpus").tolist() == [0, 0, 1, 1]
    assert groups(table, "clip").tolist() == [0, 1, 2, 3]


def test_augmented_copies_stay_with_their_clip() -> None:
    table = make_table(4, path=["a", "a", "b", "a"], augment=["", "noise", "", "pitch"])
    assert groups(table, "clip").tolist() == [0, 0, 1, 0]


def test_exact_duplicates_stay_together_and_tie_speakers() -> None:
    table = make_table(4, speaker=["1", "2", "3", "1"])
    table["x"][1] = table["x"][2]
    assert groups(table, "clip").tolist() == [0, 1, 1, 2]
    assert groups(table, "speaker").tolist() == [0, 1, 1, 0]


def test_duplicates_chain() -> None:
    # 0 and 1 sound alike, 1 and 2 are copies of one file, 2 and 3 sound alike.
    table = make_table(5, path=["a", "b", "b", "c", "d"])
    table["x"][1] = table["x"][0]
    table["x"][3] = table["x"][2]
    assert groups(table, "clip").tolist() == [0, 0, 0, 0, 1]


def test_windows_that_overlap_stay_together() -> None:
    table = make_table(
        6, path=["a"] * 5 + ["b"], start=[0, 2, 4, 4.5, 6.5, 0.5], duration=[2, 2, 2, 2, 2, 2]
    )
    assert groups(table, "clip").tolist() == [0, 1, 2, 2, 3, 4]


def test_windows_overlap_whatever_their_order() -> None:
    table = make_table(3, path="a", start=[4, 0, 2], duration=[2, 3, 2.5])
    assert groups(table, "clip").tolist() == [0, 0, 0]


def test_a_window_inside_another_does_not_end_it() -> None:
    table = make_table(4, path="a.wav", start=[0, 1, 3, 12], duration=[10, 1, 1, 1])
    assert groups(table, "clip").tolist() == [0, 0, 0, 1]


AUDIO, VIDEO = "Actor_01/03-01-05-01-01-01-01.wav", "Video/01-01-05-01-01-01-01.mp4"


def test_files_of_one_take_stay_together() -> None:
    other = "Actor_01/03-01-05-01-01-02-01.wav"
    table = make_table(4, corpus="ravdess", path=[AUDIO, other, VIDEO, VIDEO])
    table["augment"][3] = "noise=10dB"
    assert groups(table, "clip").tolist() == [0, 1, 0, 0]
    with pytest.raises(TableError, match=f"same sound on both sides: {VIDEO} and {AUDIO}"):
        check_disjoint(table, np.array([2, 3]), name="t")
    # What the names of one corpus say, those of another do not.
    table["corpus"][2:] = "manifest"
    assert groups(table, "clip").tolist() == [0, 1, 2, 2]


def test_windows_of_one_take_stay_together_where_they_overlap() -> None:
    table = make_table(
        4, corpus="ravdess", path=[AUDIO, AUDIO, VIDEO, VIDEO], start=[0, 2, 0.5, 2.5], duration=1.5
    )
    assert groups(table, "clip").tolist() == [0, 1, 0, 1]
    assert take_keys(table) == [("ravdess", "01-05-01-01-01-01")] * 4


def test_unknown_speakers_are_an_error_with_advice() -> None:
    table = make_table(3, speaker=["1", "", ""])
    with pytest.raises(TableError, match="2 of 3 records without a speaker; split by clip"):
        groups(table, "speaker", name="t")
    assert groups(table, "clip").tolist() == [0, 1, 2]


def test_no_records() -> None:
    assert groups(make_table(0), "speaker").tolist() == []


def test_names() -> None:
    table = make_table(2, corpus="c", speaker="7", path="p.wav", start=[0, 12345.678])
    assert group_names(table, "speaker") == ["c/7", "c/7"]
    assert group_names(table, "corpus") == ["c", "c"]
    assert group_names(table, "clip") == ["c/p.wav@0", "c/p.wav@12345.678"]


@pytest.mark.parametrize("text", ["ravdess/01", "ravdess/1", "01", "1", "Actor_01", " 001 "])
def test_names_match_with_and_without_corpus_and_zeros(text: str) -> None:
    present = {"ravdess/01", "ravdess/10", "tess/OAF"}
    assert match_names([text], present, name="t", parameter="speakers") == ["ravdess/01"]
    assert match_names(["oaf"], present, name="t", parameter="speakers") == ["tess/OAF"]


def test_a_name_of_two_corpora_is_ambiguous() -> None:
    with pytest.raises(TableError, match="several groups named 1; write one of a/01, b/1"):
        match_names(["1"], {"a/01", "b/1"}, name="t", parameter="speakers")
    assert match_names(["b/1"], {"a/01", "b/1"}, name="t", parameter="speakers") == ["b/1"]


def test_an_unknown_name_is_an_error_only_where_it_matters() -> None:
    with pytest.raises(ParameterError, match=r"speakers=3: t has none .*; use one of a/1, a/2"):
        match_names(["3"], {"a/1", "a/2", ""}, name="t", parameter="speakers")
    assert match_names(["3"], {"a/1"}, name="t") == []


def test_check_disjoint_names_both_clips() -> None:
    table = make_table(3)
    table["x"][2] = table["x"][0]
    check_disjoint(table, np.array([1]), name="t")
    with pytest.raises(TableError, match=r"same sound on both sides: 0/clip-2.wav and 0/clip-0"):
        check_disjoint(table, np.array([2]), name="t")
