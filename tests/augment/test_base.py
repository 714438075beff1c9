"""What all transforms of waveforms promise."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from augmenting import CLIP, rng
from recordings import RATE

from ser.augment.base import Transform
from ser.augment.registry import TRANSFORMS, parse_transform

EVERY = [parse_transform(name) for name in TRANSFORMS]


@pytest.mark.parametrize("transform", EVERY, ids=str)
def test_what_all_promise(transform: Transform) -> None:
    before = CLIP.copy()
    for seed in range(20):
        drawn = transform.draw(rng(seed))
        assert transform.low <= drawn.value <= transform.high
        label = transform.label(drawn)
        assert label.startswith(f"{transform.name}={drawn.value:g}{transform.unit}")
        assert len(label) <= transform.max_label_length()
        result = transform.apply(CLIP, RATE, drawn, rng(seed))
        assert result.dtype == np.float32
        assert np.isfinite(result).all()
        assert 1 <= len(result) <= transform.max_duration(len(CLIP) / RATE) * RATE + 1
        np.testing.assert_array_equal(result, transform.apply(CLIP, RATE, drawn, rng(seed)))
    np.testing.assert_array_equal(CLIP, before)


@pytest.mark.parametrize("transform", EVERY, ids=str)
@pytest.mark.parametrize("count", [1, 2, 100, 481])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_short_and_silent_clips(transform: Transform, count: int, level: float) -> None:
    for seed in range(5):
        samples = (level * rng(seed).normal(size=count)).astype(np.float32)
        result = transform.apply(samples, RATE, transform.draw(rng(seed)), rng(seed))
        assert len(result) >= 1
        assert result.dtype == np.float32
        assert np.isfinite(result).all()
        if not level:
            assert not result.any()


@pytest.mark.parametrize("transform", EVERY, ids=str)
def test_text_and_bytes_there_and_back(transform: Transform) -> None:
    assert parse_transform(str(transform)) == transform
    assert pickle.loads(pickle.dumps(transform)) == transform
    assert hash(transform) == hash(parse_transform(str(transform)))
