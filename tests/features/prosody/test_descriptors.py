"""What is measured of each frame, on sounds whose answer is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.features.prosody.descriptors import CEPSTRA, SPECTRAL, VOICED, Descriptors, describe
from ser.features.spec import PRESETS
from ser.features.stft import ShortTimeSpectra

SPEC = PRESETS["emotion"].with_changes(functionals="prosody", trim=None, duration=None)
RATE = SPEC.sample_rate
TIME = np.arange(RATE) / RATE
INSIDE = slice(5, -5)


def found(samples: Any) -> Descriptors:
    return describe(ShortTimeSpectra(np.ascontiguousarray(samples, np.float32), SPEC).power, SPEC)


def value(samples: Any, name: str) -> float:
    return float(np.median(found(samples).values[name][INSIDE]))


def tone(hertz: float, *amplitudes: float) -> Any:
    return sum(a * np.cos(2 * np.pi * hertz * (k + 1) * TIME) for k, a in enumerate(amplitudes))


def noise(seconds: float = 1.0) -> Any:
    return np.random.default_rng(0).normal(0, 0.1, round(seconds * RATE))


def test_shapes() -> None:
    got = found(noise())
    frames = 1 + RATE // SPEC.hop_length
    assert got.active.shape == got.pitch.voiced.shape == (frames,)
    assert got.cepstra.shape == (frames, CEPSTRA)
    assert {*SPECTRAL, *VOICED} <= set(got.values)
    for name, values in got.values.items():
        assert values.shape == (frames,), name
        assert values.dtype == np.float32, name
        assert np.isfinite(values).all(), name
    assert got.seconds == SPEC.hop_length / RATE


def test_the_level_is_in_one_place() -> None:
    plain, louder = found(noise()), found(30 * noise())
    assert louder.level - plain.level == pytest.approx(20 * np.log10(30), abs=1e-3)
    assert (louder.active == plain.active).all()
    for name, values in plain.values.items():
        assert louder.values[name] == pytest.approx(values, rel=1e-3, abs=1e-3), name
    assert louder.cepstra == pytest.approx(plain.cepstra, abs=1e-3)


def test_pauses_are_not_active() -> None:
    samples = noise(3)
    samples[RATE : 2 * RATE] *= 0.01
    got = found(samples)
    seconds = np.arange(len(got.active)) * got.seconds
    assert got.active[(seconds < 0.9) | (seconds > 2.1)].all()
    assert not got.active[(seconds > 1.1) & (seconds < 1.9)].any()
    # The pause does not pull the level down.
    assert got.level == pytest.approx(found(noise()).level, abs=0.5)


@pytest.mark.parametrize(("decibels", "active"), [(-30, True), (-40, False)])
def test_pauses_are_35_db_under_the_loudest(decibels: float, active: bool) -> None:
    # Of a tone, whose frames are all as loud.
    samples = np.concatenate([tone(250, 0.5), 10 ** (decibels / 20) * tone(250, 0.5)])
    got = found(samples)
    seconds = np.arange(len(got.active)) * got.seconds
    assert got.active[seconds < 0.9].all()
    assert (got.active[seconds > 1.1] == active).all()


def test_differences_of_harmonics() -> None:
    # Multiples of 250 Hz are in the middle of a bin.
    assert value(tone(250, 0.1, 0.05), "h1_h2") == pytest.approx(6.0, abs=0.5)
    assert value(tone(250, 0.05, 0.1), "h1_h2") == pytest.approx(-6.0, abs=0.5)
    # The 13th harmonic is at 3250 Hz.
    assert value(tone(250, 0.1, *[1e-6] * 11, 0.001), "h1_a3") == pytest.approx(40.0, abs=1)


def test_noise_beside_the_voice() -> None:
    clean = tone(150, 0.1, 0.05, 0.03)
    ratios = [value(clean + share * noise(), "hnr") for share in (0, 0.1, 0.3)]
    assert ratios[0] > 25
    assert ratios[0] > ratios[1] + 5
    assert ratios[1] > ratios[2] + 5
    # Power of the tones 0.0067, of the noise 0.0009.
    assert ratios[2] == pytest.approx(10 * np.log10(0.0067 / 0.0009), abs=2.5)


def test_where_the_energy_is() -> None:
    low, high = tone(500, 0.1), tone(3000, 0.1)
    assert value(low, "alpha") > 30 > -30 > value(high, "alpha")
    assert value(low, "hammarberg") > 30 > -30 > value(high, "hammarberg")
    for samples, hertz in ((low, 500), (high, 3000)):
        assert value(samples, "centroid") == pytest.approx(hertz, rel=0.02)
        assert value(samples, "rolloff") == pytest.approx(hertz, abs=2 * RATE / SPEC.n_fft)
    both = value(low + high, "alpha")
    assert both == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("slope", [-12.0, 0.0, 12.0])
def test_slopes_in_decibels_per_kilohertz(slope: float) -> None:
    spectrum = np.fft.rfft(noise(8))
    hertz = np.fft.rfftfreq(8 * RATE, 1 / RATE)
    shaped = np.fft.irfft(spectrum * 10 ** (slope * np.minimum(hertz, 2000) / 1000 / 20))
    got = found(shaped).values
    assert got["slope_low"].mean() == pytest.approx(slope, abs=2)
    assert got["slope_high"].mean() == pytest.approx(slope, abs=1)


def test_change_from_frame_to_frame() -> None:
    steady = value(tone(200, 0.1), "flux")
    moving = value(tone(1, 0) + np.sin(2 * np.pi * np.cumsum(300 + 3000 * TIME) / RATE), "flux")
    assert steady < 1e-4
    assert moving > 0.1
    assert value(noise(), "flux") > 0.1


def test_louder_frames_have_more_loudness() -> None:
    samples = noise() * np.where(TIME < 0.5, 0.2, 1.0)
    loudness = found(samples).values["loudness"]
    half = len(loudness) // 2
    # 14 dB, and Zwicker's exponent of 0.3 on the power.
    ratio = loudness[half + 5 : -5].mean() / loudness[5 : half - 5].mean()
    assert ratio == pytest.approx(5 ** (2 * 0.3), rel=0.05)
