"""Changes to waveforms: what all of them promise, and what each does in numbers."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, sound, speech

from ser.arrays import Samples
from ser.augment.base import Parameters, Transform, mean_power
from ser.augment.noise import Noise, Recording, pink, white
from ser.augment.pitch import Pitch
from ser.augment.recipe import recordings
from ser.augment.registry import TRANSFORMS, parse_transform
from ser.augment.reverb import Reverb, impulse_response
from ser.augment.stretch import stretched
from ser.augment.telephone import coded
from ser.errors import AudioError, SerError
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

CLIP = speech(RATE, 2.0)

# A vowel of 140 Hz that swells and fades: its pitch is the same wherever it is measured.
_TIME = np.arange(2 * RATE) / RATE
VOWEL = sum(np.sin(2 * np.pi * 140 * k * _TIME + k) / k for k in range(1, 20))
VOWEL = (0.1 * VOWEL * (1.2 + np.sin(2 * np.pi * 3 * _TIME))).astype(np.float32)

EVERY = [parse_transform(name) for name in TRANSFORMS]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def changed(text: str, samples: Samples = CLIP, seed: int = 0) -> Samples:
    chance = rng(seed)
    transform = parse_transform(text)
    return transform.apply(samples, RATE, transform.draw(chance), chance)


def pitch_of(samples: Samples) -> float:
    spec = FeatureSpec(families=("f0",), n_fft=2048, win_length=2048, hop_length=256)
    f0 = Extractor(spec)(samples)[:, 0]
    return float(np.median(f0[f0 > 0]))


@pytest.mark.parametrize("transform", EVERY, ids=str)
def test_what_all_promise(transform: Transform) -> None:
    before = CLIP.copy()
    for seed in range(20):
        drawn = transform.draw(rng(seed))
        assert transform.low <= drawn.value <= transform.high
        label = transform.label(drawn)
        assert label.startswith(f"{transform.name}={drawn.value:g}{transform.unit}")
        assert len(label) <= transform.longest_label()
        result = transform.apply(CLIP, RATE, drawn, rng(seed))
        assert result.dtype == np.float32
        assert np.isfinite(result).all()
        assert 1 <= len(result) <= transform.longest(len(CLIP) / RATE) * RATE + 1
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


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("noise", 10, 30),
        ("noise:5", 5, 5),
        (" noise:-5..12.5 ", -5, 12.5),
        ("stretch:0.9..1.1", 0.9, 1.1),
        ("gain:-40..0", -40, 0),
    ],
)
def test_ranges(text: str, low: float, high: float) -> None:
    transform = parse_transform(text)
    assert (transform.low, transform.high) == (low, high)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "augment=: is not an augmentation; use one of noise, stretch"),
        ("nois", "nois: is not an augmentation; did you mean noise?"),
        ("noise:", "noise:: has no range but ''; write noise:10..30"),
        ("noise:loud", "has no range but 'loud'"),
        ("noise:20..10", "noise:20..10: is no range of decibels of signal-to-noise ratio"),
        ("stretch:0", "is no range of factors of duration within 0.25 to 4"),
        ("stretch:1..9", "within 0.25 to 4"),
        ("speed:nan", "is no range"),
        ("pitch:1..2..3", "has no range but '1..2..3'; write pitch:-2..2"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(SerError) as caught:
        parse_transform(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("ratio", [-5.0, 0.0, 12.3, 40.0])
@pytest.mark.parametrize("kind", ["white", "pink"])
def test_noise_has_its_ratio(ratio: float, kind: str) -> None:
    noisy = Noise(0, 50).apply(CLIP, RATE, Parameters(ratio, kind), rng())
    found = 10 * np.log10(mean_power(CLIP) / mean_power(noisy.astype(np.float64) - CLIP))
    assert found == pytest.approx(ratio, abs=0.05)


def test_colours_of_noise() -> None:
    """Equal power per hertz, and equal power per octave."""
    bands = [(250, 500), (500, 1000), (1000, 2000), (2000, 4000)]
    for make, expected in ((white, 3.01), (pink, 0.0)):
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
    found = recordings(tmp_path)
    assert [(entry.path.name, entry.seconds) for entry in found] == [
        ("short.wav", 0.5),
        ("a hum, of mains.wav", 5.0),
    ]
    noise = replace(Noise(10, 10), recordings=found)
    kinds = set()
    for seed in range(12):
        chance = rng(seed)
        drawn = noise.draw(chance)
        assert len(noise.label(drawn)) <= noise.longest_label()
        kinds.add(noise.label(drawn))
        added = noise.apply(CLIP, RATE, drawn, chance).astype(np.float64) - CLIP
        assert 10 * np.log10(mean_power(CLIP) / mean_power(added)) == pytest.approx(10, abs=0.05)
        spectrum = np.abs(np.fft.rfft(added * np.hanning(len(added))))
        assert abs(int(spectrum.argmax()) / 2 - 100) < 2
    assert kinds == {"noise=10dB:short", "noise=10dB:a_hum__of_mains"}


def test_noise_that_cannot_be_used(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="is not a folder"):
        recordings(tmp_path / "none")
    with pytest.raises(AudioError, match="holds no recording that can be read"):
        recordings(tmp_path)
    (tmp_path / "silent.wav").write_bytes(sound(np.zeros(RATE, np.float32), RATE))
    noise = Noise(10, 10, recordings(tmp_path))
    with pytest.raises(AudioError, match=r"silent\.wav: is silent after 0\.0 s; .*--noise-from"):
        noise.apply(CLIP[:RATE], RATE, noise.draw(rng()), rng())
    with pytest.raises(AudioError, match="does not exist"):
        Noise(1, 1, (Recording(tmp_path / "gone.wav", 3.0),)).apply(
            CLIP, RATE, Parameters(1.0, "gone"), rng()
        )


@pytest.mark.parametrize("factor", [0.7, 0.9, 1.0, 1.25, 1.6])
def test_stretching_keeps_the_pitch(factor: float) -> None:
    result = changed(f"stretch:{factor}", VOWEL)
    assert len(result) == round(factor * len(VOWEL))
    assert pitch_of(result) == pytest.approx(140, rel=0.01)
    assert mean_power(result) == pytest.approx(mean_power(VOWEL), rel=0.02)


def test_stretching_moves_what_is_heard_to_where_it_belongs() -> None:
    """A burst in the middle stays in the middle, and the ends are not cut off."""
    burst = np.zeros(2 * RATE, np.float32)
    burst[RATE - 1600 : RATE + 1600] = speech(RATE, 1.0)[4000:7200]
    for factor in (0.6, 1.7):
        power = np.square(stretched(burst, RATE, factor), dtype=np.float64)
        middle = (power * np.arange(len(power))).sum() / power.sum() / len(power)
        before = np.square(burst, dtype=np.float64)
        expected = (before * np.arange(len(before))).sum() / before.sum() / len(before)
        assert middle == pytest.approx(expected, abs=0.01)
    steady = np.sin(2 * np.pi * 150 * np.arange(RATE) / RATE).astype(np.float32)
    for factor in (0.6, 1.7):
        result = stretched(steady, RATE, factor)
        ends = result[: RATE // 20], result[-RATE // 20 :]
        assert min(mean_power(end) for end in ends) > 0.35


@pytest.mark.parametrize("semitones", [-5.0, -1.0, 2.0, 7.0])
def test_pitch_moves_at_equal_duration(semitones: float) -> None:
    result = changed(f"pitch:{semitones}", VOWEL)
    assert len(result) == len(VOWEL)
    assert pitch_of(result) == pytest.approx(140 * 2 ** (semitones / 12), rel=0.01)
    assert Pitch(-2, 2).label(Parameters(-0.0)) == "pitch=0st"


@pytest.mark.parametrize("factor", [0.8, 1.1])
def test_speed_changes_both(factor: float) -> None:
    result = changed(f"speed:{factor}", VOWEL)
    assert len(result) == pytest.approx(len(VOWEL) / factor, abs=2)
    assert pitch_of(result) == pytest.approx(140 * factor, rel=0.01)


def test_shifting_fills_with_zeros() -> None:
    later, earlier = changed("shift:0.25"), changed("shift:-0.25")
    assert not later[:4000].any()
    np.testing.assert_array_equal(later[4000:], CLIP[:-4000])
    np.testing.assert_array_equal(earlier[:-4000], CLIP[4000:])
    assert not earlier[-4000:].any()
    # Something stays, however short the clip.
    assert changed("shift:50").tolist()[-1] == CLIP[0]


def test_gain_does_not_wrap_around() -> None:
    quiet = CLIP * np.float32(0.1 / np.abs(CLIP).max())
    np.testing.assert_allclose(changed("gain:6", quiet), quiet * 10**0.3, rtol=1e-6)
    loud = changed("gain:40", quiet)
    assert np.abs(loud).max() == 1.0
    assert (np.sign(loud) == np.sign(quiet)).all()
    # What was over full scale is not made worse.
    over = CLIP * np.float32(2 / np.abs(CLIP).max())
    np.testing.assert_allclose(changed("gain:-1", over), over * 10**-0.05, rtol=1e-6)


@pytest.mark.parametrize("rt60", [0.3, 1.0])
def test_reverberation_falls_by_60_db_in_its_time(rt60: float) -> None:
    """By Schroeder's backward integration, from -5 to -25 dB."""
    tail = impulse_response(rt60, RATE, rng()).astype(np.float64)
    assert tail[0] == 1
    assert not tail[1:40].any()
    energy = np.cumsum(np.square(tail[60:])[::-1])[::-1]
    level = 10 * np.log10(energy / energy[0])
    between = np.flatnonzero((level < -5) & (level > -25))
    slope = np.polyfit(between / RATE, level[between], 1)[0]
    assert -60 / slope == pytest.approx(rt60, rel=0.1)


