"""Generator against discriminator: who learns what from whom, and what is left of it."""

from __future__ import annotations

import shutil
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import CONFIG as COMMON
from spoken import of_speakers

from ser.dataset.groups import originals
from ser.dataset.table import Table, spec_of
from ser.models.acgan import ACGAN, EMOTION_OUTPUT, GENERATED_OUTPUT, SOURCE_OUTPUT
from ser.models.backend import load_keras
from ser.training import gan_loop
from ser.training.adversarial import GENERATED_MARK, AdversarialTrainer, _RealClips
from ser.training.batches import Examples, batches
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, TrainingData, train
from ser.training.spec_augment import SpectrogramAugmentation

TRAIN = ("01", "02", "03", "04", "05", "06")
WATCHED = ("07", "08")
SMALL = {"width": 0.5, "noise": 16}
CONFIG = replace(COMMON, arch="acgan", options=SMALL, epochs=1, lr=3e-3)
TERMS = ["accuracy", "loss", "generated_loss", "d_loss", "g_loss"]


def split(table: Table) -> TrainingData:
    return TrainingData(table, of_speakers(table, *TRAIN), of_speakers(table, *WATCHED))


def run(data: TrainingData, config: TrainConfig = CONFIG, **more: Any) -> TrainedNetwork:
    return train(data, config, device="cpu", **more)


def make(spoken: Table, config: TrainConfig = CONFIG) -> AdversarialTrainer:
    keras = load_keras("cpu")
    keras.utils.set_random_seed(0)
    examples = Examples(spoken, of_speakers(spoken, *TRAIN), ("neutral", "sad", "angry"))
    return AdversarialTrainer(keras, ACGAN(**SMALL), examples, config)


@pytest.fixture(scope="module")
def built(spoken: Table) -> AdversarialTrainer:
    """A trainer whose networks are built and traced once for all tests that do not mind how far
    they are trained."""
    trainer = make(spoken)
    trainer.build()
    return trainer


def epoch(trainer: AdversarialTrainer, number: int = 0) -> dict[str, float]:
    return trainer.epoch(number, batches(trainer.examples, trainer.config), lambda n: None)


def changed(before: list[Any], after: list[Any]) -> bool:
    return not all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))


