"""Noise: its level, its spectrum, and noise from recordings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from augmenting import CLIP, rng
from recordings import RATE, sound

from ser.augment.base import Parameters, mean_power
from ser.augment.noise import Noise, NoiseRecording, pink_noise, white_noise
from ser.augment.recipe import find_noise
from ser.augment.registry import parse_transform
from ser.errors import AudioError


@pytest.mark.parametrize("ratio", [-5.0, 0.0, 12.3, 40.0])
@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_has_its_ratio(ratio: float, kind: str) -> None:
    noisy = Noise(0, 50).apply(CLIP, RATE, Parameters(ratio, kind), rng())
    found = 10 * np.log10(mean_power(CLIP) / mean_power(noisy.astype(np.float64) - CLIP))
    assert found == pytest.approx(ratio, abs=0.05)


def test_colours_of_noise() -> None:
    """Equal power per hertz, and equal power per octave."""
    bands = [(250, 500), (500, 1000), (1000, 2000), (2000, 4000)]
    for make, expected in ((white_noise, 3.01), (pink_noise, 0.0)):
        power = np.abs(np.fft.rfft(make(8 * RATE, RATE, rng()))) ** 2
        octaves = [power[8 * low : 8 * high].sum() for low, high in bands]
        steps = 10 * np.log10(np.divide(octaves[1:], octaves[:-1]))
        assert steps == pytest.approx([expected] * 3, abs=0.4)


def test_both_colours_are_drawn() -> None:
    labels = {parse_transform("noise:15").draw(rng(seed)).kind for seed in range(20)}
    assert labels == {"white", "pink"}
    assert Noise(15, 15).label(Parameters(15.0, "pink")) == "noise=15dB:pink"


def test_noise_of_recordings(tmp_path: Path) -> None:
    """What is added is a part of a recording, repeated where that is too short."""
    hum = np.sin(2 * np.pi * 100 * np.arange(5 * 8000) / 8000).astype(np.float32)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a hum, of mains.wav").write_bytes(sound(0.1 * hum, 8000))
    (tmp_path / "short.wav").write_bytes(sound(0.1 * hum[:4000], 8000))
    (tmp_path / "not sound.wav").write_bytes(b"text")
    found = find_noise(tmp_path)
    assert [(entry.path.name, entry.seconds) for entry in found] == [
        ("short.wav", 0.5),
        ("a hum, of mains.wav", 5.0),
    ]
    noise = replace(Noise(10, 10), recordings=found)
    kinds = set()
    for seed in range(12):
        chance = rng(seed)
        drawn = noise.draw(chance)
        assert len(noise.label(drawn)) <= noise.max_label_length()
        kinds.add(noise.label(drawn))
        added = noise.apply(CLIP, RATE, drawn, chance).astype(np.float64) - CLIP
        assert 10 * np.log10(mean_power(CLIP) / mean_power(added)) == pytest.approx(10, abs=0.05)
        spectrum = np.abs(np.fft.rfft(added * np.hanning(len(added))))
        assert abs(int(spectrum.argmax()) / 2 - 100) < 2
    assert kinds == {"noise=10dB:short", "noise=10dB:a_hum__of_mains"}


def test_noise_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is not a folder"):
        find_noise(tmp_path / "none")
    with pytest.raises(AudioError, match="holds no recording that can be read"):
        find_noise(tmp_path)
    (tmp_path / "silent.wav").write_bytes(sound(np.zeros(RATE, np.float32), RATE))
    noise = Noise(10, 10, find_noise(tmp_path))
    with pytest.raises(
        AudioError, match=r"silent\.wav: is silent after 0\.0 s; leave it out of the folder"
    ):
        noise.apply(CLIP[:RATE], RATE, noise.draw(rng()), rng())
    with pytest.raises(AudioError, match="does not exist"):
        Noise(1, 1, (NoiseRecording(tmp_path / "gone.wav", 3.0),)).apply(
            CLIP, RATE, Parameters(1.0, "gone"), rng()
        )


def test_noise_is_taken_from_anywhere_in_a_recording(tmp_path: Path) -> None:
    # Its frequency says where: 100 Hz at the start, and 40 Hz more each second.
    time = np.arange(10 * RATE) / RATE
    path = tmp_path / "siren.wav"
    path.write_bytes(sound(0.1 * np.sin(2 * np.pi * (100 + 20 * time) * time), RATE))
    noise = Noise(10, 10, find_noise(tmp_path))
    places = []
    for seed in range(12):
        chance = rng(seed)
        added = noise.apply(CLIP[:RATE], RATE, noise.draw(chance), chance) - CLIP[:RATE]
        peak = np.abs(np.fft.rfft(added * np.hanning(RATE))).argmax()
        places.append((peak - 100) / 40)
    # The middle of the second that was taken; all of it lies in the recording.
    assert 0.3 < min(places) < 3
    assert 7 < max(places) < 9.7
