"""Pix2pix: what is learnt from whom, who waits, and a training that goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sentences import sentence_table

from ser.conversion.contours import interpolate_rows
from ser.conversion.models.pix2pix import Pix2PixMel, mean_level
from ser.conversion.pairs import find_pairs
from ser.conversion.training import pix2pix
from ser.conversion.training.base import PairExamples, build_examples
from ser.conversion.training.pix2pix import Pix2PixTrainer, _pad
from ser.models.backend import load_keras
from ser.training import gan_loop
from ser.training.checkpoint import Checkpoint, LoadedCheckpoint, TrainingState
from ser.training.config import TrainConfig

SMALL = Pix2PixMel(width=0.25, crop=32)
CONFIG = TrainConfig(arch="pix2pix-mel", epochs=3, batch_size=12, lr=2e-3)
TERMS = ["d_loss", "d_real", "d_fake", "g_loss", "g_l1", "g_adversarial"]


@pytest.fixture(scope="module")
def examples() -> PairExamples:
    table = sentence_table()
    everything = np.arange(len(table))
    return build_examples(table, everything, find_pairs(table, everything))


def make(examples: PairExamples, config: TrainConfig = CONFIG, **options: Any) -> Pix2PixTrainer:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    return Pix2PixTrainer(keras, replace(SMALL, **options), examples, config)


def epoch(trainer: Pix2PixTrainer, number: int = 0) -> dict[str, float]:
    steps: list[int] = []
    row = trainer.epoch(number, steps.append)
    assert sum(steps) == trainer.steps
    return row


@dataclass(frozen=True, eq=False)
class Story:
    """A training of two epochs, and what a checkpoint kept after the first."""

    trainer: Pix2PixTrainer
    rows: list[dict[str, float]]
    drawn: Any
    kept: LoadedCheckpoint


@pytest.fixture(scope="module")
def story(examples: PairExamples, tmp_path_factory: pytest.TempPathFactory) -> Story:
    trainer = make(examples)
    trainer.build()
    rows = [epoch(trainer, 0)]
    checkpoint = Checkpoint(tmp_path_factory.mktemp("story") / "m.keras")
    checkpoint.save(trainer.model, None, TrainingState("f", epoch=1), trainer.training_networks())
    rows.append(epoch(trainer, 1))
    kept = checkpoint.load(trainer.keras, "f")
    assert kept is not None
    return Story(trainer, rows, draw(trainer), kept)


@pytest.fixture
def trainer(story: Story) -> Iterator[Pix2PixTrainer]:
    """The trainer of the story; its options may be changed."""
    gan, config = story.trainer.gan, story.trainer.config
    yield story.trainer
    story.trainer.gan, story.trainer.config = gan, config


def draw(trainer: Pix2PixTrainer) -> Any:
    crops = crops_of(trainer)
    return trainer.model.predict_on_batch([crops.source, crops.emotion])


def crops_of(trainer: Pix2PixTrainer, seed: int = 0) -> Any:
    return trainer._crops(np.arange(12), np.random.default_rng(seed))


def changed(before: list[Any], after: list[Any]) -> bool:
    return not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


def test_every_loss_has_a_name(story: Story) -> None:
    for row in story.rows:
        assert list(row) == TERMS
        assert all(np.isfinite(value) and value > 0 for value in row.values())
        assert row["d_loss"] == pytest.approx((row["d_real"] + row["d_fake"]) / 2, abs=1e-4)
        weighted = row["g_adversarial"] + story.trainer.gan.l1 * row["g_l1"]
        assert row["g_loss"] == pytest.approx(weighted, rel=1e-4)


def test_it_comes_nearer_to_the_targets(story: Story) -> None:
    first, second = story.rows
    assert second["g_l1"] < first["g_l1"]


def test_a_training_that_was_stopped_ends_where_another_does(
    story: Story, examples: PairExamples, tmp_path: Path
) -> None:
    resumed = make(examples)
    resumed.restore(story.kept.model, story.kept.training_networks)
    assert epoch(resumed, 1) == pytest.approx(story.rows[1], abs=1e-4)
    assert draw(resumed) == pytest.approx(story.drawn, abs=1e-3)


def test_the_targets_are_in_the_timing_of_the_sources(
    trainer: Pix2PixTrainer, examples: PairExamples
) -> None:
    pairs = examples.pairs
    crops = crops_of(trainer)
    assert crops.source.shape == crops.target.shape == (12, 32, 80)
    same = pairs.source[:12] == pairs.target[:12]
    assert same.any()
    assert not same.all()
    for i in range(12):
        assert (crops.source[i] == crops.target[i]).all() == same[i]
    # Relative to the sources' levels: what is louder stays so.
    neutral, angry = (examples.emotions.index(name) for name in ("neutral", "angry"))
    kinds = [examples.emotion[side[:12]] for side in (pairs.source, pairs.target)]
    rising = (kinds[0] == neutral) & (kinds[1] == angry)
    assert rising.any()
    assert all(
        mean_level(crops.target[i]) > mean_level(crops.source[i]) + 1 for i in rising.nonzero()[0]
    )
    # Aligned frames are more like the source's than those at the same time, in most pairs.
    found = []
    for i in np.flatnonzero(pairs.source != pairs.target)[:8].tolist():
        source = trainer._spectrogram(int(pairs.source[i]))
        target = trainer._spectrogram(int(pairs.target[i]))
        aligned = interpolate_rows(target, pairs.positions[i])
        plain = interpolate_rows(
            target, np.linspace(0, len(target) - 1, len(source), dtype=np.float32)
        )
        found.append(_unlike(source, aligned) < _unlike(source, plain))
    assert np.mean(found) > 0.6


def _unlike(one: Any, other: Any) -> float:
    shapes = [side - side.mean(axis=1, keepdims=True) for side in (one, other)]
    return float(np.abs(shapes[0] - shapes[1]).mean())


def test_conditions_are_those_of_the_targets(
    trainer: Pix2PixTrainer, examples: PairExamples
) -> None:
    crops = crops_of(trainer)
    targets = examples.pairs.target[:12]
    named = [examples.emotions[i] for i in crops.emotion.argmax(axis=1)]
    assert named == examples.table["y"][targets].tolist()
    assert (crops.emotion.sum(axis=1) == examples.intensity[targets]).all()


def test_bands_are_standardised(trainer: Pix2PixTrainer, examples: PairExamples) -> None:
    table = examples.table
    recordings = [record["x"][: record["frames"], -80:] for record in table]
    frames = np.concatenate([x - mean_level(x) for x in recordings], dtype=np.float64)
    assert trainer.problem.mean == pytest.approx(frames.mean(axis=0), abs=1e-3)
    assert trainer.problem.variance == pytest.approx(frames.var(axis=0), rel=1e-2)


def test_each_side_trains_its_own_weights(trainer: Pix2PixTrainer) -> None:
    crops = crops_of(trainer)
    judge = trainer.adversary.get_layer("frozen_discriminator")
    before = trainer.model.get_weights(), trainer.discriminator.get_weights()
    trainer._train_discriminator(crops, waits=False)
    assert not changed(before[0], trainer.model.get_weights())
    assert changed(before[1], trainer.discriminator.get_weights())
    before = trainer.model.get_weights(), trainer.discriminator.get_weights()
    trainer._train_generator(crops, waits=False)
    assert changed(before[0], trainer.model.get_weights())
    assert not changed(before[1], trainer.discriminator.get_weights())
    # It is judged by the discriminator as it is now, which learns nothing from that.
    assert not changed(before[1], judge.get_weights())


def test_a_side_that_waits_stands_still(trainer: Pix2PixTrainer) -> None:
    crops = crops_of(trainer)
    before = trainer.model.get_weights(), trainer.discriminator.get_weights()
    assert trainer._train_discriminator(crops, waits=True)["d_loss"] > 0
    assert trainer._train_generator(crops, waits=True)["g_loss"] > 0
    assert not changed(before[0], trainer.model.get_weights())
    assert not changed(before[1], trainer.discriminator.get_weights())


@pytest.mark.parametrize(
    ("smoothing", "two_sided", "real", "fake"),
    [(0.1, False, 0.9, 0.0), (0.2, True, 0.8, 0.2), (0.0, True, 1.0, 0.0)],
)
def test_labels_are_smoothed_on_one_side_or_on_both(
    trainer: Pix2PixTrainer,
    monkeypatch: pytest.MonkeyPatch,
    smoothing: float,
    two_sided: bool,
    real: float,
    fake: float,
) -> None:
    trainer.gan = replace(trainer.gan, two_sided=two_sided)
    trainer.config = replace(trainer.config, label_smoothing=smoothing)
    seen: list[Any] = []
    step = pix2pix.train_step

    def watched(call: Any, x: Any, y: Any) -> Any:
        seen.append(y)
        return step(call, x, y)

    monkeypatch.setattr(pix2pix, "train_step", watched)
    trainer._train_discriminator(crops_of(trainer), waits=True)
    trainer._train_generator(crops_of(trainer), waits=True)
    judged, wished = seen
    # A label for each patch: 32 frames of 80 bands, eight by eight.
    assert judged["real"].shape == judged["fake"].shape == (12, 4, 10, 1)
    assert judged["real"] == pytest.approx(real)
    assert judged["fake"] == pytest.approx(fake)
    # The generator wants to pass for real, without reserve.
    assert (wished["adversarial"] == 1).all()


def test_uneven_steps(trainer: Pix2PixTrainer) -> None:
    assert trainer.steps == 4
    for d_steps, g_steps, turns in ((2, 3, 6), (9, 1, 1)):
        trainer.gan = replace(trainer.gan, d_steps=d_steps, g_steps=g_steps)
        before = [int(side.optimizer.iterations) for side in trainer.training_networks().values()]
        epoch(trainer)
        after = [int(side.optimizer.iterations) for side in trainer.training_networks().values()]
        # A generator is trained once per epoch at least.
        assert [a - b for a, b in zip(after, before, strict=True)] == [4, turns]


def test_the_side_that_is_ahead_waits(
    trainer: Pix2PixTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The least lead is enough here, so that one of them waits in every step but the first.
    monkeypatch.setattr(gan_loop, "_LEAD_FACTOR", 1.0)
    trainer.gan = replace(trainer.gan, balance="loss")
    before = [int(side.optimizer.iterations) for side in trainer.training_networks().values()]
    row = epoch(trainer)
    after = [int(side.optimizer.iterations) for side in trainer.training_networks().values()]
    assert list(row) == [*TERMS[:3], "d_waits", *TERMS[3:], "g_waits"]
    assert row["d_waits"] + row["g_waits"] == pytest.approx(0.75)
    turns = [trainer.steps * (1 - row[name]) for name in ("d_waits", "g_waits")]
    assert [a - b for a, b in zip(after, before, strict=True)] == pytest.approx(turns)


def test_reading_between_rows() -> None:
    matrix = np.array([[0, 0], [1, 10], [2, 20]], np.float32)
    read = interpolate_rows(matrix, np.array([0, 0.5, 1.25, 2], np.float32))
    assert read.tolist() == [[0, 0], [0.5, 5], [1.25, 12.5], [2, 20]]
    assert interpolate_rows(matrix[:1], np.zeros(2, np.float32)).tolist() == [[0, 0], [0, 0]]


def test_a_short_pair_goes_on__pad() -> None:
    matrix = np.array([[1], [2], [3]], np.float32)
    assert _pad(matrix, 8)[:, 0].tolist() == [1, 2, 3, 3, 2, 1, 1, 2]
    assert _pad(matrix, 3).tolist() == matrix.tolist()
