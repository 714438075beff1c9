"""Regions of speech and their embeddings, while a recording is decoded."""

from __future__ import annotations

import numpy as np
import pytest
from voices import RATE, talk

from ser.speakers.encoder import SIZE, WINDOW_SECONDS, load_encoder
from ser.speakers.regions import HOP_SECONDS, find_regions, window_starts


def test_speech_and_pauses() -> None:
    samples, turns = talk([1, 2], 4, pause=1.2)
    regions = find_regions([samples], load_encoder())
    assert len(regions) == len(turns)
    for region, turn in zip(regions, turns, strict=True):
        assert turn.start - 0.1 <= region.start < region.end <= turn.end + 0.5
        assert region.embeddings.shape == (len(region.times), SIZE)
        assert region.start < region.times[0] <= region.times[-1] < region.end


def test_blocks_change_nothing() -> None:
    samples, _ = talk([1, 2], 4)
    encoder = load_encoder()
    whole = find_regions([samples], encoder)
    parts = find_regions(np.array_split(samples, 173), encoder)
    assert [(a.start, a.end) for a in whole] == [(b.start, b.end) for b in parts]
    for one, other in zip(whole, parts, strict=True):
        assert one.embeddings == pytest.approx(other.embeddings, abs=1e-3)


def test_nobody_speaks() -> None:
    assert find_regions([np.zeros(3 * RATE, np.float32)], load_encoder()) == []
    assert find_regions([], load_encoder()) == []


def test_long_regions_are_cut() -> None:
    samples, _ = talk([1], 14, pause=0.0)
    regions = find_regions([samples], load_encoder())
    assert len(regions) > 1
    assert max(region.end - region.start for region in regions) < 21


def test_windows_cover_a_region() -> None:
    for length in np.linspace(0.2, 7, 40):
        starts = window_starts(3.0, 3.0 + length)
        assert starts[0] == 3.0
        assert starts[-1] + min(WINDOW_SECONDS, length) == pytest.approx(3.0 + length)
        assert np.diff(starts).max(initial=0) <= HOP_SECONDS + 1e-6
