"""The search: repeatable, honest about speakers, continued where it stopped, refused elsewhere."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eager import eager_steps
from spoken import CONFIG, Small, of_speakers

from ser.dataset.table import Table, speaker_keys
from ser.errors import SerError, TableError
from ser.models import registry
from ser.models.base import Problem, option
from ser.training.config import TrainConfig
from ser.training.loop import TrainingData
from ser.training.tuning.search import SearchConfig, SearchResult, inner_folds, search
from ser.training.tuning.trial import Trial

pytestmark = pytest.mark.usefixtures("without_graphs")

THREE = SearchConfig(3, folds=2)


@dataclass(frozen=True)
class Deaf(Small):
    """Learns nothing at all if it is told so."""

    name = "deaf"
    deaf: bool = option(False, "hear nothing", choices=(False, True))

    def build(self, keras: Any, problem: Problem) -> Any:
        if not self.deaf:
            return super().build(keras, problem)
        entry = keras.Input((problem.frames, problem.coefficients))
        x = keras.layers.Rescaling(0.0)(keras.layers.Flatten()(entry))
        x = keras.layers.Dense(problem.classes, activation="softmax")(x)
        return keras.Model(entry, x)


@pytest.fixture
def quick(small: str) -> TrainConfig:
    return replace(CONFIG, arch=small, lr=5e-3, epochs=1)


@pytest.fixture
def data(spoken: Table) -> TrainingData:
    return TrainingData(spoken, np.arange(len(spoken)))


def run(
    data: TrainingData, config: TrainConfig, how: SearchConfig, database: Path, **more: Any
) -> SearchResult:
    return search(data, config, how, database, device="cpu", **more)


@pytest.fixture(scope="module")
def whole(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    """Three trials of a network that trains in a moment."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "ARCHITECTURES", {"small": Small})
        return run(
            TrainingData(spoken, np.arange(len(spoken))),
            replace(CONFIG, arch="small", lr=5e-3, epochs=1),
            THREE,
            tmp_path_factory.mktemp("search") / "new" / "whole.db",
        )


def told(trials: tuple[Trial, ...]) -> list[Any]:
    return [(t.number, t.values, t.outcome, t.score, t.folds, t.steps) for t in trials]


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_inner_folds_share_no_speaker(spoken: Table, count: int, seed: int) -> None:
    chosen = of_speakers(spoken, "01", "02", "03", "04", "05", "06")
    folds = inner_folds(TrainingData(spoken, chosen), count, seed)
    assert folds.by == "speaker"
    assert len(folds.parts) == count
    keys = np.array(speaker_keys(spoken))
    for learnt, scored in folds.parts:
        assert not set(keys[learnt]) & set(keys[scored])
        assert sorted([*learnt, *scored]) == sorted(chosen)
    # Every clip is scored once, and clips that are not trained on are in none.
    assert sorted(np.concatenate([scored for _, scored in folds.parts])) == sorted(chosen)


def test_copies_are_learnt_from_and_never_scored(spoken: Table) -> None:
    table = np.concatenate([spoken, spoken])
    table["augment"][len(spoken) :] = "noise"
    for learnt, scored in inner_folds(TrainingData(table, np.arange(len(table))), 2, 0).parts:
        assert set(table["augment"][scored]) == {""}
        assert set(table["augment"][learnt]) == {"", "noise"}
        assert not set(table["speaker"][learnt]) & set(table["speaker"][scored])


def test_clips_without_speaker_or_emotion(spoken: Table) -> None:
    table = spoken.copy()
    table["speaker"][:5] = ""
    table["y"][7] = ""
    folds = inner_folds(TrainingData(table, np.arange(len(table))), 2, 0)
    assert folds.by == "clip"
    assert 7 not in np.concatenate([*folds.parts[0], *folds.parts[1]])


def test_folds_that_cannot_be(spoken: Table) -> None:
    with pytest.raises(TableError, match="too few for 9 sides"):
        inner_folds(TrainingData(spoken, np.arange(len(spoken))), 9, 0, name="t.npy")
    table = spoken.copy()
    table["y"][of_speakers(table, "01")] = "boredom"
    with pytest.raises(SerError, match="leaves no training clip of boredom"):
        inner_folds(TrainingData(table, np.arange(len(table))), 2, 0)


def test_a_continued_search_comes_to_the_trials_of_an_unbroken_one(
    whole: SearchResult, data: TrainingData, quick: TrainConfig, tmp_path: Path
) -> None:
    assert [t.number for t in whole.trials] == [1, 2, 3]
    assert whole.begun == 3
    # The first is the configuration as it was.
    assert whole.trials[0].values == pytest.approx(
        {"lr": 5e-3, "weight_decay": 1e-3, "label_smoothing": 0.1}
    )
    epochs = 0

    def stop(fold: int, row: dict[str, float]) -> None:
        nonlocal epochs
        epochs += 1
        if epochs == 4:
            raise KeyboardInterrupt

    # In the second fold of the second trial, as Ctrl-C would.
    database = tmp_path / "broken.db"
    with pytest.raises(KeyboardInterrupt):
        run(data, quick, THREE, database, on_epoch=stop)
    known: list[int] = []
    rest = run(data, quick, THREE, database, on_trials=lambda trials: known.append(len(trials)))
    assert known == [1, 2, 3]
    assert rest.begun == 2
    assert told(rest.trials) == told(whole.trials)
    assert rest.config == whole.config
    again = run(data, quick, THREE, database)
    assert again.begun == 0
    assert told(again.trials) == told(whole.trials)


