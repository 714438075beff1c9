"""Learning rates of their own: how far a step goes in each block, and training from end to end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from speech_encoders import speech_encoder
from spoken import CONFIG, EMOTIONS, spoken_table

from ser.dataset.table import Table
from ser.features.spec import PRESETS
from ser.inference.classifier import open_classifier
from ser.models import registry
from ser.models.artifact import read_card
from ser.models.backend import load_keras
from ser.models.base import Architecture, Problem
from ser.training.batches import Examples, batches
from ser.training.classifier import train_classifier
from ser.training.layerwise import LayerwiseTrainer

FACTORS = {"block1": 0.25, "block2": 0.5}


@dataclass(frozen=True)
class Layers(Architecture):
    """Three dense layers, of which two are trained at rates of their own."""

    name = "layers"
    summary = "for tests"
    trainer = "layerwise"
    base_rate = 1.0

    def build(self, keras: Any, problem: Problem) -> Any:
        entry = keras.Input((problem.frames, problem.coefficients), name="features")
        x = keras.layers.Flatten()(entry)
        for name in FACTORS:
            x = keras.layers.Dense(8, name=name)(x)
        x = keras.layers.Dense(problem.classes, activation="softmax", name="head")(x)
        return keras.Model(entry, x)

    def head_epochs(self, epochs: int) -> int:
        return 0

    def unfreeze_blocks(self, model: Any) -> None:
        assert model.get_layer("block1").trainable

    def rate_factors(self) -> Mapping[str, float]:
        return FACTORS


def test_a_step_is_as_long_as_the_rate_of_its_layer(tables: Table) -> None:
    keras = load_keras("cpu")
    config = replace(CONFIG, epochs=1, lr=1e-3, weight_decay=0.0)
    examples = Examples(tables, np.arange(len(tables)), EMOTIONS)
    trainer = LayerwiseTrainer(keras, Layers(), examples, config)
    trainer.build()
    layers = {name: trainer.model.get_layer(name) for name in (*FACTORS, "head")}
    before = {name: layer.get_weights()[0] for name, layer in layers.items()}
    trainer.step(*next(batches(examples, config, 0)))
    for name, layer in layers.items():
        # The first step of Adam is the learning rate, but for the sign.
        moved = np.abs(layer.get_weights()[0] - before[name])
        assert np.median(moved) == pytest.approx(1e-3 * FACTORS.get(name, 1.0), rel=0.02), name


@pytest.fixture(scope="module")
def tables() -> Table:
    spec = PRESETS["whisper"].with_changes(duration=0.8)
    return spoken_table(spec, speakers=range(1, 7), takes=2)


def test_whisper_is_fine_tuned_from_end_to_end(
    tables: Table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    folder = speech_encoder(tmp_path / "tiny", "whisper")
    trained = train_classifier(
        tables, "whisper", options={"weights": str(folder), "blocks": 2, "unfreeze": 1},
        validation=0.0, device="cpu", epochs=4, batch_size=8, precision="bfloat16",
    )  # fmt: skip
    first = registry.make_architecture("whisper", {"weights": str(folder), "blocks": 2}).build(
        load_keras("cpu"), Problem(*tables["x"].shape[1:], 3, np.zeros(80), np.ones(80))
    )
    moved = {
        layer.name
        for layer in trained.network.model.layers
        if layer.name[:4] in ("bloc", "conv", "posi")
        and not all(
            np.array_equal(a, b)
            for a, b in zip(
                layer.get_weights(), first.get_layer(layer.name).get_weights(), strict=True
            )
        )
    }
    assert {name[:6] for name in moved} == {"block2"}
    assert trained.save(tmp_path / "m.keras")
    card = read_card(tmp_path / "m.keras")
    assert (card["architecture"], card["litert"]) == ("whisper", True)
    classifier = open_classifier(tmp_path / "m.keras", "litert")
    found = classifier.probabilities(tables["x"][:3])
    expected = np.asarray(trained.network.model.predict_on_batch(tables["x"][:3]))
    np.testing.assert_allclose(found, expected, atol=1e-4)
