"""The search for hyperparameters: trials on inner folds of the training clips."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from ser.arrays import Indices
from ser.dataset.groups import By, originals, train_indices
from ser.dataset.split import make_folds
from ser.dataset.table import Table, spec_of
from ser.errors import SerError
from ser.models.backend import Device, load_keras
from ser.models.former_names import with_former_names
from ser.training.config import AUGMENT, TrainConfig
from ser.training.loop import TrainingData, train, training_speakers
from ser.training.trainer import DivergedError
from ser.training.tuning.pruning import should_prune
from ser.training.tuning.space import Space, initial_values, search_space
from ser.training.tuning.study import Study
from ser.training.tuning.trial import Trial, TrialOutcome, best_trial
from ser.wording import counted


@dataclass(frozen=True, slots=True)
class SearchConfig:
    """The budget of a search, and how trials are scored.

    Attributes:
        trials: The number of trials, including those of an interrupted run.
        seconds: Time after which no further trial is begun in this run; None for no limit.
        folds: Inner folds of the training clips.
        epochs: Epochs of each training of a trial; None for those of the training itself.
    """

    trials: int
    seconds: float | None = None
    folds: int = 3
    epochs: int | None = None


@dataclass(frozen=True, slots=True)
class InnerFolds:
    """Folds of the training clips; each clip is tested in one of them.

    Attributes:
        by: Whether speakers or only clips are disjoint.
        parts: For each fold the record numbers of its training and of its test clips.
    """

    by: By
    parts: tuple[tuple[Indices, Indices], ...]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The outcome of a search.

    Attributes:
        config: The configuration of the training with the best trial's hyperparameters.
        best: The best trial.
        trials: All trials; the first is the configuration as it was.
        space: The search space.
        protocol: Describes how the trials were scored.
        begun: The number of trials that this run began.
    """

    config: TrainConfig
    best: Trial
    trials: tuple[Trial, ...]
    space: Space
    protocol: str
    begun: int


def search(
    data: TrainingData,
    config: TrainConfig,
    how: SearchConfig,
    database: Path,
    *,
    fixed: Collection[str] = (),
    device: Device = "auto",
    name: object = "table",
    on_trials: Callable[[list[Trial]], None] = lambda trials: None,
    on_epoch: Callable[[int, dict[str, float]], None] = lambda fold, row: None,
) -> SearchResult:
    """Searches the hyperparameters with the highest mean UAR on inner folds.

    Each trial is a cross-validation on the inner folds: it is scored by the mean of the UARs after
    the last epoch of each fold. No other clips are used, neither validation clips nor those of a
    test fold. Trials below the median are pruned (`ser.training.tuning.pruning`). Configurations
    are proposed by the tree-structured Parzen estimator (Bergstra et al., NeurIPS 2011) of Optuna
    (Akiba et al., KDD 2019).

    Args:
        data: The records; validation records are ignored.
        config: The configuration to improve.
        how: The budget and the folds.
        database: The SQLite file of the search. If it holds a search, that is continued.
        fixed: Hyperparameters that are not searched; see
            `ser.training.tuning.space.search_space`.
        device: The device to train on.
        name: The table's name in an error, usually its path.
        on_trials: Called with all finished trials, at the beginning and after each.
        on_epoch: Called with the number of the inner fold, from 1, and the row of each epoch.

    Raises:
        SerError: The clips cannot be divided so, the file is of another search, nothing is left to
            search, or no trial was trained to its end.
        DependencyError: Optuna is not installed.
    """
    started = time.monotonic()
    short = replace(config, epochs=how.epochs or config.epochs, patience=0)
    space = search_space(config, spec_of(data.table), fixed)
    folds = inner_folds(data, how.folds, config.seed, name=name)
    fingerprint = _fingerprint(data, short, space, folds)
    study = Study(
        database, config.arch, space, initial_values(config, space), fingerprint, config.seed
    )
    begun = 0
    try:
        on_trials(study.trials)
        while len(study.trials) < how.trials:
            late = how.seconds is not None and time.monotonic() - started >= how.seconds
            if late and best_trial(study.trials) is not None:
                break
            begun += 1
            _run_trial(study, data.table, folds, short, device, on_epoch)
            on_trials(study.trials)
    except BaseException:
        study.give_up()
        raise
    finally:
        study.close()
    best = best_trial(study.trials)
    if best is None:
        raise SerError(
            database, "holds no trial that was trained to its end", "allow more trials or more time"
        )
    return SearchResult(
        config.with_hyperparameters(best.values),
        best,
        tuple(study.trials),
        space,
        _protocol(data, short, folds),
        begun,
    )


