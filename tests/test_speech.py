"""The synthesiser that the other tests rely on: is it repeatable, quick, and like speech?"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
from speech import MANNERS, Voice, render, render_demo, write_corpus


def level(samples: np.ndarray) -> float:
    loud = samples[np.abs(samples) > 0.05 * np.abs(samples).max()]
    return float(10 * np.log10(np.mean(loud.astype(float) ** 2)))


def balance(samples: np.ndarray, rate: int = 16_000) -> float:
    """Decibels of 1-4 kHz over 0-1 kHz."""
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / rate)
    return float(
        10 * np.log10(power[(hertz >= 1000) & (hertz < 4000)].sum() / power[hertz < 1000].sum())
    )


def pitch(samples: np.ndarray, rate: int = 16_000) -> float:
    """Median pitch in hertz: the highest autocorrelation of each loud 50 ms frame."""
    size = rate // 20
    frames = samples[: len(samples) // size * size].reshape(-1, size).astype(float)
    energy = (frames**2).sum(axis=1)
    found = []
    for frame in frames[energy > 0.1 * energy.max()]:
        curve = np.correlate(frame, frame, "full")[size - 1 :]
        shortest, longest = rate // 500, rate // 70
        unbiased = curve[shortest:longest] / (size - np.arange(shortest, longest))
        # The first peak that is nearly the highest, or half the pitch would often win.
        found.append(rate / (shortest + int(np.argmax(unbiased > 0.9 * unbiased.max()))))
    return float(np.median(found))


def spoken(samples: np.ndarray, rate: int = 16_000) -> float:
    """Seconds from the first to the last sound."""
    loud = np.flatnonzero(np.abs(samples) > 0.03 * np.abs(samples).max())
    return float(loud[-1] - loud[0]) / rate


def test_repeats_exactly_and_differs_by_seed() -> None:
    first = render("happy", 3, seed=5)
    assert first.dtype == np.float32
    assert first.shape == (32_000,)
    assert np.array_equal(first, render("happy", 3, seed=5))
    assert not np.array_equal(first, render("happy", 3, seed=6))
    assert not np.array_equal(first, render("happy", 4, seed=5))


@pytest.mark.parametrize("emotion", MANNERS)
@pytest.mark.parametrize(("rate", "seconds"), [(8_000, 0.4), (16_000, 1.0), (48_000, 5.3)])
def test_is_sound_at_every_rate_and_length(emotion: str, rate: int, seconds: float) -> None:
    samples = render(emotion, 2, seed=0, sample_rate=rate, seconds=seconds, intensity="strong")
    assert len(samples) == round(seconds * rate)
    assert np.isfinite(samples).all()
    assert 0.005 < np.abs(samples).max() < 1.0


def test_takes_little_time() -> None:
    render("angry", 1, seed=0)
    best = min(_seconds(seed) for seed in range(5))
    assert best < 0.25, "2 s of sound took too long even for a busy machine"


def _seconds(seed: int) -> float:
    start = time.perf_counter()
    render("angry", 1, seed=seed)
    return time.perf_counter() - start


@pytest.mark.parametrize("speaker", [1, 2])
def test_emotions_differ_as_in_ravdess(speaker: int) -> None:
    plain = render("neutral", speaker, seed=1)
    angry = render("angry", speaker, seed=1, intensity="strong")
    calm = render("calm", speaker, seed=1, intensity="strong")
    assert level(angry) - level(plain) == pytest.approx(21.7, abs=2.5)
    assert level(calm) - level(plain) == pytest.approx(-3.8, abs=2.5)
    assert balance(angry) - balance(plain) > 3
    assert 12 * np.log2(pitch(angry) / pitch(plain)) == pytest.approx(9.9, abs=2.5)
    assert spoken(calm) > 1.15 * spoken(plain)


def test_voices_have_their_pitch() -> None:
    for speaker in (1, 2, 3, 4):
        voice = Voice.of(speaker)
        assert voice.female == (speaker % 2 == 0)
        found = pitch(render("neutral", speaker, seed=0))
        assert abs(12 * np.log2(found / voice.pitch)) < 2.5


def test_vowels_have_formants() -> None:
    """The spectrum's envelope has several separate peaks, as a tube has and a buzzer has not."""
    samples = render("neutral", 1, seed=0, intensity="strong")
    loudest = int(np.argmax(np.convolve(samples**2, np.ones(640), "same")))
    frame = samples[loudest - 320 : loudest + 320] * np.hanning(640)
    spectrum = 20 * np.log10(np.abs(np.fft.rfft(frame, 2048)) + 1e-9)
    cepstrum = np.fft.irfft(spectrum)
    cepstrum[24:-23] = 0.0  # shorter than a period of the voice: the envelope alone
    envelope = np.fft.rfft(cepstrum).real[: 1024 * 4 // 8]
    peaks = (envelope[1:-1] > envelope[:-2]) & (envelope[1:-1] > envelope[2:])
    assert 2 <= peaks.sum() <= 6
    assert np.ptp(envelope) > 15


def test_demo_alternates_speech_and_pauses(tmp_path: Path) -> None:
    target = tmp_path / "demo.wav"
    script = Path(__file__).with_name("speech.py")
    subprocess.run([sys.executable, str(script), str(target)], check=True, cwd=tmp_path)
    samples, rate = sf.read(target, dtype="float32")
    assert np.allclose(samples, render_demo(), atol=1e-4)
    assert 12 <= len(samples) / rate <= 15
    blocks = np.abs(samples[: len(samples) // 1600 * 1600]).reshape(-1, 1600).max(axis=1)
    quiet = blocks < 0.002
    changes = np.flatnonzero(np.diff(quiet.astype(int)) == 1)
    assert len(changes) >= 6


@pytest.mark.parametrize(
    ("kind", "count", "example"),
    [
        ("ravdess", 16, "Actor_02/03-01-05-01-01-01-02.wav"),
        ("ravdess-song", 12, "Actor_01/03-02-06-01-01-01-01.wav"),
        ("crema_d", 12, "1002_IEO_FEA_XX.wav"),
        ("tess", 14, "YAF_pleasant_surprised/YAF_back_ps.wav"),
        ("tess-flat", 14, "OAF_back_fear.wav"),
        ("emodb", 14, "wav/08a01La.wav"),
        ("savee", 14, "JE_su01.wav"),
        ("nemo", 12, "samples/EB0_happiness_1.wav"),
        ("folders", 16, "fearful/s1-0.wav"),
        ("manifest", 16, "audio/fearful-1-0.wav"),
    ],
)
def test_writes_corpora_under_real_names(
    kind: str, count: int, example: str, tmp_path: Path
) -> None:
    written = write_corpus(kind, tmp_path, seconds=0.4)
    assert len(written) == count
    assert len(set(written)) == count
    assert tmp_path / example in written
    samples, rate = sf.read(tmp_path / example)
    assert (len(samples), rate) == (6400, 16_000)


def test_takes_of_a_corpus_never_share_a_name(tmp_path: Path) -> None:
    written = write_corpus("ravdess", tmp_path, speakers=1, takes=8, seconds=0.3)
    assert len(set(written)) == 60, "8 of each emotion, 4 of neutral, as in RAVDESS"
    assert not list(tmp_path.rglob("03-01-01-02-*")), "neutral has no strong intensity"
