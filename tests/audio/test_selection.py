"""Which channel is heard."""

from __future__ import annotations

import numpy as np
import pytest
from recordings import RATE, sound, speech

from ser.audio import reader
from ser.audio.selection import Mixer, Selection, parse_channel
from ser.errors import AudioError, ParameterError


def test_words_for_channels() -> None:
    assert [parse_channel(text) for text in ("mix", "EACH", "1", "02")] == ["mix", "each", 1, 2]
    for text in ("0", "left", "", "-1", "1.5", "99999"):
        with pytest.raises(ParameterError, match="is no channel; give mix, each, 1, 2"):
            parse_channel(text)


def test_numbers_count_from_one() -> None:
    with pytest.raises(ParameterError, match="channels count from 1"):
        Selection(channel=0)
    with pytest.raises(ParameterError, match="tracks count from 1"):
        Selection(track=0)


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_the_mixture_is_the_mean(count: int) -> None:
    block = np.random.default_rng(0).uniform(-0.5, 0.5, (1000, count)).astype(np.float32)
    mixed = Mixer(Selection(), "x").mix(block)
    assert mixed.dtype == np.float32
    np.testing.assert_array_equal(mixed, block.mean(axis=1, dtype=np.float32))


def test_one_channel() -> None:
    block = np.random.default_rng(0).uniform(-0.5, 0.5, (1000, 3)).astype(np.float32)
    for number in (1, 2, 3):
        mixer = Mixer(Selection(number), "x")
        np.testing.assert_array_equal(mixer.mix(block), block[:, number - 1])
        # A program that goes over to mono is heard on every channel.
        np.testing.assert_array_equal(mixer.mix(block[:, :1]), block[:, 0])
    with pytest.raises(AudioError, match="x: has no channel 4: it has 3; give a channel from 1 to"):
        Mixer(Selection(4), "x").mix(block)
    with pytest.raises(AudioError, match="has no channel 2: it has 1; give `channel=mix`"):
        Mixer(Selection(2), "x").mix(block[:, :1])


@pytest.mark.parametrize("gains", [(1.0, -1.0), (0.9, -1.0), (-1.0, 1.0), (0.6, 0.4, -1.0)])
def test_where_channels_cancel_out_the_louder_is_taken(gains: tuple[float, ...]) -> None:
    voice = speech()
    data = sound(np.stack([gain * voice for gain in gains], axis=1), RATE, subtype="FLOAT")
    remarks: list[str] = []
    import io

    found = reader.read(io.BytesIO(data), RATE, remark=remarks.append)
    loudest = int(np.argmax(np.abs(gains)))
    np.testing.assert_allclose(found, gains[loudest] * voice, atol=1e-6)
    assert remarks == [
        f"its channels cancel out in their mixture: channel {loudest + 1} is taken, the louder"
    ]


@pytest.mark.parametrize("gains", [(1.0, 0.0), (1.0, 1.0), (1.0, -0.5), (0.0, 0.0)])
def test_channels_that_do_not_cancel_out_are_mixed(gains: tuple[float, float]) -> None:
    voice = speech()
    remarks: list[str] = []
    block = np.stack([gain * voice for gain in gains], axis=1)
    mixed = Mixer(Selection(), "x", remarks.append).mix(block)
    np.testing.assert_allclose(mixed, sum(gains) / 2 * voice, atol=1e-6)
    assert remarks == []
    noise = np.random.default_rng(0).normal(0, 0.1, (1000, 2)).astype(np.float32)
    Mixer(Selection(), "x", remarks.append).mix(noise)
    assert remarks == []
