"""Several folds at the same time, each in a process of its own.

A small network keeps few cores busy: half of a step waits for the other half. Two of them on one
core each are trained a quarter to a third faster than one after the other on both.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ser.dataset.table import Table, mapped_file, read_table, write_table
from ser.errors import SerError
from ser.models.backend import limit_threads
from ser.parallel.forkserver import prepare
from ser.parallel.pool import ProcessExecutor
from ser.parallel.resources import usable_cores
from ser.parallel.scheduler import Scheduler
from ser.training.fold import Fold, FoldPredictions

# Seconds between looks at what the trainings have left in their checkpoints.
_POLL_INTERVAL = 0.5


@dataclass(frozen=True, slots=True)
class FoldCallbacks:
    """What is called while a cross-validation goes on.

    Attributes:
        on_fold: Called with a fold's number and its training clips when it begins.
        on_step: Called with the number of steps done since the last call.
        on_epoch: Called with a fold's number and a row of its history.
    """

    on_fold: Callable[[int, int], None]
    on_step: Callable[[int], None]
    on_epoch: Callable[[int, dict[str, float]], None]


def train_folds(
    table: Table, folds: Sequence[Fold], jobs: int, callbacks: FoldCallbacks, *, resume: bool
) -> dict[int, FoldPredictions]:
    """Trains and scores folds in processes, which share the cores.

    Args:
        table: The table that is divided. The processes map it from its file; one that is in memory
            alone is written to a temporary file.
        folds: The folds.
        jobs: How many at the same time.
        callbacks: Called from the calling thread, an epoch at a time.
        resume: Continue interrupted trainings.

    Returns:
        The outcome of each fold, by its number.

    Raises:
        SerError: As `Fold.train`; or a process has died. Finished folds and checkpoints stay.
    """
    if not resume:
        # The epochs of an older training must not be taken for those of this one.
        for fold in folds:
            fold.checkpoint.clear()
    progress = _Progress(table, callbacks)
    found: dict[int, FoldPredictions] = {}
    with _in_file(table, folds[0].folder) as path:
        work = _Training(path, max(1, usable_cores() // jobs), resume)
        prepare(work=work)
        # What a training leaves in a process shall not be in the way of the next one.
        executor = ProcessExecutor(work, jobs, reuse=False, timeout=_POLL_INTERVAL)
        with contextlib.closing(executor):
            scheduler = Scheduler(
                executor,
                folds,
                _crashed,
                in_order=False,
                retry=False,
                on_submit=progress.begin,
                on_wait=progress.update,
            )
            for index, scored in scheduler.results():
                progress.end(folds[index])
                found[folds[index].number] = scored
    return found


@dataclass(frozen=True, slots=True)
class _Training:
    """Trains one fold; runs in a process of its own.

    Attributes:
        table: The file.
        threads: How many cores it may keep busy.
        resume: Continue an interrupted training.
    """

    table: Path
    threads: int
    resume: bool

    def __call__(self, fold: Fold) -> FoldPredictions:
        limit_threads(self.threads)
        return fold.train(read_table(self.table), resume=self.resume)


def _crashed(fold: Fold) -> FoldPredictions:
    raise SerError(
        f"fold {fold.number}",
        "has taken its process down, perhaps for want of memory",
        "use fewer --jobs, and --resume to keep the other folds",
    )


class _Progress:
    """Reports the epochs of trainings that run, by what is in their checkpoints."""

    def __init__(self, table: Table, callbacks: FoldCallbacks) -> None:
        self._table = table
        self._callbacks = callbacks
        self._running: list[Fold] = []
        self._epochs: dict[int, int] = {}

    def begin(self, folds: Sequence[Fold]) -> None:
        """Reports that trainings begin."""
        for fold in folds:
            self._callbacks.on_fold(fold.number, len(fold.training_records(self._table)))
            self._running.append(fold)
            self._epochs[fold.number] = 0

    def update(self) -> None:
        """Reports the epochs that were finished since the last call."""
        for fold in self._running:
            rows = fold.checkpoint.history()
            for row in rows[self._epochs[fold.number] :]:
                self._callbacks.on_step(fold.steps_per_epoch(self._table))
                self._callbacks.on_epoch(fold.number, row)
            self._epochs[fold.number] = max(self._epochs[fold.number], len(rows))

    def end(self, fold: Fold) -> None:
        """Reports the steps of a finished training that were not reported.

        Its last rows may have gone with the checkpoint before anybody looked.
        """
        self._running.remove(fold)
        missing = fold.config.epochs - self._epochs[fold.number]
        self._callbacks.on_step(fold.steps_per_epoch(self._table) * missing)


@contextlib.contextmanager
def _in_file(table: Table, folder: Path) -> Iterator[Path]:
    """Yields a file that holds a table."""
    mapped = mapped_file(table)
    if mapped is not None:
        yield mapped
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".table-", dir=folder) as place:
        path = Path(place, "table.npy")
        write_table(path, table)
        yield path
