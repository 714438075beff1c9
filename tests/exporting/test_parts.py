"""The parts of an exported network, each converted and run by LiteRT."""

from __future__ import annotations

import numpy as np
import pytest
from exported import CLIPS, SIZE, clip_of, tensorflow

from ser.exporting import parts
from ser.features.encoder_spec import EncoderSpec
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec
from ser.models.calibration import apply_temperature
from ser.models.litert import LiteRTRunner

SPEC = FeatureSpec(n_fft=512, win_length=512, hop_length=160, n_mels=24, duration=1.5)
ENCODER = EncoderSpec("tiny", (1, 2), 4, 80, 200, "0" * 64)


def outputs(network: bytes) -> set[str]:
    from ai_edge_litert.interpreter import Interpreter

    (signature,) = Interpreter(model_content=network).get_signature_list().values()
    return set(signature["outputs"])


def test_samples_to_features() -> None:
    network = parts.front(SPEC, SIZE, 151, None)
    assert outputs(network) == {parts.FEATURES}
    found = LiteRTRunner("front", network)({parts.SAMPLES: CLIPS["angry"][None]})
    np.testing.assert_allclose(found[0], Extractor(SPEC)(CLIPS["angry"]), atol=1e-3)


def test_samples_to_what_an_encoder_reads() -> None:
    spec = SPEC.with_changes(functionals="encoder", families=("rms",), encoder=ENCODER)
    network = parts.front(spec, SIZE, 151, None)
    assert outputs(network) == {parts.FEATURES, parts.PROSODY, parts.SPECTRUM, parts.MASK}


def test_frames_of_an_encoder_are_features() -> None:
    spec = FeatureSpec(families=("encoder",), hop_length=320, duration=1.5, encoder=ENCODER)
    assert outputs(parts.front(spec, SIZE, 76, None)) == {parts.SPECTRUM, parts.MASK}
    network = parts.behind_encoder(spec, SIZE, 76)
    assert outputs(network) == {parts.FEATURES}
    embedding = np.random.default_rng(0).normal(size=(1, 100, 8)).astype(np.float32)
    mask = (np.arange(200) < 150).astype(np.float32)[None]
    found = LiteRTRunner("behind", network)({"embedding": embedding, "mask": mask})
    np.testing.assert_array_equal(found[0, :75], embedding[0, :75])


@pytest.mark.parametrize("clean", [(), ("trim:30",)])
def test_cleaning_trimming_and_duration(clean: tuple[str, ...]) -> None:
    spec = SPEC.with_changes(clean=clean, trim=40.0, duration=1.0)
    samples = np.pad(CLIPS["sad"], (3000, 0))
    found = parts.prepare(tensorflow(), clip_of(samples), spec)
    expected = Extractor(spec).prepare(samples)
    np.testing.assert_array_equal(found.samples[: len(expected)], expected)
    assert int(found.length) == len(expected)


def test_rumble_is_taken_out_before_silence() -> None:
    spec = SPEC.with_changes(highpass=60.0, trim=40.0, duration=None)
    samples = np.pad(CLIPS["sad"], (SIZE - len(CLIPS["sad"]), 0)) + np.float32(0.25)
    found = parts.prepare(tensorflow(), clip_of(samples), spec)
    expected = Extractor(spec).prepare(samples)
    assert int(found.length) == len(expected) < SIZE
    np.testing.assert_allclose(found.samples[: len(expected)], expected, atol=2e-6)


def test_the_temperature_is_applied() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1, 0.0]], np.float32)
    run = LiteRTRunner("calibration", parts.calibration(4, 0.6))
    found = run({parts.PROBABILITIES: probabilities})
    np.testing.assert_allclose(found, apply_temperature(probabilities, 0.6), atol=1e-6)
