"""Fitting in one step: what it learns, how sure it is, and what it may not look at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import POOLED, of_speakers, spoken_table
from tables import make_table

from ser.dataset.table import Table
from ser.inference.classifier import open_classifier
from ser.models.artifact import write_artifact
from ser.models.backend import load_keras
from ser.models.calibration import fit_temperature
from ser.training.batches import Examples
from ser.training.card import make_card
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, TrainingData, predict, train
from ser.training.svm import calibration_folds, pool_clips
from ser.training.trainer import describe_problem

CONFIG = TrainConfig(arch="svm", epochs=1, patience=0)
TRAIN = ("01", "02", "03", "04", "05", "06")
WATCHED = ("07", "08")


@pytest.fixture(scope="module")
def pooled() -> Table:
    return spoken_table(POOLED)


def split(table: Table) -> TrainingData:
    return TrainingData(table, of_speakers(table, *TRAIN), of_speakers(table, *WATCHED))


def run(data: TrainingData, config: TrainConfig = CONFIG, **more: Any) -> TrainedNetwork:
    return train(data, config, device="cpu", **more)


def same(one: Any, other: Any) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_it_learns_what_speakers_have_in_common(pooled: Table, kernel: str) -> None:
    steps: list[int] = []
    config = replace(CONFIG, options={"kernel": kernel})
    result = run(split(pooled), config, on_step=steps.append)
    [row] = result.history
    assert list(row) == ["epoch", "accuracy", "loss", "val_loss", "val_accuracy", "val_uar"]
    assert row["val_uar"] > 0.7
    assert row["accuracy"] > 0.9
    assert result.epochs == result.best_epoch == 1
    assert sum(steps) == 72 // config.batch_size


def test_tables_with_a_time_axis_are_pooled_by_the_network(spoken: Table) -> None:
    result = run(split(spoken))
    assert result.model.input_shape == (None, 34, 24)
    assert result.history[0]["val_uar"] > 0.7


def test_the_artifact_runs_on_both_engines(spoken: Table, tmp_path: Path) -> None:
    result = run(split(spoken))
    card = make_card(spoken, split(spoken).train, CONFIG, result, protocol="-")
    assert write_artifact(tmp_path / "m.keras", result.model, card)
    x = np.array(spoken["x"][:20])
    one, other = (
        open_classifier(tmp_path / "m.keras", engine, "cpu").probabilities(x)  # type: ignore[arg-type]
        for engine in ("litert", "keras")
    )
    assert np.abs(one - other).max() < 1e-4


def test_nothing_but_training_clips_decides(pooled: Table) -> None:
    poisoned = pooled.copy()
    poisoned["x"][of_speakers(pooled, *WATCHED)] = 1e5
    chosen = of_speakers(pooled, *TRAIN)
    one, other = (run(TrainingData(t, chosen)) for t in (pooled, poisoned))
    assert same(one.model, other.model)
    # Scale and standardisation are no weights.
    examples = Examples(pooled, chosen, one.labels)
    assert np.array_equal(predict(one.model, examples), predict(other.model, examples))


def test_probabilities_fit_decisions_about_speakers_set_aside(pooled: Table) -> None:
    # Emotions by lot for half of the clips: a machine that trusted its own clips would be sure.
    table = pooled.copy()
    rng = np.random.default_rng(0)
    mixed = rng.random(len(table)) < 0.5
    table["y"][mixed] = rng.permutation(table["y"][mixed])
    result = run(split(table))
    watched = Examples(table, of_speakers(table, *WATCHED), result.labels)
    answers = predict(result.model, watched)
    # Hotter than 1 would mean too sure; the training clips alone would ask for much colder.
    assert 0.5 < fit_temperature(answers, watched.targets) < 2
    trained = Examples(table, of_speakers(table, *TRAIN), result.labels)
    assert fit_temperature(predict(result.model, trained), trained.targets) < 0.5


def parts_of(table: Table) -> list[Any]:
    examples = Examples(table, np.arange(len(table)), tuple(sorted(set(table["y"].tolist()))))
    return calibration_folds(
        examples, pool_clips(load_keras("cpu"), describe_problem(examples), examples), 0
    )


def test_inner_parts_keep_speakers_and_copies_apart() -> None:
    table = make_table(60, y=["sad", "angry"] * 30, speaker=[f"{i // 10}" for i in range(60)])
    parts = parts_of(table)
    assert sorted(np.concatenate(parts).tolist()) == list(range(60))
    voices = [set(table["speaker"][part].tolist()) for part in parts]
    assert len(parts) == 3
    assert not voices[0] & voices[1] | voices[1] & voices[2] | voices[0] & voices[2]
    # Nobody is known: clips are apart, but no clip from its copy.
    table["speaker"] = ""
    table["path"] = [f"{i // 2}" for i in range(60)]
    table["augment"] = ["", "noise"] * 30
    for part in parts_of(table):
        assert set(part.tolist()) == {i ^ 1 for i in part.tolist()}
    assert parts_of(table[:4]) == []


def test_one_voice_and_a_handful_of_clips_are_enough(pooled: Table) -> None:
    few = of_speakers(pooled, "01")
    assert run(TrainingData(pooled, few)).history[0]["accuracy"] > 0.9
    result = run(TrainingData(pooled, few[[0, 5]]))
    assert result.history[0]["accuracy"] == 1
    assert len(result.labels) == 2


def test_balanced_weights_help_the_rare(pooled: Table) -> None:
    rare = (pooled["y"] == "sad") & (np.arange(len(pooled)) % 8 > 0)
    chosen = np.setdiff1d(of_speakers(pooled, *TRAIN), np.flatnonzero(rare))
    # Weak machines: with strong ones these emotions are told apart by whatever weight.
    config = replace(CONFIG, options={"C": 0.02})
    plain, balanced = (
        run(TrainingData(pooled, chosen), replace(config, class_weight=weight))  # type: ignore[arg-type]
        for weight in ("none", "balanced")
    )
    watched = Examples(pooled, of_speakers(pooled, *WATCHED), plain.labels)
    sad = plain.labels.index("sad")
    truly = watched.targets == sad
    recalls = [
        (predict(result.model, watched).argmax(axis=1) == sad)[truly].mean()
        for result in (plain, balanced)
    ]
    assert recalls[1] > recalls[0]


def test_resumed_and_repeated(pooled: Table, tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "m.keras")
    one = run(split(pooled), checkpoint=checkpoint)
    said: list[float] = []
    resumed = run(
        split(pooled),
        checkpoint=checkpoint,
        resume=True,
        on_epoch=lambda row: said.append(row["epoch"]),
    )
    assert said == [1]
    assert same(one.model, resumed.model)
    # More epochs than one find nothing more to do.
    longer = run(split(pooled), replace(CONFIG, epochs=2))
    assert same(one.model, longer.model)
    first, second = ({**row, "epoch": 0.0} for row in longer.history)
    assert first == second
