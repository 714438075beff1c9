"""The reader of ASED."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from corpus_names import check_names

from ser.corpora.registry import find_clips


def test_names() -> None:
    check_names("ased")


@pytest.mark.corpora
def test_the_corpus(corpora: Path) -> None:
    """Every clip is known, with the counts of the paper's table."""
    listing = find_clips([corpora / "ased"])
    assert len(listing.clips) == 2474
    assert {clip.corpus for clip in listing.clips} == {"ased"}
    assert len({clip.speaker for clip in listing.clips}) == 65
    counts = Counter(clip.emotion for clip in listing.clips)
    assert counts == {"neutral": 522, "fearful": 510, "happy": 486, "sad": 470, "angry": 486}
    # One gender for each speaker.
    assert len({(clip.speaker, clip.gender) for clip in listing.clips}) == 65
