"""The trials of a search in an SQLite file, through Optuna."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ser.errors import SerError, missing_package
from ser.models.base import Value
from ser.models.former_names import with_current_names, with_former_names
from ser.training.tuning.space import SearchRange, Space
from ser.training.tuning.trial import Trial, TrialOutcome

_NAME = "ser-train"
_FINGERPRINT = "fingerprint"

# Random trials before the sampler uses their scores.
_RANDOM_TRIALS = 8

# Suffixes of the files of an SQLite database that was not closed.
_SUFFIXES = ("", "-journal", "-wal", "-shm")


def load_optuna() -> Any:
    """Imports Optuna, and disables its messages.

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
    # Errors are raised as exceptions as well; an interruption during a query would be logged.
    logging.getLogger("sqlalchemy").setLevel(logging.CRITICAL + 1)
    return optuna


def rename_existing(database: Path) -> Path | None:
    """Renames the file of an older search, so that a new one does not overwrite it.

    Returns:
        Its new name; None if there was none.
    """
    if not database.exists():
        return None
    old = database.with_name(database.name + ".old")
    for suffix in _SUFFIXES:
        # SQLite would replay a journal that is left behind into the new file.
        with contextlib.suppress(FileNotFoundError):
            database.with_name(database.name + suffix).replace(old.with_name(old.name + suffix))
    return old


class Study:
    """A search and its SQLite file; an interrupted search in the file is resumed.

    Proposals depend on the seed and the finished trials alone, so a resumed search has the same
    trials as an uninterrupted one. The first trial is the configuration as it is, so that the
    search cannot end below it.

    Args:
        database: The SQLite file; its folder is made if it is missing.
        arch: The architecture. The file has its hyperparameters under the names that they had
            first, so that a search that was begun before they were renamed can be resumed.
        space: The search space.
        first: The values of the first trial; those that are missing are drawn.
        fingerprint: What must be the same when the search is resumed, by its name in a message.
        seed: The seed of the proposals.

    Raises:
        SerError: The file cannot be opened, is no search, or is one with another fingerprint.
        DependencyError: Optuna is not installed.
    """

    def __init__(
        self,
        database: Path,
        arch: str,
        space: Space,
        first: Mapping[str, Value],
        fingerprint: Mapping[str, str],
        seed: int,
    ) -> None:
        self._optuna = load_optuna()
        self._database = database
        self._arch = arch
        self._space = space
        self._seed = seed
        self._trial: Any = None
        with self._errors():
            database.parent.mkdir(parents=True, exist_ok=True)
            self._storage = self._optuna.storages.RDBStorage(
                # Not used: the creator opens the file. An address cannot express every file name.
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
            self._check_fingerprint(fingerprint)
            states = self._optuna.trial.TrialState
            for stale in self._study.get_trials(deepcopy=False, states=(states.RUNNING,)):
                self._study.tell(stale.number, state=states.FAIL)
            self.trials = self._finished()
            waiting = self._study.get_trials(deepcopy=False, states=(states.WAITING,))
            if not self.trials and not waiting:
                self._study.enqueue_trial(with_former_names(arch, first))

    def ask(self) -> dict[str, Value]:
        """Begins a trial.

        Returns:
            The values to try, by the names of the space.
        """
        with self._errors():
            # A seed for each trial: the state of a random generator is lost in an interruption.
            seed = np.random.SeedSequence((self._seed, len(self.trials))).generate_state(1)[0]
            self._study.sampler = self._optuna.samplers.TPESampler(
                seed=int(seed),
                n_startup_trials=_RANDOM_TRIALS,
                multivariate=True,
                constant_liar=False,
            )
            self._trial = self._study.ask()
            stored = with_former_names(self._arch, self._space)
            values = {name: _suggest(self._trial, name, r) for name, r in stored.items()}
            return with_current_names(self._arch, values)

    def report(self, step: int, score: float) -> None:
        """Stores an intermediate score of the current trial.

        Args:
            step: The number of the epoch over all folds, from 0.
            score: Higher is better.
        """
        with self._errors():
            self._trial.report(score, step)

    def tell(
        self, outcome: TrialOutcome, score: float | None, folds: list[float], seconds: float
    ) -> Trial:
        """Ends the current trial.

        Args:
            outcome: How it ended.
            score: The score of a complete trial.
            folds: The UAR of each fold; see `Trial`.
            seconds: How long it took.

        Returns:
            The trial, which is the last of `trials` now.
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
        """Discards the current trial after an interruption; a resumed search begins it again."""
        if self._trial is None:
            return
        with self._errors():
            # The interruption may have come just after the trial was ended.
            failed = self._optuna.trial.TrialState.FAIL
            self._study.tell(self._trial, state=failed, skip_if_finished=True)
            self._trial = None

    def close(self) -> None:
        """Closes the file."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _finished(self) -> list[Trial]:
        states = self._optuna.trial.TrialState
        found = self._study.get_trials(deepcopy=False, states=(states.COMPLETE, states.PRUNED))
        return [_to_trial(i, frozen, self._arch) for i, frozen in enumerate(found, start=1)]

    def _check_fingerprint(self, fingerprint: Mapping[str, str]) -> None:
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
        """Turns errors of the database into a `SerError`, and suppresses warnings."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            with warnings.catch_warnings():
                # Optuna warns of features that it calls experimental.
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


def _to_trial(number: int, frozen: Any, arch: str) -> Trial:
    steps = dict(sorted(frozen.intermediate_values.items()))
    attributes = frozen.user_attrs
    score = frozen.value if frozen.value is not None else next(reversed(steps.values()), None)
    return Trial(
        number,
        with_current_names(arch, frozen.params),
        attributes["outcome"],
        score,
        tuple(attributes["folds"]),
        steps,
        attributes["seconds"],
    )
