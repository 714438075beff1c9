"""Encoders that transformers runs: their hidden states, their clips, and what is missing."""

from __future__ import annotations

import functools
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import render, write_corpus
from speech_encoders import BLOCKS, KINDS, WIDTH, speech_encoder

from ser.arrays import Matrix
from ser.errors import ArtifactError, DependencyError, ParameterError, SerError
from ser.features.encoder import scale_to_peak
from ser.features.encoder_spec import EncoderSpec
from ser.models.artifact import read_card, read_encoder
from ser.models.encoders import open_encoder, prepare_encoder

pytest.importorskip("huggingface_hub.constants")
torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import huggingface_hub as hub  # noqa: E402

SOUND = render("angry", 1, seed=1, seconds=0.8)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "cache"


@pytest.fixture
def hubert(tmp_path: Path) -> Path:
    return speech_encoder(tmp_path / "hubert", "hubert")


def hidden_states(folder: Path, samples: Matrix) -> list[Matrix]:
    """What transformers itself gives, of the whole model."""
    model: Any = transformers.AutoModel.from_pretrained(folder).eval()
    extractor: Any = transformers.AutoFeatureExtractor.from_pretrained(folder)
    made = extractor(scale_to_peak(samples), sampling_rate=16_000, return_tensors="pt")
    called = model.get_encoder() if "input_features" in made else model
    with torch.no_grad():
        found = called(next(iter(made.values())), output_hidden_states=True)
    return [state[0].numpy() for state in found.hidden_states]


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_are_the_hidden_states_of_their_numbers(kind: str, tmp_path: Path) -> None:
    folder = speech_encoder(tmp_path / "model", kind)
    # Some normalize behind their last block, which must not become that of the first ones.
    for blocks in ((1, 2), (2, BLOCKS)):
        spec = prepare_encoder(f"hf:{folder}", blocks, seconds=1.0)
        assert (spec.name, spec.kind, spec.width, spec.bits) == (
            f"hf:{tmp_path.name}", "transformers", WIDTH, 32,
        )  # fmt: skip
        found = open_encoder(spec)(SOUND)
        assert found.shape == (40, 2 * WIDTH)
        expected = hidden_states(folder, SOUND)
        count = min(40, len(expected[0]))
        for place, block in enumerate(blocks):
            part = found[:, place * WIDTH : (place + 1) * WIDTH]
            np.testing.assert_allclose(part[:count], expected[block][:count], atol=1e-5)


@pytest.mark.parametrize("kind", ["wav2vec2", "whisper"])
def test_clips_of_any_length_give_the_same_in_any_company(kind: str, tmp_path: Path) -> None:
    spec = prepare_encoder(f"hf:{speech_encoder(tmp_path / 'e', kind)}", (1,), seconds=0.5)
    encoder = open_encoder(spec)
    clips = [SOUND, SOUND[:8000], SOUND[:1], SOUND[4000:12_000], np.zeros(500, np.float32)]
    together = encoder.encode_all(clips)
    assert [len(matrix) for matrix in together] == [40, 25, 1, 25, 2]
    for clip, found in zip(clips, together, strict=True):
        np.testing.assert_allclose(encoder(clip), found, atol=1e-5)
        assert np.isfinite(found).all()
    # Another process finds the same.
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(encoder))(SOUND), encoder(SOUND))


def test_the_license_is_that_of_its_card(hubert: Path) -> None:
    assert prepare_encoder(f"hf:{hubert}", (1,)).licence == "unknown"
    (hubert / "README.md").write_text("---\nlanguage: en\nlicense: apache-2.0\n---\n# A model\n")
    assert prepare_encoder(f"hf:{hubert}", (1,)).licence == "apache-2.0"


