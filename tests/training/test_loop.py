"""Training: it learns, it repeats itself, it stops in time, it can be taken up again."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import CONFIG, POOLED, SLIM, of_speakers, spoken_table
from tables import make_table

from ser.dataset.table import Table
from ser.errors import SerError, TableError
from ser.labels import label_indices
from ser.training.batches import Examples
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, TrainingData, predict, train, training_speakers
from ser.training.spec_augment import SpectrogramAugmentation

TRAIN = ("01", "02", "03", "04", "05", "06")
WATCHED = ("07", "08")


def split(table: Table) -> TrainingData:
    return TrainingData(table, of_speakers(table, *TRAIN), of_speakers(table, *WATCHED))


def run(data: TrainingData, config: TrainConfig, **more: Any) -> TrainedNetwork:
    return train(data, config, device="cpu", **more)


def same(one: Any, other: Any) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture
def quick(small: str) -> TrainConfig:
    """Options for what does not depend on the architecture."""
    return replace(CONFIG, arch=small, lr=5e-3)


WHOLE = replace(CONFIG, epochs=12, options=SLIM, augment=SpectrogramAugmentation())
LEFT = 9


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


def test_it_learns_what_speakers_have_in_common(spoken: Table, trained: TrainedNetwork) -> None:
    assert trained.labels == ("neutral", "sad", "angry")
    best = trained.history[trained.best_epoch - 1]
    assert best["val_uar"] > 0.8, trained.history
    # Chance is a third, and a test on the voices that were trained on would say nothing.
    assert not set(WATCHED) & set(spoken["speaker"][split(spoken).train].tolist())


def test_the_history(trained: TrainedNetwork) -> None:
    assert [row["epoch"] for row in trained.history] == list(range(1, 13))
    assert trained.epochs == 12
    for row in trained.history:
        assert list(row) == ["epoch", "accuracy", "loss", "val_loss", "val_accuracy", "val_uar"]
        # Means of the four batches of 16, not the last one's.
        assert row["accuracy"] * 64 == pytest.approx(round(row["accuracy"] * 64), abs=1e-3)
    sixteenths = [row["accuracy"] * 16 for row in trained.history]
    assert any(abs(part - round(part)) > 0.1 for part in sixteenths)
    assert trained.history[-1]["loss"] < trained.history[0]["loss"]


def test_the_best_weights_are_the_ones_kept(spoken: Table, trained: TrainedNetwork) -> None:
    losses = [row["val_loss"] for row in trained.history]
    assert trained.best_epoch == int(np.argmin(losses)) + 1
    watched = Examples(spoken, of_speakers(spoken, *WATCHED), trained.labels)
    answers = predict(trained.model, watched)
    loss = -np.log(answers[np.arange(len(watched)), watched.targets]).mean()
    assert loss == pytest.approx(min(losses), abs=1e-5)


def test_early_stopping_goes_back_to_the_best_epoch(spoken: Table, quick: TrainConfig) -> None:
    # Emotions by lot: after the first epochs there is nothing to learn but the training clips.
    table = spoken.copy()
    table["y"] = np.random.default_rng(0).permutation(table["y"])
    result = run(split(table), replace(quick, epochs=40, patience=3))
    assert result.epochs < 40
    assert result.epochs == result.best_epoch + 3
    watched = Examples(table, of_speakers(table, *WATCHED), result.labels)
    answers = predict(result.model, watched)
    loss = -np.log(answers[np.arange(len(watched)), watched.targets]).mean()
    assert loss == pytest.approx(result.history[result.best_epoch - 1]["val_loss"], abs=1e-5)


def test_the_seed_repeats_everything(spoken: Table, quick: TrainConfig) -> None:
    config = replace(quick, epochs=2, augment=SpectrogramAugmentation())
    one, again = (run(split(spoken), config) for _ in range(2))
    assert one.history == again.history
    assert same(one.model, again.model)
    other = run(split(spoken), replace(config, seed=1))
    assert not same(one.model, other.model)


def test_a_resumed_training_ends_where_an_unbroken_one_does(
    spoken: Table, trained: TrainedNetwork, output: Path
) -> None:
    said: list[float] = []
    steps: list[int] = []
    resumed = run(
        split(spoken),
        WHOLE,
        checkpoint=Checkpoint(output),
        resume=True,
        on_epoch=lambda row: said.append(row["epoch"]),
        on_step=steps.append,
    )
    assert said == list(range(1, 13))
    assert sum(steps) == 12 * 4
    for row, expected in zip(resumed.history, trained.history, strict=True):
        assert row == pytest.approx(expected, abs=1e-5)
    assert resumed.best_epoch == trained.best_epoch
    for weight, expected in zip(
        resumed.model.get_weights(), trained.model.get_weights(), strict=True
    ):
        assert weight == pytest.approx(expected, abs=1e-5)


def test_a_checkpoint_of_another_training_is_refused(
    spoken: Table, quick: TrainConfig, tmp_path: Path
) -> None:
    config = replace(quick, epochs=1)
    checkpoint = Checkpoint(tmp_path / "m.keras")
    run(split(spoken), config, checkpoint=checkpoint)
    relabelled = spoken.copy()
    relabelled["y"] = np.roll(relabelled["y"], 1)
    others = [
        (split(spoken), replace(config, lr=1e-4)),
        (split(spoken), replace(config, seed=1)),
        (TrainingData(spoken, of_speakers(spoken, *TRAIN)), config),
        (split(relabelled), config),
    ]
    for data, options in others:
        with pytest.raises(SerError, match=r"m\.keras\.ckpt: .*other data or options"):
            run(data, options, checkpoint=checkpoint, resume=True)
    # The checkpoint is still there for whoever repeats the options.
    assert run(split(spoken), config, checkpoint=checkpoint, resume=True).epochs == 1


def test_validation_clips_do_not_touch_the_scaler(spoken: Table, quick: TrainConfig) -> None:
    spec = spoken_spec_without_normalisation()
    table = make_table(
        48,
        frames=20,
        coefficients=5,
        spec=spec,
        y=["sad", "angry"] * 24,
        speaker=[f"{i // 6:02d}" for i in range(48)],
    )
    poisoned = table.copy()
    watched = of_speakers(table, "06", "07")
    poisoned["x"][watched] = 1e5
    chosen = of_speakers(table, "00", "01", "02", "03", "04", "05")
    config = replace(quick, epochs=1)
    layers = [
        run(TrainingData(t, chosen, watched), config).model.get_layer("standardise")
        for t in (table, poisoned)
    ]
    expected = table["x"][chosen].mean(axis=(0, 1))
    for layer in layers:
        assert np.asarray(layer.mean).ravel() == pytest.approx(expected, abs=1e-5)


def spoken_spec_without_normalisation() -> Any:
    from ser.features.spec import FeatureSpec

    return FeatureSpec(n_mels=5)


def test_what_is_not_trained_on_changes_nothing(spoken: Table, quick: TrainConfig) -> None:
    config = replace(quick, epochs=1)
    poisoned = spoken.copy()
    poisoned["x"][of_speakers(spoken, *WATCHED)] = np.nan
    chosen = of_speakers(spoken, *TRAIN)
    one, other = (run(TrainingData(t, chosen), config) for t in (spoken, poisoned))
    assert same(one.model, other.model)


def test_a_validation_table_of_its_own(spoken: Table, quick: TrainConfig) -> None:
    apart = spoken[of_speakers(spoken, *WATCHED)]
    rest = spoken[of_speakers(spoken, *TRAIN)]
    config = replace(quick, epochs=2)
    inside = run(split(spoken), config)
    outside = run(
        TrainingData(rest, np.arange(len(rest)), np.arange(len(apart)), validation_table=apart),
        config,
    )
    assert outside.history == inside.history
    apart = apart.copy()
    apart["y"] = "boredom"
    with pytest.raises(TableError, match="boredom"):
        run(TrainingData(rest, np.arange(len(rest)), np.arange(len(apart)), apart), config)


def test_unlabelled_clips_are_left_out(spoken: Table, quick: TrainConfig) -> None:
    config = replace(quick, epochs=1)
    chosen = of_speakers(spoken, *TRAIN)
    table = spoken.copy()
    table["y"][chosen[::4]] = ""
    some = run(TrainingData(table, chosen), config)
    without = run(TrainingData(spoken, np.delete(chosen, slice(None, None, 4))), config)
    assert some.labels == without.labels
    assert same(some.model, without.model)


def test_pooled_tables_are_learned_from() -> None:
    table = spoken_table(POOLED)
    result = run(split(table), replace(CONFIG, epochs=10, options=SLIM))
    assert result.model.input_shape == (None, 1, 96)
    assert max(row["val_uar"] for row in result.history) > 0.7, result.history


def test_balanced_weights_help_the_rare(spoken: Table, quick: TrainConfig) -> None:
    rare = (spoken["y"] == "sad") & (np.arange(len(spoken)) % 4 > 0)
    chosen = np.setdiff1d(of_speakers(spoken, *TRAIN), np.flatnonzero(rare))
    config = replace(quick, epochs=1, batch_size=8)
    plain, balanced = (
        run(TrainingData(spoken, chosen), replace(config, class_weight=weight))
        for weight in ("none", "balanced")
    )
    assert not same(plain.model, balanced.model)
    watched = Examples(spoken, of_speakers(spoken, *WATCHED), plain.labels)
    sad = label_indices(["sad"], plain.labels)[0]
    assert (
        predict(balanced.model, watched)[:, sad].mean()
        > predict(plain.model, watched)[:, sad].mean()
    )


def test_one_emotion_is_nothing_to_learn(spoken: Table, quick: TrainConfig) -> None:
    with pytest.raises(TableError, match="one emotion alone \\(sad\\)"):
        run(TrainingData(spoken, np.flatnonzero(spoken["y"] == "sad")), quick)
    table = spoken.copy()
    table["y"] = ""
    with pytest.raises(TableError, match="no labelled records"):
        run(split(table), quick)


def test_features_that_are_not_numbers_end_the_training(spoken: Table, quick: TrainConfig) -> None:
    table = spoken.copy()
    table["x"][3, 2, 1] = np.nan
    with pytest.raises(TableError, match=r"01/neutral-3\.wav: .*not numbers"):
        run(TrainingData(table, np.arange(len(table))), quick)
    table["x"][3, 2, 1] = 0
    table["x"][95, 2, 1] = np.inf
    with pytest.raises(TableError, match=r"08/angry-3\.wav: .*not numbers"):
        run(split(table), quick)


def test_a_training_that_runs_away_says_so(spoken: Table, quick: TrainConfig) -> None:
    with pytest.raises(SerError, match="loss that is not a number; lower --lr"):
        run(split(spoken), replace(quick, lr=1e38))


def test_the_artifact_has_no_optimiser(trained: TrainedNetwork) -> None:
    assert getattr(trained.model, "optimizer", None) is None


def test_speakers_are_known_by_their_corpus() -> None:
    table = make_table(4, speaker=["1", "1", "", "2"], corpus=["a", "b", "b", "b"])
    assert training_speakers(table, np.arange(4)) == ["a/1", "b/1", "b/2"]
    assert training_speakers(table, np.array([0, 2])) == ["a/1"]
