"""Arrays of samples as sources: shapes, types, rates, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from decoding import streamed
from recordings import RATE, sound, speech

from ser.audio import reader
from ser.errors import AudioError


@pytest.mark.parametrize("rate", [RATE, 44_100])
def test_arrays(rate: int, tmp_path: Path) -> None:
    samples = speech(rate)
    path = tmp_path / "x.wav"
    path.write_bytes(sound(samples, rate, subtype="FLOAT"))
    expected = reader.read(path, RATE)
    for source in (samples, samples.astype(np.float64), samples.tolist(), samples[:, None]):
        np.testing.assert_allclose(reader.read((source, rate), RATE), expected, atol=1e-6)
    np.testing.assert_allclose(streamed((samples, rate), RATE), expected, atol=1e-6)
    np.testing.assert_array_equal(
        reader.read((samples, rate), RATE, offset=0.5, duration=1.0),
        reader.read(path, RATE, offset=0.5, duration=1.0),
    )
    assert reader.length((samples, rate)) == reader.length(path)
    blocks = list(reader.stream((samples, float(rate)), rate, block_seconds=0.5))  # type: ignore[arg-type]
    assert [len(block) for block in blocks] == [rate // 2] * 6


def test_arrays_of_several_channels() -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (4000, 3))
    np.testing.assert_allclose(reader.read((samples, RATE), RATE), samples.mean(axis=1), atol=1e-6)
    [(block, rate)] = reader.channels((samples, RATE))
    np.testing.assert_allclose(block, samples, atol=1e-6)
    assert (block.dtype, rate) == (np.float32, RATE)


@pytest.mark.parametrize(
    ("kind", "least", "middle", "most"),
    [
        (np.int16, -32768, 0, 16384),
        (np.int32, -(2**31), 0, 2**30),
        (np.int8, -128, 0, 64),
        (np.uint8, 0, 128, 192),
    ],
)
def test_arrays_of_integers(kind: type, least: int, middle: int, most: int) -> None:
    samples = np.array([least, middle, most], kind)
    assert reader.read((samples, RATE), RATE).tolist() == [-1.0, 0.0, 0.5]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ((np.zeros(0), RATE), "samples: holds no samples"),
        ((np.zeros((2, 16_000)), RATE), r"have more channels than samples \(2, 16000\)"),
        ((np.zeros((2, 2, 2)), RATE), "have 3 dimensions; give .samples, sample_rate."),
        ((RATE, np.zeros(10)), "have 0 dimensions; give .samples, sample_rate."),
        ((np.zeros(10),), "are a tuple of 1"),
        ((np.zeros(10), 0), "have the sample rate 0; give hertz"),
        ((np.zeros(10), 0.5), "have the sample rate 0.5"),
        ((np.zeros(10), "16k"), "have the sample rate '16k'"),
        ((np.array(["a"]), RATE), "are of type"),
        ((np.array([1j]), RATE), "are of type complex128"),
        ((np.array([0.0, np.nan]), RATE), "samples: holds samples that are not numbers"),
    ],
)
def test_arrays_that_are_refused(source: Any, said: str) -> None:
    with pytest.raises(AudioError, match=said):
        reader.read(source, RATE)