def test_a_model_finds_the_encoder_that_it_does_not_carry(
    hubert: Path, tmp_path: Path, run: Any, cache: Path
) -> None:
    # PyTorch in worker processes of a process that has TensorFlow is not what is tested.
    alone = functools.partial(run, alone=True)
    write_corpus("ravdess", tmp_path / "c", speakers=3, takes=2, emotions=("sad", "angry"))
    table, model, other = tmp_path / "t.npy", tmp_path / "m.keras", tmp_path / "x.npy"
    found = alone(
        "ser-extract", tmp_path / "c", "--encoder", f"hf:{hubert}", "--blocks", "1-2",
        "--pool", "stats", "--duration", "1", "-o", table,
    )  # fmt: skip
    assert found.returncode == 0, found.err
    assert run("ser-train", table, "--arch", "svm", "-o", model).returncode == 0
    assert read_encoder(model) is None
    spec = EncoderSpec.from_dict(read_card(model)["spec"]["encoder"])
    assert (spec.name, spec.blocks) == ("hf:hubert", (1, 2))
    clip = next((tmp_path / "c").rglob("*.wav"))
    found = alone("ser-analyze", clip, "--model", model, "--no-vad")
    assert found.returncode == 0, found.err
    assert alone("ser-extract", clip, "--like", model, "-o", other).returncode == 0
    # Other weights in the same place are noticed, and so is a folder that is gone.
    (hubert / "model.safetensors").write_bytes(b"other")
    found = run("ser-analyze", clip, "--model", model, "--no-vad")
    assert found.returncode == 1 and "has other weights in" in found.err
    (hubert / "config.json").unlink()
    found = run("ser-analyze", clip, "--model", model, "--no-vad")
    assert found.returncode == 1 and "Traceback" not in found.err
    assert "encoder hf:hubert: is not on this machine" in found.err
    assert "ser-extract --encoder hf:FOLDER --blocks 1,2" in found.err and spec.sha256 in found.err


def test_one_of_the_hub_is_found_in_its_cache(hubert: Path, tmp_path: Path) -> None:
    spec = EncoderSpec(
        "hf:some/hubert", (1,), WIDTH, 0, 100, "0" * 64, bits=32, kind="transformers"
    )
    missing = r"is not on this machine.*ser-extract --encoder hf:some/hubert --blocks 1$"
    with pytest.raises(SerError, match=missing):
        open_encoder(spec)
    with pytest.raises(SerError, match="is not in the cache, and the network may not be used"):
        prepare_encoder("hf:some/hubert", (1,), offline=True)
    kept = tmp_path / "hub/models--some--hubert"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs/main").write_text("abc")
    (kept / "snapshots").mkdir()
    hubert.rename(kept / "snapshots/abc")
    prepared = prepare_encoder("hf:some/hubert", (1,), offline=True)
    assert prepared.name == "hf:some/hubert"
    assert open_encoder(prepared)(SOUND).shape == (40, WIDTH)
    with pytest.raises(SerError, match="has other weights"):
        open_encoder(spec)


def test_what_cannot_be_taken_is_refused(tmp_path: Path, hubert: Path) -> None:
    with pytest.raises(ParameterError, match=r"blocks: has 4, and the encoder of .* 3 blocks"):
        prepare_encoder(f"hf:{hubert}", (4,))
    with pytest.raises(ParameterError, match="encoder_bits"):
        prepare_encoder(f"hf:{hubert}", (1,), bits=8)
    fine = speech_encoder(tmp_path / "fine", "wav2vec2", conv_stride=(5, 2, 2, 2, 2, 2, 1))
    with pytest.raises(ArtifactError, match="does not read 16000 Hz in frames of 320 samples"):
        prepare_encoder(f"hf:{fine}", (1,))
    config = json.loads((hubert / "config.json").read_text())
    (hubert / "config.json").write_text(json.dumps({**config, "num_hidden_layers": BLOCKS + 1}))
    with pytest.raises(ArtifactError, match="lacks weights: encoder"):
        prepare_encoder(f"hf:{hubert}", (1,))
    (hubert / "config.json").write_text(json.dumps({**config, "model_type": "bert"}))
    with pytest.raises(ArtifactError, match="is a model of kind 'bert'"):
        prepare_encoder(f"hf:{hubert}", (1,))
    (hubert / "config.json").write_text("{")
    with pytest.raises(ArtifactError, match="cannot be loaded by transformers"):
        prepare_encoder(f"hf:{hubert}", (1,))
    # Weights in PyTorch's own format, which is pickle, are not taken.
    (hubert / "model.safetensors").rename(hubert / "pytorch_model.bin")
    with pytest.raises(SerError, match=r"model\.safetensors is missing"):
        prepare_encoder(f"hf:{hubert}", (1,))


def test_without_transformers_the_extra_is_named(
    hubert: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = prepare_encoder(f"hf:{hubert}", (1,))
    monkeypatch.setitem(sys.modules, "transformers", None)
    for attempt in (lambda: prepare_encoder(f"hf:{hubert}"), lambda: open_encoder(spec)):
        with pytest.raises(DependencyError, match=r"transformers; pip install '\.\[text\]'"):
            attempt()
