"""Sound out of mel spectrograms: whose spectrogram is the wanted one, through either phase."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render

from ser.audio.reader import read
from ser.conversion.contours import SPEC, extract_contours
from ser.conversion.griffin_lim import griffin_lim, invert_mel, invert_with_source_phase

DB = 10 / np.log(10)

# Decibels under a spectrogram's maximum where it is not compared any more: nobody hears it.
HEARD = 50


@pytest.fixture(scope="module")
def calm() -> Any:
    return render("neutral", 1, seed=0, seconds=1.2, intensity="strong")


@pytest.fixture(scope="module")
def angry() -> Any:
    return render("angry", 1, seed=0, seconds=1.2, intensity="strong")


def error(samples: Any, wanted: Any) -> float:
    """Mean distance of a recording's mel spectrogram to the one wanted, in decibels."""
    found = extract_contours(samples).logmel
    assert len(found) == len(wanted)
    heard = wanted > wanted.max() - HEARD / DB
    return float(DB * np.abs(found - wanted)[heard].mean())


def test_its_own_spectrogram_gives_the_source_back(calm: Any) -> None:
    made = invert_mel(extract_contours(calm).logmel, calm)
    assert made.dtype == np.float32
    assert made == pytest.approx(calm, abs=1e-3 * float(np.abs(calm).max()))


def test_a_smooth_change_is_made_of_the_source(calm: Any) -> None:
    logmel = extract_contours(calm).logmel
    slope = np.linspace(0, 3, 80, dtype=np.float32)
    swell = np.sin(np.arange(len(logmel)) / 10)[:, None].astype(np.float32)
    wanted = logmel + slope + swell
    made = invert_mel(wanted, calm)
    assert made.shape == calm.shape
    assert error(calm, wanted) > 5
    assert error(made, wanted) < 0.5


def test_another_recording_is_made_of_the_source(calm: Any, angry: Any) -> None:
    wanted = extract_contours(angry).logmel
    made = invert_mel(wanted, calm)
    # Its harmonics lie elsewhere: they are what is left.
    assert error(made, wanted) < 5
    assert error(calm, wanted) > 2.5 * error(made, wanted)
    # The fine structure is the source's.
    assert np.abs(made - invert_with_source_phase(wanted, calm)).max() == 0


def test_griffin_and_lim_need_no_source(angry: Any) -> None:
    wanted = extract_contours(angry).logmel
    made = invert_mel(wanted)
    assert made.shape == ((len(wanted) - 1) * SPEC.hop_length,)
    assert error(made, wanted) < 2.5
    assert np.abs(made).max() == pytest.approx(np.abs(angry).max(), rel=0.5)
    # The same each time.
    assert (made == invert_mel(wanted)).all()


def test_a_source_of_another_length_has_no_phase_to_give(calm: Any, angry: Any) -> None:
    wanted = extract_contours(angry).logmel
    shorter = calm[: len(calm) // 2]
    assert (invert_mel(wanted, shorter, rounds=4) == griffin_lim(wanted, rounds=4)).all()


def test_more_rounds_come_nearer(angry: Any) -> None:
    wanted = extract_contours(angry).logmel
    assert error(griffin_lim(wanted, 30), wanted) < error(griffin_lim(wanted, 1), wanted)


@pytest.mark.parametrize("length", [1, 159, 160, 400, 1023, 1024, 1100])
def test_short_phrases(length: int) -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=length).astype(np.float32)
    logmel = extract_contours(noise).logmel
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = invert_mel(logmel + 1, noise)
        alone = invert_mel(logmel)
    assert made.shape == noise.shape
    assert np.isfinite(made).all()
    # 4.3 dB more, beside the ends.
    assert np.sqrt((made**2).sum() / (noise**2).sum()) == pytest.approx(np.exp(0.5), rel=0.1)
    assert alone.shape == ((len(logmel) - 1) * SPEC.hop_length,)
    assert np.isfinite(alone).all()


def test_silence_stays_silent() -> None:
    silence = np.zeros(3000, np.float32)
    logmel = extract_contours(silence).logmel
    assert not invert_mel(logmel, silence).any()
    assert np.abs(invert_mel(logmel)).max() < 1e-4


@pytest.mark.corpora
def test_real_speech(corpora: Path) -> None:
    folder = corpora / "ravdess" / "Actor_03"
    [neutral] = folder.glob("03-01-01-01-01-01-03.*")
    [angry] = folder.glob("03-01-05-02-01-01-03.*")
    samples = read(neutral, SPEC.sample_rate)
    source, target = (
        extract_contours(samples).logmel,
        extract_contours(read(angry, SPEC.sample_rate)).logmel,
    )
    frames = min(len(source), len(target))
    wanted = source.copy()
    wanted[:frames] = target[:frames]
    assert error(invert_mel(wanted, samples), wanted) < 5
    smooth = source + np.linspace(0, 2, 80, dtype=np.float32)
    assert error(invert_mel(smooth, samples), smooth) < 0.5
    assert error(invert_mel(source), source) < 2
