"""Several folds at the same time, each in a process of its own.

A small network keeps few cores busy: half of a step waits for the other half. Two of them on one
core each are trained a quarter to a third faster than one after the other on both.
"""

from __future__ import annotations

import collections
import contextlib
import mmap
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from pathlib import Path

import numpy as np

from ser.dataset.table import Table, read_table, write_table
from ser.errors import SerError
from ser.models.backend import limit_threads
from ser.parallel.pool import Raised, Worker, prepare, usable_cores
from ser.training.fold import Fold, Scored

# Seconds between looks at what the trainings have left in their checkpoints.
_LOOK = 0.5


@dataclass(frozen=True, slots=True)
class Watch:
    """Who is told how a cross-validation goes.

    Attributes:
        on_fold: Called with a fold's number and its training clips when it begins.
        on_step: Called with the number of steps done since the last call.
        on_epoch: Called with a fold's number and a row of its history.
    """

    on_fold: Callable[[int, int], None]
    on_step: Callable[[int], None]
    on_epoch: Callable[[int, dict[str, float]], None]


def abreast(
    table: Table, folds: Sequence[Fold], jobs: int, watch: Watch, *, resume: bool
) -> dict[int, Scored]:
    """Trains and scores folds in processes, which share the cores.

    Args:
        table: The table that is divided. The processes map it from its file; what is in memory
            alone is written to one for the time.
        folds: The folds.
        jobs: How many at the same time.
        watch: Told from the calling thread, an epoch at a time.
        resume: Continue interrupted trainings.

    Returns:
        What was found, by the folds' numbers.

    Raises:
        SerError: As `Fold.train`; or a process has died. Finished folds and checkpoints stay.
    """
    waiting = collections.deque(folds)
    busy: dict[int, tuple[Worker[Fold, Scored], Fold]] = {}
    told = {fold.number: 0 for fold in folds}
    found: dict[int, Scored] = {}
    prepare("ser.training.parallel_folds")
    with _in_file(table, folds[0].folder) as path:
        work = _Work(path, max(1, usable_cores() // jobs), resume)
        try:
            while waiting or busy:
                while waiting and len(busy) < jobs:
                    fold = waiting.popleft()
                    watch.on_fold(fold.number, len(fold.rest(table)))
                    if not resume:
                        # Nobody shall take an older training's epochs for this one's.
                        fold.checkpoint.clear()
                    worker: Worker[Fold, Scored] = Worker(work)
                    busy[fold.number] = worker, fold
                    worker.give(range(1), [fold])
                pipes = {worker.pipe: fold for worker, fold in busy.values()}
                ready = wait(list(pipes), timeout=_LOOK)
                for _, fold in busy.values():
                    _look(fold, table, told, watch)
                for pipe in ready:
                    fold = pipes[pipe]  # type: ignore[index]  # what is ready is one of the pipes
                    worker, _ = busy[fold.number]
                    found[fold.number] = _outcome(worker, fold)
                    worker.end()
                    del busy[fold.number]
                    # Its last rows may have gone with the checkpoint before anybody looked.
                    watch.on_step(fold.steps(table) * (fold.config.epochs - told[fold.number]))
        finally:
            for worker, _ in busy.values():
                worker.end()
    return found


@dataclass(frozen=True, slots=True)
class _Work:
    """Trains one fold; runs in a process of its own.

    Attributes:
        table: The file.
        threads: How many cores it may keep busy.
        resume: Continue an interrupted training.
    """

    table: Path
    threads: int
    resume: bool

    def __call__(self, fold: Fold) -> Scored:
        limit_threads(self.threads)
        return fold.train(read_table(self.table), resume=self.resume)


def _look(fold: Fold, table: Table, told: dict[int, int], watch: Watch) -> None:
    """Tells the epochs that a training has finished since it was looked at last."""
    rows = fold.checkpoint.history()
    for row in rows[told[fold.number] :]:
        watch.on_step(fold.steps(table))
        watch.on_epoch(fold.number, row)
    told[fold.number] = max(told[fold.number], len(rows))


def _outcome(worker: Worker[Fold, Scored], fold: Fold) -> Scored:
    try:
        (outcome,) = worker.receive()
    except (EOFError, OSError) as error:
        raise SerError(
            f"fold {fold.number}",
            "has taken its process down, perhaps for want of memory",
            "use fewer --jobs, and --resume to keep the other folds",
        ) from error
    if isinstance(outcome, Raised):
        raise outcome.error
    return outcome


@contextlib.contextmanager
def _in_file(table: Table, folder: Path) -> Iterator[Path]:
    """Yields a file that holds a table."""
    # A part of a mapped table has another one for its base.
    if isinstance(table, np.memmap) and isinstance(table.base, mmap.mmap) and table.filename:
        yield Path(table.filename)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".table-", dir=folder) as place:
        path = Path(place, "table.npy")
        write_table(path, table)
        yield path
