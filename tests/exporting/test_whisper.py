"""What Whisper's encoder reads, and how its answer becomes features, against NumPy's."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SIZE, clip_of, tensorflow

from ser.exporting import whisper
from ser.features import encoder

EMBEDDING = np.random.default_rng(0).normal(size=(75, 12)).astype(np.float32)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("samples", [100, 400, 4799, SIZE])
def test_the_spectrum_is_that_of_the_clip_alone(name: str, samples: int) -> None:
    clip = CLIPS[name][:samples]
    found, mask = whisper.log_mel(tensorflow(), clip_of(clip), 80)
    expected = encoder.log_mel(clip, 80)
    assert int(sum(mask)) == len(expected)
    np.testing.assert_allclose(found[: len(expected)], expected, atol=3e-4)
    assert not np.any(found[len(expected) :])


def test_blocks_are_pooled_over_the_clip() -> None:
    mask = (np.arange(75) < 40).astype(np.float32)
    found = whisper.pool_blocks(tensorflow(), EMBEDDING, mask, 3)
    np.testing.assert_allclose(found, encoder.pool_blocks(EMBEDDING[:40], 3), atol=1e-6)


def test_frames_are_repeated_to_another_hop() -> None:
    mask = (np.arange(75) < 40).astype(np.float32)
    found = np.array(whisper.repeat_to_hop(tensorflow(), EMBEDDING, mask, SIZE, 256))
    expected = encoder.repeat_to_hop(EMBEDDING[:40], SIZE, 256)
    np.testing.assert_array_equal(found, expected)
