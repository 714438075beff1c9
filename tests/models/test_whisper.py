"""The encoder in Keras: padding changes nothing, and others' encoders give the same."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render
from whisper_models import TINY, real_folder, tiny_weights

from ser.arrays import Array, Matrix
from ser.errors import ParameterError
from ser.features.encoder import log_mel, pool_blocks
from ser.models.backend import load_keras
from ser.models.litert import LiteRTRunner
from ser.models.litert_export import export_litert
from ser.models.whisper import build_encoder, layer_shapes, set_encoder_weights
from ser.models.whisper_weights import WhisperWeights, load_weights

SPECTRUM = log_mel(render("angry", 1, seed=1, seconds=0.57), 80)


def network(weights: WhisperWeights, blocks: tuple[int, ...], frames: int, **options: Any) -> Any:
    model = build_encoder(load_keras("cpu"), weights.size, blocks, frames, **options)
    set_encoder_weights(model, weights.layers)
    return model


def padded(spectrum: Matrix, frames: int, filling: float = 0.0) -> dict[str, Array]:
    features = np.full((1, frames, spectrum.shape[1]), filling, np.float32)
    features[0, : len(spectrum)] = spectrum
    mask = (np.arange(frames) < len(spectrum)).astype(np.float32)[None]
    return {"features": features, "mask": mask}


def output(model: Any, inputs: dict[str, Array]) -> Matrix:
    return np.asarray(model.predict_on_batch(inputs))[0]


def test_padding_changes_nothing_and_statistics_are_of_sound_alone() -> None:
    weights, spectrum = tiny_weights(), SPECTRUM[:-1]
    assert len(SPECTRUM) == 57
    short = output(network(weights, (1, 2), 56), padded(spectrum, 56))
    long = network(weights, (1, 2), 80)
    for filling in (0.0, 9.0):
        found = output(long, padded(spectrum, 80, filling))
        np.testing.assert_allclose(found[:28], short, atol=1e-5)
    pooled = output(network(weights, (1, 2), 80, output="statistics"), padded(spectrum, 80))
    np.testing.assert_allclose(pooled, pool_blocks(short, 2), atol=1e-4)
    # An odd number of frames has half a frame more.
    odd = output(network(weights, (1, 2), 80), padded(SPECTRUM, 80))
    np.testing.assert_allclose(odd[:27], short[:27], atol=2)
    np.testing.assert_array_equal(
        output(network(weights, (2,), 80), padded(SPECTRUM, 80)), odd[:, 8:]
    )


def test_it_is_saved_without_code_and_converts_with_built_in_operators(tmp_path: Any) -> None:
    model = network(tiny_weights(), (1, 2), 60)
    inputs = padded(SPECTRUM, 60)
    expected = output(model, inputs)
    model.save(tmp_path / "encoder.keras")
    loaded = load_keras("cpu").saving.load_model(tmp_path / "encoder.keras", safe_mode=True)
    np.testing.assert_array_equal(output(loaded, inputs), expected)
    litert = export_litert(model)
    assert litert is not None
    np.testing.assert_allclose(LiteRTRunner("it", litert)(inputs)[0], expected, atol=1e-5)


def test_all_weights_have_their_layers() -> None:
    model = build_encoder(load_keras("cpu"), TINY, (2,), 60, normalize=True)
    shapes = {
        layer.name: [w.shape for w in layer.weights] for layer in model.layers if layer.weights
    }
    assert shapes == layer_shapes(TINY, 60)


@pytest.mark.parametrize(
    ("blocks", "frames"), [((3,), 60), ((), 60), ((2, 1), 60), ((1,), 61), ((1,), 3002), ((1,), 0)]
)
def test_what_it_does_not_have_is_refused(blocks: tuple[int, ...], frames: int) -> None:
    with pytest.raises(ParameterError):
        build_encoder(load_keras("cpu"), TINY, blocks, frames)


def test_it_is_what_ctranslate2_has() -> None:
    folder = real_folder()
    ctranslate2 = pytest.importorskip("ctranslate2")
    features = ctranslate2.StorageView.from_array(np.ascontiguousarray(SPECTRUM.T[None]))
    whisper = ctranslate2.models.Whisper(str(folder), compute_type="float32")
    expected = np.asarray(whisper.encode(features, to_cpu=True))[0]
    found = output(
        network(load_weights(str(folder)), (4,), 80, normalize=True), padded(SPECTRUM, 80)
    )
    np.testing.assert_allclose(found[: len(expected)], expected, atol=1e-3)


def test_it_is_what_transformers_has(tmp_path: Any) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.WhisperConfig(
        d_model=16, encoder_layers=2, encoder_attention_heads=4, encoder_ffn_dim=24,
        decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=8, vocab_size=50,
        max_source_positions=30, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        decoder_start_token_id=1,
    )  # fmt: skip
    model = transformers.WhisperModel(config).eval()
    model.save_pretrained(tmp_path, safe_serialization=True)
    inputs = padded(SPECTRUM, 60)
    with torch.no_grad():
        features = torch.from_numpy(inputs["features"].transpose(0, 2, 1).copy())
        found = model.encoder(features, output_hidden_states=True)
    weights = load_weights(str(tmp_path))
    assert weights.size.heads == 4
    whole = {**inputs, "mask": np.ones((1, 60), np.float32)}
    ours = output(network(weights, (1, 2), 60, normalize=True), whole)
    np.testing.assert_allclose(ours[:, :16], found.hidden_states[1][0].numpy(), atol=1e-4)
    np.testing.assert_allclose(ours[:, 16:], found.last_hidden_state[0].numpy(), atol=1e-4)


def test_another_backend_gives_the_same(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "import keras, numpy as np\n"
        "from test_whisper import SPECTRUM, network, output, padded\n"
        "from whisper_models import tiny_weights\n"
        "assert keras.backend.backend() == 'torch'\n"
        "model = network(tiny_weights(), (1, 2), 60, output='statistics')\n"
        "found = model.predict_on_batch(padded(SPECTRUM, 60))\n"
        "np.save(sys.argv[1], keras.ops.convert_to_numpy(found))\n"
    )
    target, tests = tmp_path / "found.npy", Path(__file__).parents[1]
    subprocess.run(
        [sys.executable, "-c", code, target, tests, Path(__file__).parent, tests.parent],
        env={**os.environ, "KERAS_BACKEND": "torch"}, check=True,
    )  # fmt: skip
    model = network(tiny_weights(), (1, 2), 60, output="statistics")
    expected = np.asarray(model.predict_on_batch(padded(SPECTRUM, 60)))
    np.testing.assert_allclose(np.load(target), expected, atol=1e-3)