def test_reverberation_keeps_length_and_level() -> None:
    click = np.zeros(RATE, np.float32)
    click[100] = 0.5
    result = Reverb(0.5, 0.5).apply(click, RATE, Parameters(0.5), rng())
    assert len(result) == RATE
    assert mean_power(result) == pytest.approx(mean_power(click), rel=1e-4)
    assert np.abs(result).argmax() == 100
    assert mean_power(result[200:8000]) > 20 * mean_power(result[8000:]) > 0


def powers(samples: Samples, edges: tuple[float, ...]) -> list[float]:
    """Mean power between each two edges in hertz."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    return [
        float(power[(frequency >= low) & (frequency < high)].mean())
        for low, high in itertools.pairwise(edges)
    ]


def test_lowpass_takes_away_what_is_above() -> None:
    noise = white(2 * RATE, RATE, rng()) * np.float32(0.1)
    edges = (50, 3600, 4200, 8000)
    before, after = powers(noise, edges), powers(changed("lowpass:4000", noise), edges)
    assert after[0] == pytest.approx(before[0], rel=0.01)
    assert after[2] < 1e-4 * before[2]
    # There is nothing above half of the rate.
    np.testing.assert_array_equal(changed("lowpass:8000", noise), noise)


def test_a_telephone_has_its_band_and_its_hiss() -> None:
    noise = white(2 * RATE, RATE, rng()) * np.float32(0.1)
    edges = (20, 150, 500, 2500, 3900, 4200, 8000)
    ratio = np.divide(powers(changed("telephone:3400", noise), edges), powers(noise, edges))
    assert ratio[2] == pytest.approx(1, rel=0.1)
    # 24 dB per octave under 300 Hz.
    assert ratio[0] < 0.01
    assert ratio[5] < 1e-4
    # 8 bits on a logarithm: a softer voice is not coarser in proportion.
    for level in (0.5, 0.05, 0.005):
        tone = level * np.sin(np.arange(RATE)).astype(np.float32)
        error = mean_power(coded(tone) - tone) / mean_power(tone)
        assert -40 < 10 * np.log10(error) < -30


def test_a_telephone_keeps_length_and_level() -> None:
    for factor in (1.0, 0.01):
        result = changed("telephone", CLIP * np.float32(factor))
        assert len(result) == len(CLIP)
        assert mean_power(result) == pytest.approx(factor**2 * mean_power(CLIP), rel=0.5)
