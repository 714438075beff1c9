"""The trials of a search in an SQLite file, through Optuna."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np

from ser.errors import SerError, missing_package
from ser.models.base import Value
from ser.training.tuning.space import SearchRange, Space
from ser.training.tuning.trial import Trial, TrialOutcome

_NAME = "ser-train"
_FINGERPRINT = "fingerprint"

# Trials by lot before the sampler begins to learn from them.
_BY_LOT = 8

# What SQLite keeps beside a database that was not closed.
_COMPANIONS = ("", "-journal", "-wal", "-shm")


def load_optuna() -> Any:
    """Imports Optuna, which then says nothing by itself.

    Raises:
        DependencyError: It is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import optuna
    except ModuleNotFoundError as error:
        raise missing_package("--tune", error.name) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Of what goes wrong there an exception tells; a Ctrl-C amid a query is logged besides.
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL + 1)
    return optuna


def rename_existing(database: Path) -> Path | None:
    """Renames an older search, so that a new one can begin and nothing is lost.

    Returns:
        Its new name; None where there was none.
    """
    if not database.exists():
        return None
    old = database.with_name(database.name + ".old")
    for suffix in _COMPANIONS:
        # A journal left behind would be played back into the new file.
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + suffix).replace(old.with_name(old.name + suffix))
    return old


