"""What corpus readers share: names of clips, and tables that a corpus brings along."""

from __future__ import annotations

from pathlib import Path

import pytest

from ser.corpora.base import Clip, read_rows
from ser.errors import CorpusError


def test_names_of_clips_are_paths_or_urls() -> None:
    assert Clip(Path("a/b.wav")).name == str(Path("a/b.wav"))
    assert Clip(Path("s3://bucket/b.wav")).name == "s3://bucket/b.wav"


def test_rows_by_the_first_line(tmp_path: Path) -> None:
    table = tmp_path / "table.tsv"
    table.write_bytes("\ufeffname\tsex\nEwa\tfemale\n".encode())
    assert read_rows(table, delimiter="\t") == [{"name": "Ewa", "sex": "female"}]


def test_tables_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.csv").write_bytes(b"name\nJos\xe9\n")
    for name in ("latin.csv", "none.csv"):
        with pytest.raises(CorpusError, match=rf"{name}: cannot be read .*; download it again"):
            read_rows(tmp_path / name)
