"""The envelope of sounds whose envelope is known, and contours drawn through gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.features.banks import dct_basis
from ser.features.envelope import interpolate_unvoiced, spectral_envelope
from ser.features.extract import Extractor
from ser.features.spec import PRESETS
from ser.features.stft import ShortTimeSpectra

SPEC = PRESETS["translate"].with_changes(duration=None, trim=None)
RATE = SPEC.sample_rate
BINS = SPEC.n_fft // 2 + 1
HERTZ = np.arange(BINS) * RATE / SPEC.n_fft


def hill(hertz: Any) -> Any:
    """Amplitudes over frequency with one broad formant."""
    return 0.02 + np.exp(-(((hertz - 1500) / 900) ** 2))


def buzz(pitch: float, amplitude: Any = hill, seconds: float = 0.5) -> Any:
    """Harmonics up to half the rate, as loud as `amplitude` says, with phases by chance."""
    time = np.arange(round(seconds * RATE)) / RATE
    numbers = np.arange(1, int(0.97 * RATE / 2 / pitch) + 1)
    phases = np.random.default_rng(0).uniform(0, 2 * np.pi, len(numbers))
    tones = np.cos(2 * np.pi * pitch * numbers[:, None] * time + phases[:, None])
    return (0.01 * amplitude(pitch * numbers) @ tones).astype(np.float32)


def envelope_of(samples: Any, pitch: float) -> Any:
    power = ShortTimeSpectra(samples, SPEC).power[10:-10]
    semitones = np.full(len(power), 12 * np.log2(pitch), np.float32)
    return spectral_envelope(power, semitones, np.ones(len(power), np.bool_), SPEC)


@pytest.mark.parametrize("pitch", [80.0, 130.0, 215.0, 330.0])
def test_harmonics_vanish_and_the_shape_stays(pitch: float) -> None:
    levels = 10 * np.log10(envelope_of(buzz(pitch), pitch))
    expected = 20 * np.log10(hill(HERTZ))
    # A constant depends on the window and on how many harmonics there are to a hertz.
    levels -= np.median((levels - expected)[:, (pitch < HERTZ) & (hill(HERTZ) > 0.1)])
    # All that is known of an envelope is its value at the harmonics: the steps between them are
    # at most as high as the envelope rises from one to the next.
    for place in np.flatnonzero((2 * pitch < HERTZ) & (HERTZ < 7000)):
        around = expected[np.abs(HERTZ - HERTZ[place]) <= 0.75 * pitch + 20]
        assert levels[:, place].min() > around.min() - 0.5, HERTZ[place]
        assert levels[:, place].max() < around.max() + 0.5, HERTZ[place]


def test_the_envelope_does_not_move_with_the_pitch() -> None:
    """Of the same power per hertz, whatever the pitch."""
    flat = [
        envelope_of(buzz(pitch, lambda hertz, p=pitch: np.sqrt(p) * hill(hertz)), pitch)
        for pitch in (100.0, 141.0, 200.0)
    ]
    inside = (HERTZ > 400) & (HERTZ < 2800)
    levels = [10 * np.log10(part.mean(axis=0)[inside]) for part in flat]
    for other in levels[1:]:
        assert np.abs(other - levels[0]).mean() < 0.8
        assert abs(np.mean(other - levels[0])) < 0.2


def test_power_is_neither_lost_nor_made() -> None:
    rng = np.random.default_rng(1)
    power = rng.exponential(size=(5, BINS)).astype(np.float32)
    semitones = np.array([0, 72, 84, 96, 108], np.float32)
    result = spectral_envelope(power, semitones, semitones > 0, SPEC)
    np.testing.assert_allclose(result.mean(axis=1), power.mean(axis=1), rtol=0.05)
    ones = spectral_envelope(np.ones((5, BINS), np.float32), semitones, semitones > 0, SPEC)
    np.testing.assert_allclose(ones, 1, rtol=1e-5)


def test_the_level_is_in_the_first_coefficient_alone() -> None:
    samples = render("happy", 2, seed=1)
    extractor = Extractor(SPEC.with_changes(families=("mcep",)))
    plain, loud = extractor(samples), extractor(samples * np.float32(2))
    moved = loud - plain
    np.testing.assert_allclose(moved[:, 0], 20 * np.log10(2) * np.sqrt(SPEC.n_mels), atol=0.05)
    np.testing.assert_allclose(moved[:, 1:], 0, atol=0.05)


def test_the_inverse_gives_decibels_on_the_bands() -> None:
    samples = render("sad", 3, seed=1)
    spec = SPEC.with_changes(families=("mcep",), n_mfcc=SPEC.n_mels)
    bands = Extractor(spec)(samples) @ dct_basis(SPEC.n_mels, SPEC.n_mels)
    view = ShortTimeSpectra(samples, SPEC)
    smooth = spectral_envelope(view.power, view.pitch.semitones, view.pitch.voiced, SPEC)
    np.testing.assert_allclose(bands, 10 * np.log10(view.mel_filters(smooth)), atol=0.01)


def test_contours_go_on_through_gaps() -> None:
    semitones = np.array([0, 0, 80, 0, 0, 86, 84, 0], np.float32)
    drawn = interpolate_unvoiced(semitones, semitones > 0)
    np.testing.assert_allclose(drawn, [80, 80, 80, 82, 84, 86, 84, 84])
    assert drawn.dtype == np.float32
    assert not interpolate_unvoiced(semitones, np.zeros(8, np.bool_)).any()


def test_nothing_at_all() -> None:
    nothing = np.zeros((0, BINS), np.float32)
    assert spectral_envelope(
        nothing, np.zeros(0, np.float32), np.zeros(0, np.bool_), SPEC
    ).shape == (
        0,
        BINS,
    )
