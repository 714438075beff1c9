"""Frames that change their layout, format or rate on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from broadcasts import marks, onsets, write_packets

from ser.arrays import Channels
from ser.audio import frames, reader
from ser.audio.placement import Silence


def frame(samples: Channels, rate: int, kind: str = "flt") -> Any:
    """A frame of PyAV of shape (samples, channels)."""
    import av

    layout = {1: "mono", 2: "stereo", 6: "5.1"}[samples.shape[1]]
    values = samples if kind == "flt" else (samples * 32_767).astype(np.int16)
    packed = np.ascontiguousarray(values).reshape(1, -1)
    made = av.AudioFrame.from_ndarray(packed, format=kind, layout=layout)
    made.sample_rate = rate
    return made


def converted(items: list[Any], rate: int = 16_000) -> list[Channels]:
    return list(frames.to_arrays(iter(items), rate, 4000))


def test_other_layouts_and_formats_begin_another_conversion() -> None:
    """FFmpeg's queue would read beyond the end of frames of fewer channels: SIGSEGV."""
    chance = np.random.default_rng(0)
    parts = [
        chance.uniform(-0.5, 0.5, (1000, count)).astype(np.float32) for count in (2, 1, 6, 1, 2, 2)
    ]
    found = converted([frame(part, 16_000) for part in parts])
    assert [part.shape[1] for part in found] == [2, 1, 6, 1, 2]
    expected = np.concatenate([part.mean(axis=1) for part in parts])
    got = np.concatenate([part.mean(axis=1) for part in found])
    np.testing.assert_allclose(got, expected, atol=1e-6)
    mixed = converted([frame(parts[1], 16_000), frame(parts[3], 16_000, "s16")])
    np.testing.assert_allclose(
        np.concatenate(mixed), np.concatenate([parts[1], parts[3]]), atol=1e-4
    )


def test_other_rates_are_brought_to_the_first() -> None:
    items = [frame(np.zeros((rate // 2, 1), np.float32), rate) for rate in (16_000, 48_000, 8_000)]
    assert sum(map(len, converted(items))) == pytest.approx(24_000, abs=50)


def test_silence_has_the_channels_of_what_comes_before() -> None:
    sound = np.full((100, 2), 0.5, np.float32)
    items = [Silence(0.5), frame(sound, 16_000), Silence(2.5), Silence(0.00001), Silence(0.00006)]
    found = converted(items)
    assert [part.shape for part in found] == [
        (8000, 1), (100, 2), (16_000, 2), (16_000, 2), (8000, 2), (1, 2),
    ]  # fmt: skip


def test_what_came_before_an_error_is_given_first() -> None:
    def items() -> Iterator[Any]:
        yield frame(np.ones((100, 1), np.float32), 16_000)
        raise ValueError("broken")

    found = []
    with pytest.raises(ValueError, match="broken"):
        for part in frames.to_arrays(items(), 16_000, 4000):
            found.append(part)
    assert sum(map(len, found)) == 100


@pytest.mark.parametrize("name", ["two.ts", "two.aac"])
@pytest.mark.parametrize("first", [1, 2])
def test_broadcasts_between_mono_and_stereo(name: str, first: int, tmp_path: Path) -> None:
    """The sound is in the last channel, so that one that is lost is missed."""
    sound = marks(48_000)
    stereo = np.stack([np.zeros_like(sound), sound])
    joined = b""
    for count in (first, 3 - first):
        path = tmp_path / f"{count}-{name}"
        samples, layout = (sound, "mono") if count == 1 else (stereo, "stereo")
        write_packets(path, "aac", samples, 48_000, layout=layout)
        joined += path.read_bytes()
    path = tmp_path / name
    path.write_bytes(joined)
    found = reader.read(path, 16_000)
    assert onsets(found, 16_000) == pytest.approx([3.0, 7.0, 13.0, 17.0], abs=0.15)
    assert reader.length(path) == pytest.approx(len(found) / 16_000, abs=0.1)
    # As it is, it keeps the channels that it begins with.
    kept = list(reader.channels(path))
    assert {block.shape[1] for block, _ in kept} == {first}
    mixed = np.concatenate([block.mean(axis=1) for block, _ in kept])
    assert onsets(mixed, 48_000) == pytest.approx([3.0, 7.0, 13.0, 17.0], abs=0.15)
