"""What ``ser-train --tune`` adds: its options, and what is said while it searches."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from ser.cli.common import Console
from ser.errors import interruptions

if TYPE_CHECKING:
    from ser.training.config import TrainConfig
    from ser.training.crossval import NestedSearch
    from ser.training.loop import TrainingData
    from ser.training.tuning.search import SearchResult
    from ser.training.tuning.trial import Trial

F = TypeVar("F", bound=Callable[..., Any])

_UNITS = {"h": 3600, "m": 60, "s": 1}


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
    """What the options of the search say.

    Attributes:
        trials: How many configurations are tried.
        seconds: After which no further one is begun, or None.
        folds: Inner folds.
        epochs: Epochs of a trial, or None for those of the training.
        database: The file of the search, or None for the one beside the output.
        csv: A table of the trials, or None.
        picture: A picture of the search, or None.
        fixed: Hyperparameters that the user has given.
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
        """Says how hyperparameters are chosen inside the folds of a cross-validation.

        Args:
            epochs: Of the training.
        """
        from ser.training.crossval import NESTED_PROTOCOL

        limit = "" if self.seconds is None else f" in {self.seconds / 60:.4g} minutes"
        return (
            f"{NESTED_PROTOCOL} (best of up to {self.trials} trials{limit} on {self.folds} inner folds of "
            f"{self.epochs or epochs} epochs)"
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
            type=click.Path(dir_okay=False),
            show_default="MODEL.keras.tune.db",
            help="The SQLite file of the search, which --resume continues.",
        ),
        click.option(
            "--tune-csv",
            metavar="FILE",
            type=click.Path(allow_dash=True),
            help="Write a CSV row per trial.",
        ),
        click.option(
            "--plot-search",
            metavar="FILE",
            type=click.Path(),
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
        settings: What else was given: ``NAME=VALUE`` texts of ``--set``, and names alone.

    Returns:
        None where no search is asked for.

    Raises:
        click.UsageError: An option means nothing beside the others.
        SerError: The picture's name is not one.
        DependencyError: Optuna is not installed.
    """

    def given(name: str) -> bool:
        return context.get_parameter_source(name) is ParameterSource.COMMANDLINE

    if values["tune"] is None:
        for name in values:
            if given(name):
                raise click.UsageError(f"--{name.replace('_', '-')} means nothing without --tune.")
        return None
    if given("cv"):
        for name in ("tune_db", "tune_csv", "plot_search"):
            if given(name):
                raise click.UsageError(
                    f"--{name.replace('_', '-')} means nothing with --cv: every fold has a search "
                    "of its own, in fold-N.keras.tune.db."
                )
    picture = None
    if values["plot_search"] is not None:
        from ser.viz.figure import check_target

        picture = Path(values["plot_search"])
        check_target(picture)
    from ser.training.config import COMMON
    from ser.training.tuning.study import load_optuna

    # Before the table is read, not after it.
    load_optuna()
    fixed = {name for name in COMMON if given(name)}
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
    """Searches, and says how it goes.

    Args:
        console: For messages.
        name: The table, for messages.
        data: What the training learns from.
        config: The training to improve.
        tuning: How to search.
        output: The artifact that will be written.
        resume: Continue an interrupted search.
        device: Where to train.

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
        f"{name}: up to {how.trials} trials of {how.folds} inner folds and {epochs} epochs on "
        f"{len(data.train)} training clips"
    )
    told = -1
    with console.progress(how.trials * each, "epoch", "search") as bar:

        def say(trials: list[Trial]) -> None:
            nonlocal told
            if told < 0 and trials:
                console.info(f"{database}: continued after {len(trials)} trials")
            elif trials:
                console.info(_line(trials, how.trials))
                console.detail(f"  {_values(trials[-1].values)}")
            told = len(trials)
            # A trial that was given up has left some of its epochs out.
            bar.update(min(told, how.trials) * each - bar.done)

        def epoch(fold: int, row: Mapping[str, float]) -> None:
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
                    on_trials=say,
                    on_epoch=epoch,
                )
        except KeyboardInterrupt:
            if database.exists():
                console.info(
                    f"{database}: kept with {max(0, told)} finished trials; continue with --resume"
                )
            raise
    _report(console, tuning, found, output)
    return found


def nested(
    console: Console, name: str, config: TrainConfig, tuning: Tuning, *, resume: bool, device: Any
) -> NestedSearch:
    """Gives the way to tune inside every fold of a cross-validation.

    Args:
        console: For messages.
        name: The table, for messages.
        config: The training to improve.
        tuning: How to search.
        resume: Continue an interrupted search.
        device: Where to train.
    """
    from ser.training.checkpoint import Checkpoint
    from ser.training.crossval import NestedSearch
    from ser.training.tuning.report import card_entry

    def make(data: TrainingData, artifact: Path) -> tuple[TrainConfig, dict[str, Any]]:
        found = tune(console, name, data, config, tuning, artifact, resume=resume, device=device)
        if found.begun:
            # What an interrupted training of an earlier best trial has left is not this one's.
            Checkpoint(artifact).clear()
        return found.config, {"tuning": card_entry(found)}

    return NestedSearch(tuning.protocol(config.epochs), make)


def _report(console: Console, tuning: Tuning, found: SearchResult, output: Path) -> None:
    if len(found.trials) < tuning.trials:
        console.note(f"--tune-time: over after {len(found.trials)} of {tuning.trials} trials")
    score = found.best.score or 0.0
    console.info(
        f"best of {len(found.trials)} trials: number {found.best.number}, UAR {score:.3f} "
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
    after = f" after {len(trial.steps)} epochs" if trial.outcome != "complete" else ""
    far = "none yet" if best is None else f"{best.score:.3f} of trial {best.number}"
    return f"trial {trial.number}/{count}:{how} {score}{after}, best {far}"


def _values(values: Mapping[str, Any], names: Collection[str] | None = None) -> str:
    def short(value: Any) -> str:
        return f"{value:.3g}" if isinstance(value, float) else str(value)

    return ", ".join(f"{name} {short(values[name])}" for name in names or values if name in values)
