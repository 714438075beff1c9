"""The reader of ESD."""

from __future__ import annotations

from corpus_names import check_names


def test_names() -> None:
    check_names("esd")
