"""Fine-tuning of Whisper: the encoder's embeddings, what is frozen, and tables that do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from isolated import load_without_ser
from speech import render
from speech_encoders import WIDTH, speech_encoder

from ser.arrays import Matrix
from ser.errors import HyperparameterError, SerError
from ser.features.encoder import pool_blocks
from ser.features.extract import Extractor, fit_frames
from ser.features.spec import PRESETS
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.models.litert import LiteRTRunner
from ser.models.litert_export import export_litert
from ser.models.precision import precision_policy
from ser.models.whisper import build_encoder, set_encoder_weights
from ser.models.whisper_classifier import WhisperClassifier
from ser.models.whisper_weights import load_weights

SPEC = PRESETS["whisper"].with_changes(duration=0.8)
PROBLEM = Problem(81, 80, 3, np.zeros(80, np.float32), np.ones(80, np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    return str(speech_encoder(tmp_path_factory.mktemp("models") / "tiny", "whisper"))


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def clips() -> Matrix:
    """A table's features of a clip of 0.8 s and a shorter one."""
    extractor = Extractor(SPEC)
    found = [extractor(render("sad", 1, seed=1, seconds=each)) for each in (0.8, 0.5)]
    return np.stack([fit_frames(each, 81) for each in found])


def test_what_it_pools_is_the_encoders(folder: str, keras: Any) -> None:
    weights = load_weights(folder)
    model = WhisperClassifier(weights=folder, blocks=2).build(keras, PROBLEM)
    pooled = keras.Model(model.input, model.get_layer("pooled").output)
    encoder = build_encoder(keras, weights.size, (1, 2), 80)
    set_encoder_weights(encoder, weights.layers)
    x = clips()
    found = np.asarray(pooled.predict_on_batch(x))
    mask = (np.arange(80) < [[80], [50]]).astype(np.float32)
    expected = np.asarray(encoder.predict_on_batch({"features": x[:, :80], "mask": mask}))
    for number, count in enumerate((40, 25)):
        np.testing.assert_allclose(
            found[number], pool_blocks(expected[number, :count], 2), atol=1e-4
        )
    assert found.shape == (2, 2 * 2 * WIDTH)


def test_the_head_is_trained_first_and_then_the_last_blocks(folder: str, keras: Any) -> None:
    arch = WhisperClassifier(weights=folder, blocks=3, unfreeze=2, decay=0.5)
    model = arch.build(keras, PROBLEM)
    # Two dense layers, and the batch normalization in front of them.
    assert len(model.trainable_weights) == 6
    arch.unfreeze_blocks(model)
    trained = {layer.name for layer in model.layers if layer.trainable_weights}
    assert {name[:6] for name in trained if name.startswith("block")} == {"block2", "block3"}
    assert not trained & {"conv1", "conv2", "positions"}
    factors = arch.rate_factors()
    assert {factors[name] for name in factors if name.startswith("block3_")} == {0.5}
    assert {factors[name] for name in factors if name.startswith("block1_")} == {0.125}
    assert (arch.head_epochs(10), arch.head_epochs(2), arch.head_epochs(1)) == (3, 1, 1)
    assert WhisperClassifier(unfreeze=0).head_epochs(10) == 10
    assert WhisperClassifier(head_share=0).head_epochs(10) == 0


def test_it_is_saved_without_code_and_converts_with_built_in_operators(
    folder: str, keras: Any, tmp_path: Path
) -> None:
    model = WhisperClassifier(weights=folder, blocks=2).build(keras, PROBLEM)
    x = clips()
    expected = np.asarray(model.predict_on_batch(x))
    loaded = load_without_ser(tmp_path, {"whisper": (model, x)})["whisper"]
    np.testing.assert_allclose(loaded.answers, expected, atol=1e-6)
    litert = export_litert(model)
    assert litert is not None
    np.testing.assert_allclose(LiteRTRunner("it", litert)({"features": x}), expected, atol=1e-5)


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_says_nearly_the_same(folder: str, keras: Any, precision: Any) -> None:
    exact = WhisperClassifier(weights=folder).build(keras, PROBLEM)
    with precision_policy(keras, precision):
        model = WhisperClassifier(weights=folder).build(keras, PROBLEM)
    model.set_weights(exact.get_weights())
    found, expected = (np.asarray(each.predict_on_batch(clips())) for each in (model, exact))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=0.05)


def test_silence_and_padding_alone_are_numbers(folder: str, keras: Any) -> None:
    model = WhisperClassifier(weights=folder).build(keras, PROBLEM)
    silence = fit_frames(Extractor(SPEC)(np.zeros(8000, np.float32)), 81)
    found = np.asarray(model.predict_on_batch(np.stack([silence, np.zeros_like(silence)])))
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("problem", "message"),
    [
        (Problem(81, 64, 3, np.zeros(64), np.ones(64)), "--preset whisper --n-mels 80"),
        (Problem(81, 80, 3), "--preset whisper"),
        (Problem(1, 80, 3, np.zeros(80), np.ones(80)), "--preset whisper"),
        (Problem(303, 80, 3, np.zeros(80), np.ones(80)), "has positions for 1 s"),
    ],
)
def test_other_tables_are_refused(problem: Problem, message: str, folder: str, keras: Any) -> None:
    with pytest.raises(SerError, match=message):
        WhisperClassifier(weights=folder).build(keras, problem)


def test_blocks_that_there_are_not(folder: str, keras: Any) -> None:
    with pytest.raises(HyperparameterError, match=r"blocks=4: is more than the 3 of"):
        WhisperClassifier(weights=folder, blocks=4).build(keras, PROBLEM)
    with pytest.raises(HyperparameterError, match=r"unfreeze=2: is more than blocks=1"):
        WhisperClassifier(blocks=1, unfreeze=2)


def test_a_missing_encoder_is_told_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="is no Whisper encoder"):
        WhisperClassifier(weights=str(tmp_path)).required_files()