class Study:
    """A search in its file: made, or continued where an interrupted one left it.

    What is proposed depends on the seed and on the finished trials alone, so a continued search
    goes the way that an unbroken one would have gone. The first trial is the configuration as it
    is, so that the search cannot end below it.

    Args:
        database: The SQLite file; its folder is made where it is missing.
        space: Where to look.
        first: The values of the first trial; those that are missing are drawn.
        fingerprint: What must be the same when the search is continued, by what it is called.
        seed: Of the proposals.

    Raises:
        SerError: The file cannot be opened, is no search, or is one with another fingerprint.
        DependencyError: Optuna is not installed.
    """

    def __init__(
        self,
        database: Path,
        space: Space,
        first: Mapping[str, Value],
        fingerprint: Mapping[str, str],
        seed: int,
    ) -> None:
        self._optuna = load_optuna()
        self._database = database
        self._space = space
        self._seed = seed
        self._trial: Any = None
        with self._errors():
            database.parent.mkdir(parents=True, exist_ok=True)
            self._storage = self._optuna.storages.RDBStorage(
                # The address is not used: one that says any name of a file there is not.
                "sqlite:///search.db",
                engine_kwargs={"creator": lambda: sqlite3.connect(database)},
            )
            self._study = self._optuna.create_study(
                storage=self._storage,
                study_name=_NAME,
                direction="maximize",
                load_if_exists=True,
                pruner=self._optuna.pruners.NopPruner(),
            )
            self._insist(fingerprint)
            states = self._optuna.trial.TrialState
            for stale in self._study.get_trials(deepcopy=False, states=(states.RUNNING,)):
                self._study.tell(stale.number, state=states.FAIL)
            self.trials = self._finished()
            waiting = self._study.get_trials(deepcopy=False, states=(states.WAITING,))
            if not self.trials and not waiting:
                self._study.enqueue_trial(dict(first))

    def ask(self) -> dict[str, Value]:
        """Begins a trial.

        Returns:
            The values to try, by the names of the space.
        """
        with self._errors():
            # Of its own for each trial: an interrupted search cannot take up a generator.
            seed = np.random.SeedSequence((self._seed, len(self.trials))).generate_state(1)[0]
            self._study.sampler = self._optuna.samplers.TPESampler(
                seed=int(seed), n_startup_trials=_BY_LOT, multivariate=True, constant_liar=False
            )
            self._trial = self._study.ask()
            return {name: _suggest(self._trial, name, r) for name, r in self._space.items()}

    def report(self, step: int, score: float) -> None:
        """Keeps a score on the way of the trial that was begun.

        Args:
            step: From 0, ever higher.
            score: Higher is better.
        """
        with self._errors():
            self._trial.report(score, step)

    def tell(
        self, outcome: TrialOutcome, score: float | None, folds: list[float], seconds: float
    ) -> Trial:
        """Ends the trial that was begun.

        Args:
            outcome: How it ended.
            score: Of a complete trial.
            folds: See `Trial`.
            seconds: How long it took.

        Returns:
            The trial; it is the last of `trials` now.
        """
        states = self._optuna.trial.TrialState
        with self._errors():
            self._trial.set_user_attr("outcome", outcome)
            self._trial.set_user_attr("folds", folds)
            self._trial.set_user_attr("seconds", round(seconds, 1))
            if outcome == "complete":
                self._study.tell(self._trial, score)
            else:
                self._study.tell(self._trial, state=states.PRUNED)
            self._trial = None
            self.trials = self._finished()
        return self.trials[-1]

    def give_up(self) -> None:
        """Leaves the trial that was begun to the next run, as after an interruption."""
        if self._trial is None:
            return
        with self._errors():
            # The interruption may have come when it had just been told how it ended.
            failed = self._optuna.trial.TrialState.FAIL
            self._study.tell(self._trial, state=failed, skip_if_finished=True)
            self._trial = None

    def close(self) -> None:
        """Lets go of the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _finished(self) -> list[Trial]:
        states = self._optuna.trial.TrialState
        found = self._study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
        return [_to_trial(i, frozen) for i, frozen in enumerate(found, start=1)]

    def _insist(self, fingerprint: Mapping[str, str]) -> None:
        attributes = self._study.user_attrs
        known = attributes.get(_FINGERPRINT)
        if known is None:
            if self._study.get_trials(deepcopy=False):
                raise SerError(self._database, "is not a search of ser-train", "name another file")
            self._study.set_user_attr(_FINGERPRINT, dict(fingerprint))
            return
        other = [name for name, value in fingerprint.items() if known.get(name) != value]
        if other:
            raise SerError(
                self._database,
                f"is a search with another {', another '.join(other)}",
                "repeat the table and the options of the interrupted search, or start anew "
                "without --resume",
            )

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Turns what a broken file brings about into a message, and holds back warnings."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with warnings.catch_warnings():
                # Optuna calls what it has had for years experimental.
                warnings.simplefilter("ignore")
                yield
        except OSError as error:
            raise self._unusable(error.strerror or error) from error
        except (SQLAlchemyError, self._optuna.exceptions.StorageInternalError) as error:
            cause = getattr(error, "orig", None) or error.__cause__ or error
            raise self._unusable(cause) from error
        except RuntimeError as error:
            if "version" not in str(error) and "schema" not in str(error):
                raise
            raise self._unusable("it was written by another version of Optuna") from error

    def _unusable(self, cause: object) -> SerError:
        return SerError(
            self._database,
            f"cannot be used as the file of a search ({' '.join(str(cause).split())})",
            "check the folder and free space, or name another file",
        )


def _suggest(trial: Any, name: str, found: SearchRange) -> Value:
    if found.choices:
        chosen: Value = trial.suggest_categorical(name, found.choices)
        return chosen
    if found.integer:
        return int(trial.suggest_int(name, int(found.low), int(found.high), log=found.log))
    return float(trial.suggest_float(name, found.low, found.high, log=found.log))


def _to_trial(number: int, frozen: Any) -> Trial:
    steps = dict(sorted(frozen.intermediate_values.items()))
    attributes = frozen.user_attrs
    score = frozen.value if frozen.value is not None else next(reversed(steps.values()), None)
    return Trial(
        number,
        dict(frozen.params),
        attributes["outcome"],
        score,
        tuple(attributes["folds"]),
        steps,
        attributes["seconds"],
    )


# When a trial is given up: the median stopping rule.

# Fewer finished trials than this have no median worth the name.
_LEAST_TRIALS = 4

# Scores of one epoch jump; a trial is judged by its last few.
_RECENT = 3


def should_prune(
    scores: Mapping[int, float], finished: Sequence[Mapping[int, float]], *, warmup: int = 0
) -> bool:
    """Says whether a trial lies behind the median of the finished ones at the same point.

    The rule is that of Golovin et al., "Google Vizier", KDD 2017, section 3.2.2, with means over
    the last three reports on both sides. Optuna's own `MedianPruner` compares a trial's best report
    so far; folds are not equally hard, so that a trial which did well on an easy first fold would
    never be given up on the others.

    Args:
        scores: What the trial has reported so far, higher is better, by step.
        finished: The same of each trial that was not given up.
        warmup: Steps, from 0, before which nothing is decided.
    """
    step = max(scores)
    if step < warmup:
        return False
    others = [_recent_mean(other, step) for other in finished if step in other]
    return len(others) >= _LEAST_TRIALS and _recent_mean(scores, step) < median(others)


def _recent_mean(scores: Mapping[int, float], step: int) -> float:
    return fmean(scores[s] for s in range(step - _RECENT + 1, step + 1) if s in scores)
