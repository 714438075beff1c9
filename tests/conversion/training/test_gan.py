"""The GAN trainer: losses, frozen classifiers, and resuming."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentences import sentence_table

from ser.conversion.models.auxiliary import EMOTION_CLASSIFIERS, SPEAKER_CLASSIFIER
from ser.conversion.models.gan import GANTranslate
from ser.conversion.pairs import find_pairs
from ser.conversion.training.base import PairExamples, build_examples
from ser.conversion.training.gan import GANTrainer
from ser.conversion.training.gan_batches import ENVELOPE, F0, LENGTH
from ser.models.backend import load_keras
from ser.training.checkpoint import Checkpoint, LoadedCheckpoint, TrainingState
from ser.training.config import TrainConfig
from ser.training.gan_loop import count_updates

pytestmark = pytest.mark.usefixtures("without_graphs")

SMALL = GANTranslate(width=8, blocks=2, classifier_epochs=2)
CONFIG = TrainConfig(arch="gan-translate", epochs=3, batch_size=16, lr=3e-3)
TERMS = {
    "d_loss",
    "loss",
    "g_loss",
    ENVELOPE,
    F0,
    LENGTH,
    "adversarial",
    *EMOTION_CLASSIFIERS,
    SPEAKER_CLASSIFIER,
}


@pytest.fixture(scope="module")
def examples() -> PairExamples:
    table = sentence_table()
    everything = np.arange(len(table))
    return build_examples(table, everything, find_pairs(table, everything))


def make(examples: PairExamples, **options: Any) -> GANTrainer:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    return GANTrainer(keras, replace(SMALL, **options), examples, CONFIG)


@dataclass(frozen=True, eq=False)
class Training:
    """A training of two epochs, and what a checkpoint kept after the first."""

    trainer: GANTrainer
    rows: list[dict[str, float]]
    frozen: list[Any]
    kept: LoadedCheckpoint


def frozen(trainer: GANTrainer) -> list[Any]:
    return [
        weight.copy()
        for name in (*EMOTION_CLASSIFIERS, SPEAKER_CLASSIFIER)
        for weight in trainer.adversary.get_layer(name).get_weights()
    ]


@pytest.fixture(scope="module")
def story(examples: PairExamples, tmp_path_factory: pytest.TempPathFactory) -> Training:
    trainer = make(examples)
    trainer.build()
    before, steps = frozen(trainer), []
    rows = [trainer.epoch(0, steps.append)]
    assert sum(steps) == trainer.steps
    checkpoint = Checkpoint(tmp_path_factory.mktemp("story") / "m.keras")
    checkpoint.save(trainer.model, None, TrainingState("f", epoch=1), trainer.training_networks())
    rows.append(trainer.epoch(1, steps.append))
    kept = checkpoint.load(trainer.keras, "f")
    assert kept is not None
    return Training(trainer, rows, before, kept)


def batch_of(trainer: GANTrainer, count: int = 8, seed: int = 0) -> Any:
    return trainer.data.batch(np.arange(count), np.random.default_rng(seed))


def test_every_loss_has_a_name(story: Training) -> None:
    gan = story.trainer.gan
    for row in story.rows:
        assert set(row) == TERMS
        assert all(np.isfinite(list(row.values())))
        near = row[ENVELOPE] + 1.2 * row[F0] + 5 * row[LENGTH]
        heard = sum(row[name] for name in EMOTION_CLASSIFIERS) / len(EMOTION_CLASSIFIERS)
        total = gan.distance_weight * near + gan.adversarial_weight * row["adversarial"]
        total += gan.emotion_weight * heard + gan.speaker_weight * row[SPEAKER_CLASSIFIER]
        assert row["loss"] == pytest.approx(total, rel=1e-3)


def test_the_distance_falls_and_classifiers_stay_frozen(story: Training) -> None:
    first, second = story.rows
    assert second[F0] < first[F0]
    for before, after in zip(story.frozen, frozen(story.trainer), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_training_that_was_stopped_ends_where_another_does(
    story: Training, examples: PairExamples
) -> None:
    resumed = make(examples)
    resumed.restore(story.kept.model, story.kept.training_networks)
    row = resumed.epoch(1, lambda n: None)
    assert row == pytest.approx(story.rows[1], rel=1e-2, abs=1e-3)


def test_smoothing_and_sides(examples: PairExamples) -> None:
    for options, values in (
        ({}, (1.0, -1.0)),
        ({"adversarial_smoothing": 0.1}, (0.8, -1.0)),
        ({"adversarial_smoothing": 0.1, "two_sided": True}, (0.8, -0.8)),
        ({"adversarial_smoothing": 0.1, "loss": "bce"}, (0.9, 0.0)),
        ({"adversarial_smoothing": 0.1, "loss": "bce", "two_sided": True}, (0.9, 0.1)),
    ):
        assert truths(make(examples, **options)) == pytest.approx(values)


def truths(trainer: GANTrainer) -> tuple[float, float]:
    return trainer.real_target, trainer.converted_target


def test_the_side_that_is_ahead_waits(story: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = story.trainer
    monkeypatch.setattr(trainer, "architecture", replace(trainer.gan, balance="loss"))
    before = [w.copy() for w in trainer.discriminator.get_weights()]
    batch = batch_of(trainer)
    trainer._train_discriminator(batch, waits=True)
    for one, other in zip(before, trainer.discriminator.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    row = trainer.epoch(2, lambda n: None)
    assert {"d_waits", "g_waits"} <= set(row)


def test_the_generator_is_trained_in_every_epoch(
    story: Training, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trainer = story.trainer
    monkeypatch.setattr(trainer, "architecture", replace(trainer.gan, d_steps=1000))
    assert count_updates(trainer.gan, trainer.steps) == (trainer.steps, 1)
