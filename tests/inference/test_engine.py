"""Engines: two ways to run one network, and the same answers from both."""

from __future__ import annotations

import json
import pickle
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import rewrite, with_card

from ser.dataset.table import Table
from ser.errors import ArtifactError, SerError
from ser.inference.classifier import Classifier, open_classifier
from ser.models.artifact import CARD_MEMBER, LITERT_MEMBER
from ser.models.backend import load_keras


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(tiny_model, tmp_path / "copy.keras"))


def runner(engine: Classifier) -> str:
    return type(engine._runner).__name__


def test_both_engines_agree(tiny_model: Path, pooled_model: Path, spoken: Table) -> None:
    x = np.ascontiguousarray(spoken["x"])
    noise = np.random.default_rng(0).normal(0, 30, (70, 1, 96)).astype(np.float32)
    # The first has eight bits, the second as many as Keras.
    for model, data, rounding in ((tiny_model, x, 0.01), (pooled_model, noise, 1e-4)):
        litert, keras = open_classifier(model, "litert"), open_classifier(model, "keras", "cpu")
        assert (runner(litert), runner(keras)) == ("LiteRTRunner", "KerasRunner")
        one, other = litert.probabilities(data), keras.probabilities(data)
        assert one.dtype == other.dtype == np.float32
        assert np.abs(one - other).max() < rounding
        assert one.sum(axis=1) == pytest.approx(1, abs=1e-5)
        assert np.ptp(one, axis=0).max() > 0.1


def test_without_a_litert_network_keras_takes_over(copy: Path, spoken: Table) -> None:
    x = np.ascontiguousarray(spoken["x"][:5])
    expected = open_classifier(copy).probabilities(x)
    rewrite(copy, lambda name, data: None if name == LITERT_MEMBER else data)
    engine = open_classifier(copy, device="cpu")
    assert runner(engine) == "KerasRunner"
    assert engine.probabilities(x) == pytest.approx(expected, abs=0.01)
    with pytest.raises(ArtifactError, match=r"no network for LiteRT.*use --engine keras"):
        open_classifier(copy, "litert")


def test_a_gpu_that_is_not_there(tiny_model: Path) -> None:
    from ser.models.backend import list_gpus

    if list_gpus(load_keras("cpu")):
        pytest.skip("there is a GPU")
    with pytest.raises(SerError, match="`device=gpu`: no GPU is visible"):
        open_classifier(tiny_model, device="gpu")


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x1c\x00\x00\x00TFL3" + bytes(500)])
def test_a_damaged_litert_network(copy: Path, content: bytes, spoken: Table) -> None:
    rewrite(copy, lambda name, data: content if name == LITERT_MEMBER else data)
    with pytest.raises(ArtifactError, match=r"copy\.keras: has another model\.tflite"):
        open_classifier(copy, "litert")
    # A model of before says nothing about its network.
    with_card(copy, digests={})
    with pytest.raises(ArtifactError, match=r"copy\.keras: has a damaged model\.tflite"):
        open_classifier(copy, "litert").probabilities(np.ascontiguousarray(spoken["x"][:2]))
    # The other network in the file is sound.
    assert open_classifier(copy, "keras", "cpu").probabilities(
        np.ascontiguousarray(spoken["x"][:2])
    ).shape == (2, 3)


@pytest.mark.parametrize("member", ["config.json", "model.weights.h5"])
@pytest.mark.parametrize("content", [None, b"", b"{}", b"\x89HDF\r\n\x1a\n"])
def test_a_damaged_keras_network(copy: Path, member: str, content: bytes | None) -> None:
    rewrite(copy, lambda name, data: content if name == member else data)
    with pytest.raises(ArtifactError, match=r"copy\.keras: cannot be loaded by Keras") as caught:
        open_classifier(copy, "keras", "cpu")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600


def test_code_in_a_model_is_not_run(copy: Path, tmp_path: Path) -> None:
    keras = load_keras("cpu")
    entry = keras.Input((34, 24))
    flat = keras.layers.Flatten()(entry)
    proof = tmp_path / "proof"
    source = f"lambda x: (open({str(proof)!r}, 'w').close(), x)[1]"
    evil = keras.layers.Lambda(eval(source), output_shape=(816,))
    model = keras.Model(entry, keras.layers.Dense(3, activation="softmax")(evil(flat)))
    model.save(tmp_path / "evil.keras")
    proof.unlink(missing_ok=True)
    with zipfile.ZipFile(copy) as good, zipfile.ZipFile(tmp_path / "evil.keras", "a") as bad:
        bad.writestr(CARD_MEMBER, good.read(CARD_MEMBER))
        assert "Lambda" in json.dumps(json.loads(bad.read("config.json")))
    with pytest.raises(ArtifactError, match="cannot be loaded by Keras"):
        open_classifier(tmp_path / "evil.keras", "keras", "cpu")
    assert not proof.exists()


def of(table: Table, records: Any) -> tuple[Any, Any]:
    """Features and functionals of some records."""
    return table["x"][records], table["functionals"][records]


def speaker(table: Table, name: str) -> Any:
    return np.flatnonzero(table["speaker"] == name)


def sound(probabilities: Any) -> None:
    assert (probabilities >= 0).all()
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


def test_both_engines_agree_on_functionals_and_voices(
    prosodic_model: Path, prosodic: Table
) -> None:
    litert = open_classifier(prosodic_model, "litert")
    keras = open_classifier(prosodic_model, "keras", "cpu")
    assert litert.reads_functionals
    x, functionals = of(prosodic, slice(None))
    known = litert.adapt(*of(prosodic, speaker(prosodic, "02")))
    found = []
    for calibration in (None, known):
        one, other = (e.probabilities(x, functionals, calibration) for e in (litert, keras))
        assert one.shape == (96, 3)
        assert np.abs(one - other).max() < 0.01  # Eight bits against 32.
        sound(one)
        found.append(one)
    assert np.abs(found[0] - found[1]).max() > 0.01
    right = np.array(litert.labels)[found[0].argmax(axis=1)] == prosodic["y"]
    assert right.mean() > 0.9
    for size in (1, 65):
        parts = [
            litert.probabilities(x[i : i + size], functionals[i : i + size], known)
            for i in range(0, len(x), size)
        ]
        assert np.concatenate(parts) == pytest.approx(found[1], abs=1e-5)
    assert litert.probabilities(x[:0], functionals[:0], known).shape == (0, 3)


def test_another_process_opens_the_same(tiny_model: Path, spoken: Table) -> None:
    engine = open_classifier(tiny_model)
    other = pickle.loads(pickle.dumps(engine))
    x = np.ascontiguousarray(spoken["x"][:5])
    assert other.probabilities(x).tobytes() == engine.probabilities(x).tobytes()
    assert len(pickle.dumps(engine)) < 1000
    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(open_classifier(tiny_model, "keras", "cpu"))
