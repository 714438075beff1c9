"""Encoders by name: made once, kept, opened without Keras, carried inside models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech import write_corpus
from tinymodels import whisper

from ser.dataset.extract import extract
from ser.dataset.table import write_table
from ser.errors import ArtifactError, ParameterError, SerError
from ser.features.encoder_spec import EncoderSpec
from ser.features.spec import FeatureSpec
from ser.inference.classifier import open_classifier
from ser.models import encoders
from ser.models.artifact import ENCODER_MEMBER, read_card, read_encoder
from ser.models.encoders import (
    find_network,
    keep_network,
    network_of,
    network_path,
    open_encoder,
    prepare_encoder,
)
from ser.training.classifier import train_classifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("ctranslate2")
    return whisper(tmp_path_factory.mktemp("models") / "small")


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[EncoderSpec, bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_CACHE", str(tmp_path_factory.mktemp("cache")))
        spec = prepare_encoder(str(folder), (1,), seconds=0.995, bits=32)
        return spec, find_network(spec)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_network_is_made_once(
    folder: Path, made: tuple[EncoderSpec, bytes], cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, network = made
    assert (spec.name, spec.blocks, spec.frames, spec.bits) == ("small", (1,), 100, 32)
    keep_network(spec, network)
    monkeypatch.setattr(encoders, "_make_network", lambda *_: pytest.fail("made again"))
    assert prepare_encoder(str(folder), (1,), seconds=1.0, bits=32) == spec
    assert network_path(spec).parent == cache / "encoders"
    assert open_encoder(spec)(np.ones(1600, np.float32)).shape == (5, 16)


def test_what_is_not_here_says_where_it_comes_from(made: tuple[EncoderSpec, bytes]) -> None:
    spec, _ = made
    with pytest.raises(SerError, match=r"is not on this machine .*ser-extract --encoder small"):
        find_network(spec)
    assert network_of(FeatureSpec()) is None
    keep_network(spec, b"rubbish")
    with pytest.raises(ArtifactError, match="has a damaged encoder"):
        open_encoder(spec)


@pytest.mark.parametrize(
    ("changes", "parameter"),
    [
        ({"blocks": (2,)}, "blocks"),
        ({"blocks": ()}, "blocks"),
        ({"seconds": 0}, "seconds"),
        ({"seconds": float("nan")}, "seconds"),
        ({"bits": 4}, "encoder"),
    ],
)
def test_impossible_numbers(folder: Path, changes: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ParameterError) as caught:
        prepare_encoder(str(folder), **{"blocks": (1,), **changes})
    assert caught.value.parameter == parameter


def test_a_model_carries_its_encoder(
    made: tuple[EncoderSpec, bytes], tmp_path: Path, run: Any, cache: Path
) -> None:
    spec, network = made
    keep_network(spec, network)
    write_corpus("ravdess", tmp_path / "c", speakers=3, takes=2, emotions=("sad", "angry"))
    features = FeatureSpec(
        families=("encoder",), hop_length=320, duration=1.0, pool="stats", encoder=spec
    )
    table = extract(tmp_path / "c", features)
    assert table["x"].shape[1:] == (1, 4 * 16)
    trained = train_classifier(table, "svm", validation=0.0)
    assert trained.save(tmp_path / "m.keras")
    assert read_encoder(tmp_path / "m.keras") == network
    assert read_card(tmp_path / "m.keras")["spec"]["encoder"] == spec.to_dict()
    # From here on only the model has it.
    network_path(spec).unlink()
    with pytest.raises(SerError, match="is not on this machine"):
        train_classifier(table, "svm", validation=0.0)
    classifier = open_classifier(tmp_path / "m.keras")
    clip = next((tmp_path / "c").rglob("*.wav"))
    assert classifier.extractor.compute_batch([np.ones(16_000, np.float32)])[0][0].shape == (1, 64)
    found = run("ser-analyze", clip, "--model", tmp_path / "m.keras", "--no-vad")
    assert found.returncode == 0, found.err
    # What ser-extract --like needs comes out of the model.
    write_table(tmp_path / "t.npy", table)
    assert run("ser-extract", clip, "--like", tmp_path / "t.npy", "-o", "x.npy").returncode == 1
    found = run("ser-extract", clip, "--like", tmp_path / "m.keras", "-o", "x.npy")
    assert found.returncode == 0, found.err
    assert network_path(spec).read_bytes() == network
    assert ENCODER_MEMBER == "encoder.tflite"
