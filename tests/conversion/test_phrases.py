"""Recordings cut at their pauses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.conversion.phrases import MARGIN, MAX_SECONDS, Phrase, split_phrases

RATE = 16_000


def hiss(seconds: float, rate: int = RATE) -> Any:
    noise = 1e-4 * np.random.default_rng(0).standard_normal(round(seconds * rate))
    return noise.astype(np.float32)[:, None]


def sound(seconds: float, rate: int = RATE) -> Any:
    """Without a pause in it."""
    time = np.arange(round(seconds * rate)) / rate
    wave = 0.1 * np.sin(2 * np.pi * 200 * time) * (1 + 0.5 * np.sin(2 * np.pi * 3 * time))
    return wave.astype(np.float32)[:, None]


def cut(samples: Any, rate: int = RATE, block: int | None = None) -> list[Phrase]:
    size = block or max(1, len(samples))

    def blocks() -> Iterator[Any]:
        for start in range(0, len(samples), size):
            yield samples[start : start + size]

    found = list(split_phrases(blocks(), rate))
    if found:
        np.testing.assert_array_equal(np.concatenate([p.samples for p in found]), samples)
    return found


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 48_000])
def test_phrases_are_what_is_between_pauses(rate: int) -> None:
    parts = [hiss(1, rate), sound(2, rate), hiss(0.8, rate), sound(3, rate), hiss(1, rate)]
    found = cut(np.concatenate(parts), rate)
    assert [piece.is_pause for piece in found] == [True, False, True, False, True]
    seconds = [len(piece.samples) / rate for piece in found]
    assert seconds[1] == pytest.approx(2 + 2 * MARGIN, abs=0.05)
    assert seconds[3] == pytest.approx(3 + 2 * MARGIN, abs=0.05)
    assert not any(piece.cut for piece in found)


@pytest.mark.parametrize("block", [1, 17, 1600, 100_000])
def test_blocks_do_not_matter(block: int) -> None:
    samples = np.concatenate([sound(1.5), hiss(0.7), sound(13), hiss(0.5), sound(1)])
    if block == 1:
        samples = samples[: 14 * RATE]
    whole, small = cut(samples), cut(samples, block=block)
    assert [len(p.samples) for p in whole] == [len(p.samples) for p in small]


def test_short_gaps_are_no_pauses() -> None:
    found = cut(np.concatenate([sound(1), hiss(0.15), sound(1), hiss(0.2), sound(1)]))
    assert [piece.is_pause for piece in found] == [False]


def test_a_short_word_stays_with_what_follows() -> None:
    found = cut(np.concatenate([sound(0.3), hiss(0.4), sound(2), hiss(0.6)]))
    assert not found[0].is_pause
    assert len(found[0].samples) > 2.5 * RATE


def test_sound_without_pauses_is_cut_where_it_is_softest() -> None:
    samples = sound(40)
    samples[8 * RATE : 8 * RATE + 800] *= np.float32(0.05)
    found = cut(samples)
    assert max(len(piece.samples) for piece in found) <= MAX_SECONDS * RATE
    assert found[0].cut
    assert len(found[0].samples) == pytest.approx(8.025 * RATE, abs=0.03 * RATE)
    assert not found[-1].cut


def test_real_pauses_in_speech() -> None:
    """Words stay whole: no phrase ends or begins inside of sound."""
    parts = [np.asarray(render("happy", 2, seed=s, text=s + 1), np.float32) for s in range(5)]
    samples = np.concatenate(parts)[:, None]
    found = cut(samples)
    assert sum(not piece.is_pause for piece in found) >= 4
    loud = np.abs(samples).max()
    for piece in found:
        assert not piece.cut
        assert np.abs(piece.samples[:400]).max() < 0.1 * loud
        assert np.abs(piece.samples[-400:]).max() < 0.1 * loud


def test_silence_nothing_and_very_little() -> None:
    assert cut(np.zeros((0, 1), np.float32)) == []
    for count in (1, 2, 100, 5000, 20 * RATE):
        assert all(piece.is_pause for piece in cut(np.zeros((count, 2), np.float32)))
    assert len(cut(np.ones((1, 1), np.float32))) == 1
    assert len(cut(sound(0.05))) == 1


def test_memory_does_not_grow() -> None:
    """An hour goes through in blocks of ten seconds, and no piece is longer than a phrase."""
    block = np.concatenate([sound(2.5), hiss(0.6), sound(6), hiss(0.9)])
    taken = 0

    def blocks() -> Iterator[Any]:
        nonlocal taken
        for _ in range(360):
            taken += len(block)
            yield block

    given = 0
    for piece in split_phrases(blocks(), RATE):
        given += len(piece.samples)
        assert taken - given <= MAX_SECONDS * RATE + len(block)
    assert given == taken == 360 * len(block)
