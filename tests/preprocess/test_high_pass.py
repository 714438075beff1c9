"""The high-pass filter, against SciPy's recursive one, and as a stream."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from ser.arrays import Samples
from ser.errors import AudioError
from ser.preprocess.high_pass import HighPass

RATE = 16_000


def noise(count: int, seed: int = 0) -> Samples:
    values = np.random.default_rng(seed).normal(scale=0.1, size=count)
    return values.astype(np.float32)


@pytest.mark.parametrize(("rate", "cutoff"), [(16_000, 60.0), (22_050, 60.0), (8_000, 10.0)])
def test_it_is_a_butterworth_filter_of_second_order(rate: int, cutoff: float) -> None:
    samples = noise(40_000)
    samples[:5000] = 0
    expected = sosfilt(butter(2, cutoff, "high", fs=rate, output="sos"), samples)
    assert np.abs(HighPass(rate, cutoff)(samples) - expected).max() < 1e-6


def test_an_offset_leaves_nothing_not_even_a_click() -> None:
    speech = noise(30_000)
    speech[:3000] = 0
    filtered = HighPass(RATE, 60.0)
    assert np.abs(filtered(speech + np.float32(0.02)) - filtered(speech)).max() < 1e-6
    assert np.abs(filtered(np.full(5000, 0.7, np.float32))).max() == 0


def test_frequencies_under_the_cutoff_are_attenuated_and_speech_is_not() -> None:
    time = np.arange(2 * RATE) / RATE
    for hertz, low, high in ((20.0, -20.0, -18.0), (60.0, -3.1, -2.9), (200.0, -0.1, 0.0)):
        tone = np.sin(2 * np.pi * hertz * time).astype(np.float32)
        found = HighPass(RATE, 60.0)(tone)[RATE:]
        gain = 10 * np.log10(np.mean(np.square(found)) / np.mean(np.square(tone[RATE:])))
        assert low < gain < high, hertz


@pytest.mark.parametrize("size", [1, 100, 1023, 1024, 1025, 20_000])
def test_a_stream_gives_what_the_whole_gives_to_the_bit(size: int) -> None:
    samples = noise(20_500) + np.float32(0.1)
    filtered = HighPass(RATE, 60.0)
    parts = list(filtered.blocks(np.split(samples, range(size, len(samples), size))))
    assert np.array_equal(np.concatenate(parts), filtered(samples))


def test_a_stream_holds_back_less_than_a_block() -> None:
    given = 0

    def live() -> object:
        nonlocal given
        for block in np.split(noise(16_000), 50):
            given += len(block)
            yield block

    come = 0
    for part in HighPass(RATE, 60.0).blocks(live()):  # type: ignore[arg-type]
        come += len(part)
        assert given - come < 1024
    assert come == 16_000


def test_short_and_empty_clips() -> None:
    filtered = HighPass(RATE, 60.0)
    assert filtered(np.empty(0, np.float32)).shape == (0,)
    assert filtered(np.ones(1, np.float32)).tolist() == [0.0]


def test_what_came_before_a_defect_is_given_before_the_error() -> None:
    def broken() -> object:
        yield noise(3000)
        raise AudioError("a.wav", "is damaged")

    found = []
    with pytest.raises(AudioError):
        for part in HighPass(RATE, 60.0).blocks(broken()):  # type: ignore[arg-type]
            found.append(part)
    assert sum(map(len, found)) == 3000