def test_the_score_is_the_mean_of_the_last_epochs(
    data: TrainingData, quick: TrainConfig, tmp_path: Path
) -> None:
    rows: list[tuple[int, float, float]] = []
    found = run(
        data,
        replace(quick, epochs=60, patience=1),
        SearchConfig(1, folds=3, epochs=2),
        tmp_path / "s.db",
        on_epoch=lambda fold, row: rows.append((fold, row["epoch"], row["val_uar"])),
    )
    assert [row[:2] for row in rows] == [(f, e) for f in (1, 2, 3) for e in (1, 2)]
    last = [uar for _, epoch, uar in rows if epoch == 2]
    assert found.best.folds == pytest.approx(last)
    assert found.best.score == pytest.approx(np.mean(last))
    # The training itself keeps its epochs and its patience.
    assert (found.config.epochs, found.config.patience) == (60, 1)
    assert "3 inner folds (speakers apart) of 96 training clips of 8 speakers" in found.protocol
    assert "last of 2 epochs" in found.protocol


def test_other_clips_change_nothing(spoken: Table, quick: TrainConfig, tmp_path: Path) -> None:
    chosen = of_speakers(spoken, "01", "02", "03", "04")
    aside = of_speakers(spoken, "05", "06")
    changed = spoken.copy()
    changed["x"][len(chosen) :] = np.nan
    one, other = (
        run(TrainingData(t, chosen, aside), quick, replace(THREE, trials=1), tmp_path / f"{i}.db")
        for i, t in enumerate((spoken, changed))
    )
    assert told(one.trials) == told(other.trials)


def test_hopeless_trials_are_given_up(
    data: TrainingData, quick: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "ARCHITECTURES", {"deaf": Deaf})
    epochs: Counter[int] = Counter()
    found = run(
        data,
        replace(quick, arch="deaf", epochs=2),
        SearchConfig(8, folds=2),
        tmp_path / "s.db",
        fixed=("lr", "weight_decay"),
        on_epoch=lambda fold, row: epochs.update([fold]),
    )
    outcomes = [trial.outcome for trial in found.trials]
    assert outcomes[:4] == ["complete"] * 4
    given_up = [trial for trial in found.trials if trial.outcome == "pruned"]
    assert given_up
    assert found.best.values["deaf"] is False
    assert found.config.options == {"deaf": False}
    # Whoever hears nothing is at chance and stays behind.
    late = [t for t in found.trials[4:] if t.values["deaf"]]
    assert all(trial.outcome == "pruned" for trial in late)
    for trial in given_up:
        assert 1 < len(trial.steps) < 4
        assert trial.score == list(trial.steps.values())[-1]
    assert sum(epochs.values()) == sum(len(trial.steps) for trial in found.trials)


def test_trials_that_diverge(data: TrainingData, quick: TrainConfig, tmp_path: Path) -> None:
    seen: list[Trial] = []
    # Eager functions refuse such a rate by themselves.
    without_trial = pytest.raises(SerError, match=r"s\.db: holds no trial that was trained to its")
    with eager_steps(False), without_trial:
        run(
            data,
            replace(quick, lr=1e38),
            replace(THREE, trials=2),
            tmp_path / "s.db",
            on_trials=lambda trials: seen.extend(trials[-1:]),
        )
    assert [(t.outcome, t.score, t.folds) for t in seen] == [("diverged", None, ())] * 2


def test_no_trial_begins_after_the_time(
    data: TrainingData, quick: TrainConfig, tmp_path: Path
) -> None:
    found = run(data, quick, replace(THREE, trials=50, seconds=1e-3), tmp_path / "s.db")
    # One there has to be.
    assert [trial.outcome for trial in found.trials] == ["complete"]


def test_another_search_is_refused(
    spoken: Table, data: TrainingData, quick: TrainConfig, tmp_path: Path
) -> None:
    database = tmp_path / "s.db"
    one = replace(THREE, trials=1)
    run(data, quick, one, database)
    relabelled = spoken.copy()
    relabelled["y"] = np.roll(relabelled["y"], 1)
    other = TrainingData(relabelled, data.train)
    cases: list[tuple[TrainingData, TrainConfig, SearchConfig, dict[str, Any], str]] = [
        (other, quick, one, {}, "another table;"),
        (data, replace(quick, arch="cnn"), one, {}, "another architecture, another set"),
        (data, replace(quick, batch_size=8), one, {}, "another setting;"),
        (data, quick, replace(one, folds=3), {}, "another number of inner folds;"),
        (data, quick, replace(one, epochs=2), {}, "another number of epochs;"),
        (data, replace(quick, seed=1), one, {}, "another seed;"),
        (data, quick, one, {"fixed": ("lr",)}, "another set of hyperparameters, another setting;"),
    ]
    for records, config, how, more, words in cases:
        with pytest.raises(SerError, match=r"s\.db: is a search with another") as caught:
            run(records, config, how, database, **more)
        assert words in str(caught.value)
    # And it is as it was.
    assert run(data, quick, one, database).begun == 0


def test_features_that_are_not_numbers_end_the_search(
    spoken: Table, quick: TrainConfig, tmp_path: Path
) -> None:
    table = spoken.copy()
    table["x"][3, 2, 1] = np.nan
    with pytest.raises(TableError, match="not numbers"):
        run(TrainingData(table, np.arange(len(table))), quick, THREE, tmp_path / "s.db")
