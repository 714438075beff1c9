"""The spectrum that Whisper reads, long and short clips, and how embeddings become features."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.arrays import Array
from ser.errors import ParameterError
from ser.features.encoder import WhisperEncoder, log_mel, pool_blocks, repeat_to_hop
from ser.features.encoder_spec import EncoderSpec
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

SPEC = EncoderSpec("fake", (1, 2), 40, 80, 100, "0" * 64)
SOUND = render("angry", 1, seed=1, seconds=1.5)


class Fake:
    """Gives every other frame of the spectrum: 40 mel bands for each of two blocks."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, inputs: dict[str, Array]) -> Array:
        self.shapes.append(inputs["features"].shape)
        assert not (inputs["features"] * (1 - inputs["mask"][..., None])).any()
        return inputs["features"][:, ::2]


def test_the_spectrum_is_whispers() -> None:
    extractor = pytest.importorskip("faster_whisper.feature_extractor").FeatureExtractor()
    expected = extractor(SOUND / np.abs(SOUND).max() * np.float32(0.5), padding=False)
    found = log_mel(SOUND, 80)
    assert found.shape == (150, 80)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected.T[:150], atol=2e-4)
    np.testing.assert_allclose(log_mel(SOUND * np.float32(0.01), 80), found, atol=1e-4)


@pytest.mark.parametrize("samples", [1, 159, 400, 16_000])
def test_clips_of_any_length_and_silence(samples: int) -> None:
    found = log_mel(np.zeros(samples, np.float32), 80)
    assert found.shape == (max(samples, 400) // 160, 80)
    assert np.isfinite(found).all()


def test_a_long_clip_is_read_in_equal_parts_and_clips_together() -> None:
    run = Fake()
    long, short = WhisperEncoder(SPEC, run).encode_all([SOUND, SOUND[:8000]])
    assert (long.shape, short.shape) == ((75, 80), (25, 80))
    # 76 and 74 frames of the first, 50 of the second.
    assert run.shapes == [(3, 100, 80)]
    np.testing.assert_array_equal(long, log_mel(SOUND, 80)[::2])
    np.testing.assert_array_equal(WhisperEncoder(SPEC, run)(SOUND[:8000]), short)


def test_pooling_is_over_the_frames_of_each_block() -> None:
    matrix = np.random.default_rng(0).normal(5, 2, (30, 6)).astype(np.float32)
    found = pool_blocks(matrix, 2)
    mean, deviation = matrix.mean(axis=0), matrix.std(axis=0)
    expected = np.concatenate([mean[:3], deviation[:3], mean[3:], deviation[3:]])
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_frames_are_repeated_for_a_shorter_hop() -> None:
    matrix = np.arange(3, dtype=np.float32)[:, None]
    assert repeat_to_hop(matrix, 960, 320).ravel().tolist() == [0, 1, 2, 2]
    assert repeat_to_hop(matrix, 960, 160).ravel().tolist() == [0, 1, 1, 2, 2, 2, 2]


@pytest.mark.parametrize("functionals", ["encoder", "prosody+encoder"])
def test_features_and_functionals_of_clips_and_windows(functionals: Any) -> None:
    spec = FeatureSpec(
        families=("mel", "encoder"), n_fft=1024, win_length=1024, encoder=SPEC,
        functionals=functionals, duration=1.0, trim=40.0,
    )  # fmt: skip
    extractor = Extractor(spec, encoder=WhisperEncoder(SPEC, Fake()))
    clip = extractor.prepare(SOUND)
    matrix, values = extractor.compute_all(clip)
    assert matrix.shape == (extractor.frame_count(1.0), 64 + 80)
    np.testing.assert_array_equal(values[-160:], pool_blocks(WhisperEncoder(SPEC, Fake())(clip), 2))
    ((batched, others),) = extractor.compute_batch([clip])
    np.testing.assert_array_equal(batched, matrix)
    np.testing.assert_array_equal(others, values)
    # Windows that share the frames of their spectra, and have embeddings of their own.
    alone = spec.with_changes(families=("mel",))
    extractor = Extractor(alone, encoder=WhisperEncoder(SPEC, Fake()))
    spans = [(0, 16_000), (4096, 20_096)]
    for (start, stop), (_, found) in zip(
        spans, extractor.compute_windows(SOUND, spans), strict=True
    ):
        _, expected = extractor.compute_all(extractor.prepare(SOUND[start:stop]), quick=True)
        np.testing.assert_allclose(found[-160:], expected[-160:], atol=1e-5)
        assert found.shape == expected.shape


def test_an_extractor_needs_its_encoder() -> None:
    with pytest.raises(ParameterError, match="encoder: is missing"):
        Extractor(FeatureSpec(families=("encoder",), encoder=SPEC))


@pytest.mark.parametrize("samples", [1, 200, 400, 8000, 8159])
def test_the_family_whisper_is_the_spectrum_with_a_frame_of_padding(samples: int) -> None:
    spec = FeatureSpec(families=("whisper",), n_mels=80)
    clip = SOUND[:samples]
    found = Extractor(spec)(clip)
    count = 1 + samples // 160
    assert found.shape == (count, 80)
    expected = log_mel(clip, 80)[:count]
    np.testing.assert_array_equal(found[: len(expected)], expected)
    assert not found[len(expected) :].any()
    assert found[0].any()
