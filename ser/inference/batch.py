"""Runs a batch: existing results are left alone, and no recording stops the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from ser.errors import SerError
from ser.inference.classification import import_analysis
from ser.inference.jobs import Job
from ser.inference.worker import AnalysisOutcome, ReturnResults, WriteResults, crashed
from ser.parallel import dask, pool

Work = WriteResults | ReturnResults

# Small recordings are handed to a cluster together: so many, or so many bytes of them.
_CLUSTER_BATCH = 16
_CLUSTER_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Workers:
    """Who analyzes the recordings of a batch.

    Attributes:
        processes: Processes of this machine; each opens the model once. With one, or with one
            recording, all is done in this process.
        cluster: The address of a Dask scheduler whose workers do it instead, or None. They must
            find the recordings where this machine does.
    """

    processes: int = 1
    cluster: str | None = None

    def map(
        self, work: Work, jobs: Sequence[Job], *, in_order: bool
    ) -> Generator[tuple[int, AnalysisOutcome], None, None]:
        """Does the work for every job.

        Args:
            work: What to do with each recording.
            jobs: The recordings.
            in_order: Give outcomes in the order of the jobs, and not as they come.

        Yields:
            The index of a job, and its outcome.

        Raises:
            SerError: What `work` raised; or the cluster cannot be reached, has no workers, or has
                other versions.
        """
        if self.cluster is not None:
            mean = sum(job.size for job in jobs) / max(len(jobs), 1)
            batch = min(_CLUSTER_BATCH, max(1, int(_CLUSTER_BYTES / max(mean, 1.0))))
            return dask.map_items(work, jobs, self.cluster, crashed, batch=batch, in_order=in_order)
        return pool.map_items(
            work,
            jobs,
            self.processes,
            crashed,
            batch=1,
            in_order=in_order,
            preload=[import_analysis],
        )


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of a batch.

    Attributes:
        recordings: How many there were to do, without those in `skipped`.
        skipped: How many had their results already.
        seconds: How much sound was analyzed.
        failures: The recordings that failed and why, in the order of the jobs.
    """

    recordings: int
    skipped: int
    seconds: float
    failures: tuple[tuple[Job, SerError], ...]


def run_batch(
    jobs: Sequence[Job],
    work: WriteResults,
    workers: Workers,
    *,
    resume: bool = False,
    begin: Callable[[Sequence[Job]], None] = lambda todo: None,
    progress: Callable[[Job, AnalysisOutcome], None] = lambda job, outcome: None,
    on_end: Callable[[BatchReport], None] = lambda report: None,
) -> BatchReport:
    """Makes the results of all recordings, each in files of its own.

    A result appears under its name when it is whole, so that an existing one needs no second look:
    `resume` leaves a recording alone if all of its results exist. It does not compare the options
    with which they were made.

    Args:
        jobs: The recordings.
        work: What is done with each.
        workers: Who does it.
        resume: Leave recordings alone whose results exist.
        begin: Called once, with what is to do.
        progress: Called for each recording that is finished.
        on_end: Called with the report of what was done, also where the batch ends early.

    Returns:
        The report.

    Raises:
        SerError: Nothing can be written there, or nobody is left to do the work.
    """
    work.place.check()
    todo = list(jobs)
    if resume:
        there = work.place.existing([name for job in jobs for name in work.names(job)])
        todo = [job for job in jobs if not there.issuperset(work.names(job))]
    begin(todo)
    # The longest first: at the end nobody waits for one who has just begun with it.
    by_size = sorted(range(len(todo)), key=lambda index: -todo[index].size)
    failures: dict[int, SerError] = {}
    seconds = 0.0
    try:
        outcomes = workers.map(work, [todo[index] for index in by_size], in_order=False)
        with contextlib.closing(outcomes):
            for position, outcome in outcomes:
                index = by_size[position]
                seconds += outcome.seconds
                if outcome.error is not None:
                    failures[index] = outcome.error
                progress(todo[index], outcome)
    finally:
        # Also for what is done: a worker that died may have been at it before another one was.
        work.place.remove_leftovers([job.name for job in todo], work.token)
        report = BatchReport(
            len(todo),
            len(jobs) - len(todo),
            seconds,
            tuple((todo[index], failures[index]) for index in sorted(failures)),
        )
        on_end(report)
    return report