WHOLE = replace(CONFIG, epochs=8, augment=SpectrogramAugmentation())
LEFT = 7


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `trained` leaves what a kill after epoch `LEFT` would have left."""
    return tmp_path_factory.mktemp("whole") / "left.keras"


@pytest.fixture(scope="module")
def trained(spoken: Table, output: Path) -> TrainedNetwork:
    checkpoint = Checkpoint(output.with_name("m.keras"))

    def keep(row: dict[str, float]) -> None:
        if row["epoch"] == LEFT:
            shutil.copytree(checkpoint.folder, Checkpoint(output).folder)

    return run(split(spoken), WHOLE, checkpoint=checkpoint, on_epoch=keep)


def test_the_emotion_head_learns(trained: TrainedNetwork) -> None:
    assert max(row["val_uar"] for row in trained.history) > 0.8, trained.history
    assert trained.model.output_shape == (None, 3)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


def test_every_loss_is_in_the_history(trained: TrainedNetwork) -> None:
    for row in trained.history:
        assert list(row) == ["epoch", *TERMS, "val_loss", "val_accuracy", "val_uar"]
        assert all(np.isfinite(value) and value >= 0 for value in row.values())


def test_the_generator_listens_to_the_emotion(trained: TrainedNetwork) -> None:
    # Not that a judge recognises it: on so few clips a generator may settle for one emotion.
    table = trained.generate()
    assert table is not None
    means = [table["x"][table["y"] == label].mean(axis=0) for label in trained.labels]
    spread = table["x"].std()
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(means[one] - means[other]).max() > 0.05 * spread


def test_the_table_of_generated_clips(spoken: Table, trained: TrainedNetwork) -> None:
    table = trained.generate()
    assert table is not None
    chosen = of_speakers(spoken, *TRAIN)
    assert spec_of(table) == spec_of(spoken)
    assert table["x"].shape == spoken["x"][chosen].shape
    for name in ("y", "frames", "corpus", "duration"):
        assert (table[name] == spoken[name][chosen]).all()
    assert set(table["augment"].tolist()) == {GENERATED_MARK}
    assert set(table["speaker"].tolist()) == {GENERATED_MARK}
    assert len(set(table["path"].tolist())) == len(table)
    assert np.isfinite(table["x"]).all()
    assert table["x"].std(axis=0).max() > 0
    # Nobody is to be tested on them.
    both = np.concatenate([spoken, table.astype(spoken.dtype)])
    assert len(originals(both, np.arange(len(both)))) == len(spoken)


def test_each_side_trains_its_own_weights(built: AdversarialTrainer) -> None:
    trainer = built
    clips = _clips(trainer)
    rng = np.random.default_rng(0)
    generator = trainer.adversary.get_layer("generator")
    judge = trainer.adversary.get_layer("judge")
    before = generator.get_weights(), trainer.discriminator.get_weights()
    trainer._discriminate(clips, rng, waits=False)
    assert not changed(before[0], generator.get_weights())
    assert changed(before[1], trainer.discriminator.get_weights())
    before = generator.get_weights(), trainer.discriminator.get_weights()
    trainer._generate(clips, rng, waits=False)
    assert changed(before[0], generator.get_weights())
    assert not changed(before[1], trainer.discriminator.get_weights())
    # It is judged by the discriminator as it is now, which learns nothing from that.
    assert not changed(before[1], judge.get_weights())


def test_a_side_that_waits_stands_still(built: AdversarialTrainer) -> None:
    trainer = built
    clips, rng = _clips(trainer), np.random.default_rng(0)
    head = trainer.discriminator.get_layer(SOURCE_OUTPUT)
    # Weight decay goes on; what a gradient would do is far more. Past gradients are forgotten.
    for variable in trainer.discriminator.optimizer.variables[2:]:
        variable.assign(np.zeros(variable.shape, np.float32))
    before = head.get_weights(), trainer.discriminator.get_weights()
    row = trainer._discriminate(clips, rng, waits=True)
    assert row["d_loss"] > 0
    assert all(
        np.abs(a - b).max() < 1e-5 for a, b in zip(before[0], head.get_weights(), strict=True)
    )
    # The emotions do not wait.
    assert changed(before[1], trainer.discriminator.get_weights())
    generator = trainer.adversary.get_layer("generator")
    still = generator.get_weights()
    assert trainer._generate(clips, rng, waits=True)["g_loss"] > 0
    assert not changed(still, generator.get_weights())


def _clips(trainer: AdversarialTrainer) -> Any:
    x, y, weight = next(batches(trainer.examples, trainer.config))
    assert isinstance(x, np.ndarray)
    return _RealClips(x, y, weight)


@pytest.mark.parametrize(
    ("options", "real", "generated"),
    [
        ({}, 0.9, 0.0),
        ({"adversarial_smoothing": 0.2, "two_sided": True}, 0.8, 0.2),
        ({"adversarial_smoothing": 0.0}, 1.0, 0.0),
    ],
)
def test_labels_are_smoothed_on_one_side_or_on_both(
    built: AdversarialTrainer,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    real: float,
    generated: float,
) -> None:
    seen: list[Any] = []

    def look(call: Any, x: Any, y: Any, weights: Any = None) -> dict[str, float]:
        seen.append((x, y, weights))
        return defaultdict(float)

    monkeypatch.setattr(built, "_step", look)
    monkeypatch.setattr(built, "gan", replace(built.gan, **options, generated_share=0.2))
    built._discriminate(_clips(built), np.random.default_rng(0), waits=False)
    [(x, y, weights)] = seen
    # A fifth of the batch is generated: 4 beside 16.
    assert len(x) == 20
    assert y[SOURCE_OUTPUT][:, 0] == pytest.approx([real] * 16 + [generated] * 4)
    # Each loss is a mean over its own clips, and real and generated ones weigh the same.
    assert weights[EMOTION_OUTPUT].mean() == pytest.approx(1)
    assert not weights[EMOTION_OUTPUT][16:].any()
    assert weights[GENERATED_OUTPUT].mean() == pytest.approx(1)
    assert not weights[GENERATED_OUTPUT][:16].any()
    assert weights[SOURCE_OUTPUT][:16].sum() == pytest.approx(weights[SOURCE_OUTPUT][16:].sum())


def updates(trainer: AdversarialTrainer) -> tuple[int, int]:
    sides = trainer.discriminator, trainer.adversary
    discriminator, generator = (int(side.optimizer.iterations) for side in sides)
    return discriminator, generator


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"d_steps": 2, "g_steps": 3}, (4, 6)),
        # The generator is trained once per epoch at least.
        ({"d_steps": 9}, (4, 1)),
    ],
)
def test_uneven_steps(
    built: AdversarialTrainer,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, int],
    expected: tuple[int, int],
) -> None:
    assert built.steps == 4
    monkeypatch.setattr(built, "gan", replace(built.gan, **options))
    before = updates(built)
    assert "g_loss" in epoch(built)
    assert tuple(b - a for a, b in zip(before, updates(built), strict=True)) == expected


def test_the_side_that_is_ahead_waits(
    built: AdversarialTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tests/training/test_gan_loop.py says who is ahead; here it is the discriminator.
    monkeypatch.setattr(
        gan_loop.RunningMeans, "is_ahead", lambda means, loss, other: loss == "d_loss"
    )
    monkeypatch.setattr(built, "gan", replace(built.gan, balance="loss"))
    before = updates(built)
    row = epoch(built)
    assert list(row) == [
        "accuracy",
        "loss",
        "generated_loss",
        "d_loss",
        "d_waits",
        "g_loss",
        "g_waits",
    ]
    assert (row["d_waits"], row["g_waits"]) == (0.75, 0)
    # The emotions do not wait, and so the discriminator has its steps.
    assert tuple(b - a for a, b in zip(before, updates(built), strict=True)) == (4, 4)


def test_masks_cover_real_and_generated_clips_alike(spoken: Table) -> None:
    trainer = make(spoken, replace(CONFIG, augment=SpectrogramAugmentation(stretch=0, shift=0)))
    keep, fill = trainer._spec_masks(200, np.random.default_rng(0))
    assert set(np.unique(keep).tolist()) == {0.0, 1.0}
    assert not fill.any()
    # At most a quarter of the frames and of the bands, and often something.
    assert (1 - keep).mean(axis=(1, 2)).max() < 0.5
    assert ((1 - keep).any(axis=(1, 2))).mean() > 0.8
    off, _ = make(spoken)._spec_masks(5, np.random.default_rng(0))
    assert (off == 1).all()


def test_a_resumed_training_ends_where_an_unbroken_one_does(
    spoken: Table, trained: TrainedNetwork, output: Path
) -> None:
    resumed = run(split(spoken), WHOLE, checkpoint=Checkpoint(output), resume=True)
    for row, expected in zip(resumed.history, trained.history, strict=True):
        assert row == pytest.approx(expected, abs=1e-4)
    one, other = resumed.generate(), trained.generate()
    assert one is not None
    assert other is not None
    assert one["x"] == pytest.approx(other["x"], abs=1e-3)
