"""The extractor: one transform for all families, pooling, deltas, and clips of every length."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import librosa
import numpy as np
import numpy.typing as npt
import pytest
import scipy.fft
from speech import render

from ser.features.extract import Extractor, fit_frames
from ser.features.layout import columns, width
from ser.features.registry import FAMILIES
from ser.features.spec import PRESETS, FeatureSpec

Samples = npt.NDArray[np.float32]

ALL = FeatureSpec(families=tuple(FAMILIES), n_mels=32, n_mfcc=13)
FAST = FeatureSpec(families=tuple(f for f in FAMILIES if f != "f0"), n_mels=32, n_mfcc=13)


def speech(seconds: float = 1.0, rate: int = 16_000) -> Samples:
    return render("sad", 3, seed=2, sample_rate=rate, seconds=max(seconds, 1.0))[
        : round(seconds * rate)
    ]


class Counting:
    """A Fourier transform that counts the frames it is given."""

    def __init__(self) -> None:
        self.frames = 0

    def __call__(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[Any]:
        self.frames += len(frames)
        spectrum: npt.NDArray[Any] = np.fft.rfft(frames)
        return spectrum


def test_one_transform_serves_every_family() -> None:
    """Each frame is transformed once, whatever is computed from it."""
    samples = speech(2.0)
    counting = Counting()
    spec = FAST.with_changes(deltas=2, n_fft=1024, win_length=1024)
    matrix = Extractor(spec, transform=counting)(samples)
    assert counting.frames == len(matrix) == 1 + len(samples) // 160


def test_pitch_in_short_frames_needs_one_more_transform() -> None:
    """Of windows that hold some periods of a low voice, and only one for both families."""
    samples = speech(2.0)
    counting = Counting()
    matrix = Extractor(FAST, transform=counting)(samples)
    assert counting.frames == 2 * len(matrix)


def test_no_transform_is_made_for_what_needs_none() -> None:
    counting = Counting()
    Extractor(FeatureSpec(("zcr",)), transform=counting)(speech())
    assert counting.frames == 0


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())
def test_transforms_agree(preset: FeatureSpec) -> None:
    """NumPy's and scipy's, which are for quick starts and for long work."""
    samples = speech(1.0, preset.sample_rate)
    slow, fast = Extractor(preset), Extractor(preset, transform=scipy.fft.rfft)
    np.testing.assert_allclose(slow(samples), fast(samples), rtol=1e-3, atol=1e-3)


def test_a_given_mel_bank_is_used() -> None:
    spec = FeatureSpec(("mel",), n_mels=20, mel_scale="power")
    samples = speech()
    plain = Extractor(spec)(samples)
    from ser.features.banks import mel_bank

    np.testing.assert_allclose(Extractor(spec, 2 * mel_bank(spec))(samples), 2 * plain, rtol=1e-5)


def test_extractors_cross_process_borders() -> None:
    extractor = pickle.loads(pickle.dumps(Extractor(FAST, transform=scipy.fft.rfft)))
    samples = speech()
    np.testing.assert_array_equal(
        extractor(samples), Extractor(FAST, transform=scipy.fft.rfft)(samples)
    )


def test_families_stack_in_the_order_asked_for() -> None:
    samples = speech()
    for families in (("rms", "mfcc"), ("mfcc", "rms")):
        spec = FeatureSpec(families, n_mfcc=13)
        matrix = Extractor(spec)(samples)
        assert matrix.shape[1] == width(spec) == 14
        for name, part in columns(spec).items():
            alone = Extractor(spec.with_changes(families=(name,)))(samples)
            np.testing.assert_allclose(matrix[:, part], alone, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("deltas", [0, 1, 2])
@pytest.mark.parametrize("pool", ["none", "mean", "stats"])
def test_width_is_what_comes_out(deltas: int, pool: Any) -> None:
    spec = FAST.with_changes(deltas=deltas, pool=pool)
    extractor = Extractor(spec)
    matrix = extractor(speech(0.5))
    assert matrix.shape == (extractor.frame_count(0.5), width(spec))
    assert extractor.coefficients == width(spec)
    assert matrix.dtype == np.float32
    assert matrix.flags.c_contiguous


@pytest.mark.parametrize("order", [1, 2])
def test_deltas_are_librosas(order: int) -> None:
    spec = FeatureSpec(("mfcc",), n_mfcc=13, deltas=order)
    matrix = Extractor(spec)(speech())
    expected = librosa.feature.delta(matrix[:, :13].T, order=order).T
    np.testing.assert_allclose(matrix[:, 13 * order : 13 * (order + 1)], expected, atol=1e-3)


def test_mean_is_the_mean_over_time() -> None:
    matrix = Extractor(FAST)(speech())
    pooled = Extractor(FAST.with_changes(pool="mean"))(speech())
    np.testing.assert_allclose(pooled[0], matrix.mean(axis=0, dtype=float), rtol=1e-4, atol=1e-4)


def test_statistics_are_means_deviations_minima_maxima() -> None:
    matrix = Extractor(FAST)(speech())
    pooled = Extractor(FAST.with_changes(pool="stats"))(speech())
    mean, deviation, least, most = pooled.reshape(4, -1)
    np.testing.assert_allclose(mean, matrix.mean(axis=0), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(deviation, matrix.std(axis=0), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(least, matrix.min(axis=0))
    np.testing.assert_array_equal(most, matrix.max(axis=0))


SHAPES: dict[str, Callable[[], Samples]] = {
    "one sample": lambda: np.ones(1, np.float32),
    "two samples": lambda: np.array([0.5, -0.5], np.float32),
    "less than a window": lambda: speech(0.01),
    "eight frames": lambda: speech(0.079),
    "nine frames": lambda: speech(0.081),
    "silence": lambda: np.zeros(8000, np.float32),
    "one sample of silence": lambda: np.zeros(1, np.float32),
    "a click": lambda: np.eye(1, 8000, 4000, dtype=np.float32)[0],
    "a constant": lambda: np.full(8000, 0.3, np.float32),
    "very loud": lambda: 1e4 * speech(0.5),
    "very quiet": lambda: np.float32(1e-7) * speech(0.5),
    "denormal": lambda: np.full(4000, 1e-40, np.float32),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("normalise", ["none", "utterance", "coefficient"])
@pytest.mark.parametrize("what", SHAPES)
def test_every_clip_has_finite_features(what: str, normalise: Any) -> None:
    samples = SHAPES[what]()
    spec = FAST.with_changes(deltas=2, normalise=normalise)
    matrix = Extractor(spec)(samples)
    assert matrix.shape == (1 + len(samples) // 160, width(spec))
    assert np.isfinite(matrix).all()
    assert np.isfinite(Extractor(spec.with_changes(pool="stats"))(samples)).all()


@pytest.mark.parametrize("what", SHAPES)
def test_every_clip_has_a_pitch_or_none(what: str) -> None:
    samples = SHAPES[what]()
    matrix = Extractor(FeatureSpec(("f0",)))(samples)
    assert matrix.shape == (1 + len(samples) // 160, 2)
    assert np.isfinite(matrix).all()
    assert ((matrix[:, 0] == 0) | ((matrix[:, 0] > 64) & (matrix[:, 0] < 801))).all()
    assert ((matrix[:, 1] >= 0) & (matrix[:, 1] <= 1)).all()


def test_pitch_of_a_tone_is_found() -> None:
    tone = np.sin(2 * np.pi * 220 * np.arange(16_000) / 16_000).astype(np.float32)
    pitch, voicing = Extractor(FeatureSpec(("f0",)))(tone)[20:80].T
    np.testing.assert_allclose(pitch, 220, rtol=0.01)
    assert voicing.min() > 0.5


@pytest.mark.parametrize(
    "spec",
    [
        FAST.with_changes(sample_rate=1000, n_fft=32, win_length=32, hop_length=8, fmin=0.0),
        FAST.with_changes(n_fft=2, win_length=2, fmin=0.0),
        FAST.with_changes(n_fft=4096, win_length=400),
        FAST.with_changes(hop_length=4000),
        FAST.with_changes(n_chroma=1),
    ],
    ids=["1 kHz", "two points", "long transform", "hop beyond the window", "one pitch class"],
)
@pytest.mark.parametrize("seconds", [0.001, 0.3])
def test_extreme_specifications_give_finite_features(spec: FeatureSpec, seconds: float) -> None:
    samples = speech(seconds, spec.sample_rate)
    matrix = Extractor(spec)(samples)
    assert matrix.shape == (1 + len(samples) // spec.hop_length, width(spec))
    assert np.isfinite(matrix).all()


@pytest.mark.parametrize(("duration", "frames"), [(0.5, 51), (1.0, 101), (9.0, 101)])
def test_duration_keeps_the_beginning(duration: float, frames: int) -> None:
    spec = FeatureSpec(duration=duration)
    samples = speech()
    matrix = Extractor(spec)(samples)
    assert len(matrix) == frames == Extractor(spec).frame_count(1.0)
    kept = samples[: round(duration * 16_000)]
    np.testing.assert_array_equal(matrix, Extractor(FeatureSpec())(kept))


def test_trimming_comes_before_the_duration() -> None:
    samples = np.concatenate([np.zeros(16_000, np.float32), speech()])
    spec = FeatureSpec(trim=40.0, duration=0.3)
    matrix = Extractor(spec)(samples)
    assert len(matrix) == 31
    from ser.preprocess.silence import trim_silence

    np.testing.assert_array_equal(
        matrix, Extractor(FeatureSpec())(trim_silence(samples, 40.0)[:4800])
    )


@pytest.mark.parametrize("seconds", [0.0, 0.005, 0.01, 0.0101, 1.0, 3.1415])
def test_frames_foretells_the_number_of_frames(seconds: float) -> None:
    samples = np.ones(max(1, round(seconds * 16_000)), np.float32)
    extractor = Extractor(FeatureSpec())
    assert extractor.frame_count(seconds) == len(extractor(samples))


def test_fit_frames_pads_and_cuts() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    np.testing.assert_array_equal(fit_frames(matrix, 2), matrix[:2])
    np.testing.assert_array_equal(fit_frames(matrix, 3), matrix)
    padded = fit_frames(matrix, 5)
    np.testing.assert_array_equal(padded[:3], matrix)
    assert padded.shape == (5, 2)
    assert not padded[3:].any()


def test_the_input_is_left_alone() -> None:
    samples = speech()
    before = samples.copy()
    Extractor(FAST.with_changes(deltas=2, pool="stats", trim=30.0))(samples)
    np.testing.assert_array_equal(samples, before)


def test_quick_families_import_no_librosa(run_python: Any) -> None:
    """Its import takes a second, and its first use ten more; only pitch needs it."""
    run_python(
        "import sys; import numpy as np\n"
        "from ser.features.extract import Extractor\n"
        "from ser.features.registry import FAMILIES\n"
        "from ser.features.spec import FeatureSpec\n"
        "names = tuple(f for f in FAMILIES if f != 'f0')\n"
        "Extractor(FeatureSpec(names))(np.ones(4000, np.float32))\n"
        "heavy = {'librosa', 'numba', 'scipy', 'sklearn', 'tensorflow', 'keras', 'av'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
