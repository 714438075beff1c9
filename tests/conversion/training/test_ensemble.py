"""An ensemble of generators: trained independently, and joined to one network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentences import sentence_table

from ser.conversion.contour_grid import N_FEATURES
from ser.conversion.models.gan import STEP_MULTIPLE, GANTranslate
from ser.conversion.pairs import find_pairs
from ser.conversion.registry import trainer_for
from ser.conversion.training.base import PairExamples, build_examples
from ser.conversion.training.ensemble import EnsembleTrainer
from ser.conversion.training.gan import GANTrainer
from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.litert import LiteRTRunner
from ser.models.litert_export import export_litert
from ser.training.checkpoint import Checkpoint, TrainingState
from ser.training.config import TrainConfig

pytestmark = pytest.mark.usefixtures("without_graphs")

SMALL = GANTranslate(width=8, blocks=2, classifier_epochs=1, generators=2)
CONFIG = TrainConfig(arch="gan-translate", epochs=2, batch_size=24, lr=3e-3, seed=3)


@pytest.fixture(scope="module")
def examples() -> PairExamples:
    table = sentence_table()
    everything = np.arange(len(table))
    return build_examples(table, everything, find_pairs(table, everything))


def make(examples: PairExamples) -> EnsembleTrainer:
    trainer = trainer_for(SMALL)(load_keras("cpu"), SMALL, examples, CONFIG)
    assert isinstance(trainer, EnsembleTrainer)
    return trainer


def example_input(emotions: int) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    return {
        "features": rng.normal(size=(1, 2 * STEP_MULTIPLE, N_FEATURES)).astype(np.float32),
        "condition": np.eye(emotions, dtype=np.float32)[:1],
    }


def test_a_training_of_two(examples: PairExamples, tmp_path: Path) -> None:
    trainer = make(examples)
    trainer.build()
    given = example_input(len(examples.emotions))
    # Each begins by changing nothing.
    np.testing.assert_array_equal(trainer.model.predict_on_batch(given), 0)
    steps: list[int] = []
    first = trainer.epoch(0, steps.append)
    assert sum(steps) == trainer.steps
    checkpoint = Checkpoint(tmp_path / "m.keras")
    checkpoint.save(trainer.model, None, TrainingState("f", epoch=1), trainer.training_networks())
    second = trainer.epoch(1, steps.append)
    assert sum(steps) == 2 * trainer.steps
    one, other = (np.asarray(m.model.predict_on_batch(given)) for m in trainer.members)
    # They have gone different ways, and the answer is the mean of theirs.
    assert np.abs(one - other).max() > 0.01 * np.abs(one).max() > 0
    joined = np.asarray(trainer.model.predict_on_batch(given))
    np.testing.assert_allclose(joined, (one + other) / 2, rtol=1e-5, atol=1e-6)
    litert = export_litert(trainer.model)
    assert litert is not None
    np.testing.assert_allclose(LiteRTRunner("it", litert)(given), joined, atol=1e-4)

    # The first is what a training of one comes to.
    keras = load_keras("cpu")
    keras.utils.set_random_seed(CONFIG.seed)
    alone = GANTrainer(keras, replace(SMALL, generators=1), examples, CONFIG)
    alone.build()
    row = alone.epoch(0, lambda count: None)
    assert set(row) == set(first)
    alone.epoch(1, lambda count: None)
    np.testing.assert_allclose(alone.model.predict_on_batch(given), one, rtol=0.02, atol=0.02)

    kept = checkpoint.load(keras, "f")
    assert kept is not None
    resumed = make(examples)
    resumed.restore(kept.model, kept.training_networks)
    assert resumed.epoch(1, lambda count: None) == pytest.approx(second, rel=1e-2, abs=1e-3)
    found = np.asarray(resumed.model.predict_on_batch(given))
    np.testing.assert_allclose(found, joined, rtol=0.02, atol=0.02)


def test_one_needs_no_others() -> None:
    assert trainer_for(replace(SMALL, generators=1)) is GANTrainer
    with pytest.raises(SerError, match="generators=0: must be 1 to 64"):
        GANTranslate.with_options({"generators": "0"})