def inner_folds(data: TrainingData, count: int, seed: int, *, name: object = "table") -> InnerFolds:
    """Divides the training records into folds, with disjoint speakers if all are known.

    Args:
        data: The records.
        count: The number of folds, at least 2.
        seed: The seed of the division.
        name: The table's name in an error.

    Raises:
        SerError: There are too few speakers, or a fold's training part lacks an emotion.
    """
    table, chosen = data.table, data.train
    chosen = chosen[np.asarray(table["y"])[chosen] != ""]
    known = bool(np.asarray(table["speaker"])[chosen].astype(bool).all())
    by: By = "speaker" if known else "clip"
    part = table if len(chosen) == len(table) else table[chosen]
    parts = []
    emotions = np.asarray(table["y"])
    for number, test in enumerate(make_folds(part, count, by=by, seed=seed, name=name).tests, 1):
        training, tested = chosen[train_indices(len(chosen), test)], chosen[test]
        missing = sorted(set(emotions[tested].tolist()) - set(emotions[training].tolist()))
        if missing:
            raise SerError(
                f"inner fold {number}",
                f"leaves no training clip of {', '.join(missing)}",
                "use more --tune-folds, or merge rare emotions with ser-merge --map",
            )
        parts.append((training, originals(table, tested)))
    return InnerFolds(by, tuple(parts))


def _run_trial(
    study: Study,
    table: Table,
    folds: InnerFolds,
    short: TrainConfig,
    device: Device,
    on_epoch: Callable[[int, dict[str, float]], None],
) -> Trial:
    """Runs one trial: a training per inner fold, until all are done or the trial is pruned."""
    started = time.monotonic()
    config = short.with_hyperparameters(study.ask())
    finished = [trial.steps for trial in study.trials if trial.outcome == "complete"]
    # The first epochs of the first fold are not meaningful.
    warmup, last = max(1, short.epochs // 3), len(folds.parts) * short.epochs - 1
    scores = _TrialScores(study, finished, warmup, last)
    outcome: TrialOutcome = "complete"
    try:
        for fold, (training, tested) in enumerate(folds.parts):

            def add_epoch(row: dict[str, float], fold: int = fold) -> None:
                on_epoch(fold + 1, row)
                scores.add_epoch(fold * short.epochs + int(row["epoch"]) - 1, row)

            data = TrainingData(table, training, tested)
            train(data, config, device=device, on_epoch=add_epoch)
            scores.end_fold()
    except _PrunedError:
        outcome = "pruned"
    except DivergedError:
        outcome = "diverged"
    finally:
        # Otherwise the networks of earlier trials stay in memory.
        load_keras(device).utils.clear_session()
    score = fmean(scores.folds) if outcome == "complete" else None
    return study.tell(outcome, score, scores.folds, time.monotonic() - started)


class _PrunedError(Exception):
    """The trial is pruned."""


class _TrialScores:
    """The scores of a trial, which is pruned if they are too low.

    Attributes:
        folds: The UAR of each fold after its last epoch.
    """

    def __init__(
        self, study: Study, finished: list[Mapping[int, float]], warmup: int, last: int
    ) -> None:
        self._study = study
        self._finished = finished
        self._warmup = warmup
        self._last = last
        self._scores: dict[int, float] = {}
        self._current = 0.0
        self.folds: list[float] = []

    def add_epoch(self, step: int, row: Mapping[str, float]) -> None:
        """Adds an epoch; the score so far is the mean over the folds begun.

        Raises:
            _PrunedError: The trial is pruned.
        """
        self._current = row["val_uar"]
        self._scores[step] = fmean([*self.folds, self._current])
        self._study.report(step, self._scores[step])
        # A trial is not pruned in its last epoch: others can then be compared with it.
        if step < self._last and should_prune(self._scores, self._finished, warmup=self._warmup):
            raise _PrunedError

    def end_fold(self) -> None:
        """Stores the score of the fold's last epoch."""
        self.folds.append(self._current)


def _fingerprint(
    data: TrainingData, config: TrainConfig, space: Space, folds: InnerFolds
) -> dict[str, str]:
    """Describes what must be the same when a search is resumed, by its name in a message."""
    digest = hashlib.blake2b(spec_of(data.table).to_json().encode(), digest_size=16)
    for name in ("corpus", "path", "start", "augment", "speaker", "y"):
        digest.update(repr(np.asarray(data.table[name])[data.train].tolist()).encode())
    kept = config.fingerprint_values()
    space = with_former_names(config.arch, space)
    for name in ("arch", "epochs", "patience", "seed", *space):
        kept.pop(name, None)
    kept["options"] = {k: v for k, v in kept["options"].items() if k not in space}
    kept["augment"] = {k: v for k, v in kept["augment"].items() if AUGMENT + k not in space}
    return {
        "table": digest.hexdigest(),
        "architecture": config.arch,
        "set of hyperparameters": json.dumps({name: str(r) for name, r in sorted(space.items())}),
        "setting": json.dumps(kept, sort_keys=True, default=str),
        "number of epochs": str(config.epochs),
        "number of inner folds": str(len(folds.parts)),
        "seed": str(config.seed),
    }


def _protocol(data: TrainingData, config: TrainConfig, folds: InnerFolds) -> str:
    clips = counted(len(data.train), "training clip")
    speakers = counted(len(training_speakers(data.table, data.train)), "speaker")
    apart = "speakers apart" if folds.by == "speaker" else "clips apart, speakers may be shared"
    return (
        f"mean UAR over {len(folds.parts)} inner folds ({apart}) of {clips} "
        f"of {speakers}, last of {counted(config.epochs, 'epoch')}, seed {config.seed}"
    )
