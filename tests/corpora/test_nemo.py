"""The reader of nEMO."""

from __future__ import annotations

from pathlib import Path

from corpus_names import check_names
from speech import write_corpus

from ser.corpora.registry import find_clips


def test_names() -> None:
    check_names("nemo")


def test_nemo_takes_gender_from_its_table(tmp_path: Path) -> None:
    write_corpus("nemo", tmp_path, speakers=2, emotions=["angry"], seconds=0.2)
    with_table = find_clips([tmp_path / "samples"]).clips
    assert {(clip.speaker, clip.gender) for clip in with_table} == {
        ("EB0", "female"),
        ("WR0", "male"),
    }, "speakers are padded with spaces in the table and must not be here"
    (tmp_path / "data.tsv").unlink()
    without = find_clips([tmp_path]).clips
    assert [(c.speaker, c.text, c.emotion) for c in without] == [
        (c.speaker, c.text, c.emotion) for c in with_table
    ]
    assert {clip.gender for clip in without} == {""}
