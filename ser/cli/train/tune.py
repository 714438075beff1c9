"""``ser-train --tune``: options of the search for hyperparameters, and what is said meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ser.cli.common import Console
from ser.cli.exclusive import Excludes, Needs, is_given
from ser.cli.paths import OutputPath
from ser.errors import interruptions
from ser.wording import counted

if TYPE_CHECKING:
    from ser.training.config import TrainConfig
    from ser.training.crossval import NestedSearch
    from ser.training.loop import TrainingData
    from ser.training.tuning.search import SearchResult
    from ser.training.tuning.trial import Trial

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"h": 3600, "m": 60, "s": 1}

TUNING_RULES = (
    Needs(
        (
            "--tune-time",
            "--tune-folds",
            "--tune-epochs",
            "--tune-db",
            "--tune-csv",
            "--plot-search",
        ),
        "--tune",
    ),
    Excludes(
        ("--tune-db", "--tune-csv", "--plot-search"),
        "--cv",
        "every fold has a search of its own, in fold-N.keras.tune.db",
    ),
)
"""Which of the options of the search exclude or need others."""


def _seconds(_: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """Reads a time such as ``2h``, ``90m``, ``30s`` or ``1h30m``."""
    if value is None:
        return None
    parts = re.findall(r"(\d+(?:\.\d+)?)([hms])", value)
    if not parts or "".join(number + unit for number, unit in parts) != value:
        raise click.BadParameter(f"{value} is not a time such as 2h, 90m or 30s.", param=parameter)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@dataclass(frozen=True, slots=True)
class Tuning:
    """The options of the search.

    Attributes:
        trials: The number of configurations that are tried.
        seconds: Time after which no further trial is begun; None for no limit.
        folds: Inner folds.
        epochs: Epochs of a trial; None for those of the training.
        database: The file of the search; None for the one beside the artifact.
        csv: A CSV file for the trials, or None.
        picture: A picture of the search, or None.
        fixed: Hyperparameters that the user has given, which are not searched.
    """

    trials: int
    seconds: float | None
    folds: int
    epochs: int | None
    database: Path | None
    csv: str | None
    picture: Path | None
    fixed: frozenset[str]

    def protocol(self, epochs: int) -> str:
        """Describes the search inside the folds of a cross-validation.

        Args:
            epochs: Epochs of the training.
        """
        from ser.training.crossval import NESTED_PROTOCOL

        limit = "" if self.seconds is None else f" in {self.seconds / 60:.4g} minutes"
        return (
            f"{NESTED_PROTOCOL} (best of up to {self.trials} trials{limit} on {self.folds} inner "
            f"folds of {counted(self.epochs or epochs, 'epoch')})"
        )


def tune_options(function: F) -> F:
    """Adds ``--tune`` and what belongs to it; `read_tuning` reads their values."""
    options = (
        click.option(
            "--tune",
            metavar="TRIALS",
            type=click.IntRange(1),
            help="Search for hyperparameters first: so many configurations are tried on inner "
            "folds of the training clips, speakers apart, and the best is trained. What you give "
            "yourself (--lr, --set ...) is not searched.",
        ),
        click.option(
            "--tune-time",
            metavar="TIME",
            callback=_seconds,
            help="Begin no further trial after this time, as in 2h, 90m or 30s.",
        ),
        click.option(
            "--tune-folds",
            type=click.IntRange(2),
            default=3,
            show_default=True,
            help="Inner folds that each trial is scored on.",
        ),
        click.option(
            "--tune-epochs",
            type=click.IntRange(1),
            show_default="--epochs",
            help="Epochs of each training of a trial.",
        ),
        click.option(
            "--tune-db",
            metavar="FILE",
            type=OutputPath(dir_okay=False),
            show_default="MODEL.keras.tune.db",
            help="The SQLite file of the search, which --resume continues.",
        ),
        click.option(
            "--tune-csv",
            metavar="FILE",
            type=OutputPath(allow_dash=True),
            help="Write a CSV row per trial.",
        ),
        click.option(
            "--plot-search",
            metavar="FILE",
            type=OutputPath(),
            help="Draw the trials' scores, in order and against each hyperparameter.",
        ),
    )
    for option in reversed(options):
        function = option(function)
    return function


def read_tuning(
    context: click.Context, values: Mapping[str, Any], settings: Sequence[str]
) -> Tuning | None:
    """Reads the options of `tune_options`.

    Args:
        context: Of the command: it knows which options were given.
        values: Of these options, by name.
        settings: Hyperparameters that were given with ``--set``, as ``NAME=VALUE`` or ``NAME``.

    Returns:
        None without ``--tune``.

    Raises:
        SerError: The picture's name is not one.
        DependencyError: Optuna is not installed.
    """
    if values["tune"] is None:
        return None
    picture = None
    if values["plot_search"] is not None:
        from ser.viz.figure import check_target

        picture = Path(values["plot_search"])
        check_target(picture, "plot_search")
    from ser.training.config import COMMON
    from ser.training.tuning.study import load_optuna

    # Imported here, so that a missing package is reported before the table is read.
    load_optuna()
    fixed = {name for name in COMMON if is_given(context, f"--{name.replace('_', '-')}")}
    fixed |= {setting.partition("=")[0] for setting in settings}
    database = values["tune_db"]
    return Tuning(
        values["tune"],
        values["tune_time"],
        values["tune_folds"],
        values["tune_epochs"],
        None if database is None else Path(database),
        values["tune_csv"],
        picture,
        frozenset(fixed),
    )


def tune(
    console: Console,
    name: str,
    data: TrainingData,
    config: TrainConfig,
    tuning: Tuning,
    output: Path,
    *,
    resume: bool,
    device: Any,
) -> SearchResult:
    """Searches for hyperparameters, and reports every trial.

    Args:
        console: The console.
        name: The name of the table.
        data: The training records.
        config: The configuration to improve.
        tuning: The options of the search.
        output: The artifact that will be written.
        resume: Continue an interrupted search.
        device: The device to train on.

    Raises:
        SerError: As `ser.training.tuning.search.search`.
    """
    from ser.training.tuning.search import SearchConfig, search
    from ser.training.tuning.study import rename_existing

    database = tuning.database or output.with_name(output.name + ".tune.db")
    old = None if resume else rename_existing(database)
    if old is not None:
        console.note(f"{database}: not continued and now {old.name}, for --resume is not given")
    how = SearchConfig(tuning.trials, tuning.seconds, tuning.folds, tuning.epochs)
    epochs = how.epochs or config.epochs
    each = how.folds * epochs
    console.info(
        f"{name}: up to {counted(how.trials, 'trial')} of {how.folds} inner folds and "
        f"{counted(epochs, 'epoch')} on {counted(len(data.train), 'training clip')}"
    )
    reported = -1
    with console.progress(how.trials * each, "epoch", "search") as bar:

        def report_trial(trials: list[Trial]) -> None:
            nonlocal reported
            if reported < 0 and trials:
                console.info(f"{database}: continued after {counted(len(trials), 'trial')}")
            elif trials:
                console.info(_line(trials, how.trials))
                console.detail(f"  {_values(trials[-1].values)}")
            reported = len(trials)
            # A pruned trial has fewer epochs.
            bar.update(min(reported, how.trials) * each - bar.done)

        def report_epoch(fold: int, row: Mapping[str, float]) -> None:
            bar.update(1)
            console.detail(
                f"  fold {fold}, epoch {int(row['epoch'])}/{epochs}: UAR {row['val_uar']:.3f}"
            )

        try:
            with interruptions():
                found = search(
                    data,
                    config,
                    how,
                    database,
                    fixed=tuning.fixed,
                    device=device,
                    name=name,
                    on_trials=report_trial,
                    on_epoch=report_epoch,
                )
        except KeyboardInterrupt:
            if database.exists():
                console.info(
                    f"{database}: kept with {max(0, reported)} finished trials; "
                    "continue with --resume"
                )
            raise
    _report(console, tuning, found, output)
    return found


def nested_search(
    console: Console, name: str, config: TrainConfig, tuning: Tuning, *, resume: bool, device: Any
) -> NestedSearch:
    """Makes the search inside every fold of a cross-validation.

    Args:
        console: The console.
        name: The name of the table.
        config: The configuration to improve.
        tuning: The options of the search.
        resume: Continue an interrupted search.
        device: The device to train on.
    """
    from ser.training.checkpoint import Checkpoint
    from ser.training.crossval import NestedSearch
    from ser.training.tuning.report import card_entry

    def choose(data: TrainingData, artifact: Path) -> tuple[TrainConfig, dict[str, Any]]:
        found = tune(console, name, data, config, tuning, artifact, resume=resume, device=device)
        if found.begun:
            # The checkpoint of an earlier best trial is of another configuration.
            Checkpoint(artifact).clear()
        return found.config, {"tuning": card_entry(found)}

    return NestedSearch(tuning.protocol(config.epochs), choose)


def _report(console: Console, tuning: Tuning, found: SearchResult, output: Path) -> None:
    if len(found.trials) < tuning.trials:
        console.note(f"--tune-time: over after {len(found.trials)} of {tuning.trials} trials")
    score = found.best.score or 0.0
    trials = counted(len(found.trials), "trial")
    console.info(
        f"best of {trials}: number {found.best.number}, UAR {score:.3f} "
        f"(optimistic, for it was chosen by it): {_values(found.best.values, found.space)}"
    )
    if tuning.csv is not None:
        from ser.training.tuning.report import write_trials

        write_trials(tuning.csv, found)
    if tuning.picture is not None:
        from ser.viz.search import draw_search

        title = f"Search: {found.config.arch}"
        draw_search(tuning.picture, found.trials, found.space, title, found.protocol)


def _line(trials: Sequence[Trial], count: int) -> str:
    from ser.training.tuning.trial import best_trial

    trial, best = trials[-1], best_trial(list(trials))
    score = "no score" if trial.score is None else f"UAR {trial.score:.3f}"
    how = {"complete": "", "pruned": " given up at", "diverged": " diverged at"}[trial.outcome]
    after = f" after {counted(len(trial.steps), 'epoch')}" if trial.outcome != "complete" else ""
    far = "none yet" if best is None else f"{best.score:.3f} of trial {best.number}"
    return f"trial {trial.number}/{count}:{how} {score}{after}, best {far}"


def _values(values: Mapping[str, Any], names: Collection[str] | None = None) -> str:
    def short(value: Any) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return ", ".join(f"{name} {short(values[name])}" for name in names or values if name in values)
