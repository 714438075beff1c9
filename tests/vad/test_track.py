"""Speech every 32 ms."""

from __future__ import annotations

import numpy as np
import pytest
from voices import RATE, talk

from ser.vad.silero import CHUNK
from ser.vad.track import SECONDS, SpeechTrack


def track(blocks: list[np.ndarray], rate: int = RATE) -> np.ndarray:
    found = SpeechTrack(rate)
    parts = [found.add(block) for block in blocks]
    return np.concatenate([*parts, found.finish()])


def test_every_chunk_is_decided_once() -> None:
    samples, turns = talk([1, 2], 4, pause=1.0)
    spoken = track([samples])
    assert len(spoken) == -(-len(samples) // CHUNK)
    for turn in turns:
        inside = spoken[round((turn.start + 0.4) / SECONDS) : round((turn.end - 0.4) / SECONDS)]
        assert inside.mean() > 0.8
        before = spoken[round((turn.start - 0.6) / SECONDS) : round((turn.start - 0.1) / SECONDS)]
        assert not before.any()


@pytest.mark.parametrize("count", [2, 100])
def test_blocks_change_nothing(count: int) -> None:
    samples, _ = talk([1, 2], 10)
    assert (track(np.array_split(samples, count)) == track([samples])).all()


def test_nothing() -> None:
    assert len(track([])) == 0
