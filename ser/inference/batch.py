"""Runs a batch: what is there already is left alone, and no recording stops the others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

from ser.errors import SerError
from ser.inference.jobs import Job
from ser.inference.worker import MODULES, Filer, Outcome, Teller, crashed
from ser.parallel import dask, pool

Work = Callable[[Job], Outcome]
Share = Callable[[Work, Sequence[Job]], Generator[tuple[int, Outcome], None, None]]
"""How work is shared: gives the index and the outcome of every job, as they come."""


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a batch.

    Attributes:
        recordings: Those that were to do, without the `kept` ones.
        kept: How many had their results already.
        seconds: How much sound was heard.
        failures: What is wrong with the others, in the order of the jobs.
    """

    recordings: int
    kept: int
    seconds: float
    failures: tuple[tuple[Job, SerError], ...]


def make_results(
    jobs: Sequence[Job],
    work: Filer,
    share: Share,
    *,
    resume: bool = False,
    begin: Callable[[Sequence[Job]], None] = lambda todo: None,
    progress: Callable[[Job, Outcome], None] = lambda job, outcome: None,
    on_end: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Makes the results of all recordings.

    A result appears under its name when it is whole, so that what is there needs no second look:
    `resume` leaves a recording alone if all of its results are there. It does not ask with which
    options they were made.

    Args:
        jobs: The recordings.
        work: What is done with each.
        share: Who does it: `here`, or `ser.parallel.dask`.
        resume: Leave alone what is done.
        begin: Called once, with what is to do.
        progress: Called for each recording that is finished.
        on_end: Called with the report, also where the batch ends early; a report of what was done
            until then.

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
    ordered = sorted(range(len(todo)), key=lambda index: -todo[index].size)
    failures: dict[int, SerError] = {}
    seconds = 0.0
    try:
        outcomes = share(work, [todo[index] for index in ordered])
        with contextlib.closing(outcomes):
            for position, outcome in outcomes:
                index = ordered[position]
                seconds += outcome.seconds
                if outcome.error is not None:
                    failures[index] = outcome.error
                progress(todo[index], outcome)
    finally:
        # Also of what is done: a worker that died may have been at it before another one was.
        work.place.tidy([job.name for job in todo], work.token)
        report = Report(
            len(todo),
            len(jobs) - len(todo),
            seconds,
            tuple((todo[index], failures[index]) for index in sorted(failures)),
        )
        on_end(report)
    return report


def here(
    work: Filer | Teller, jobs: Sequence[Job], processes: int, *, in_order: bool = False
) -> Generator[tuple[int, Outcome], None, None]:
    """Shares work among processes of this machine.

    Args:
        work: What to do with each recording.
        jobs: The recordings.
        processes: How many at a time; each opens the model once. With one, or one recording, all
            is done in this process.
        in_order: Give outcomes in the order of the jobs.

    Yields:
        The index of a job, and its outcome.
    """
    if not pool.pays(processes, len(jobs), 1):
        with pool.one_thread():
            for index, job in enumerate(jobs):
                yield index, work(job)
        return
    pool.prepare(*MODULES)
    if in_order:
        found = pool.ordered(work, jobs, processes, crashed, batch=1)
        with contextlib.closing(found):
            yield from enumerate(found)
    else:
        anyhow = pool.finished(work, jobs, processes, crashed, batch=1)
        with contextlib.closing(anyhow):
            yield from anyhow


# A batch on many machines.

# Small recordings are handed over together: so many, or so many bytes of them.
_MOST = 16
_BYTES = 4 << 20


def far(
    work: Filer | Teller, jobs: Sequence[Job], address: str, *, in_order: bool = False
) -> Generator[tuple[int, Outcome], None, None]:
    """Shares work among the workers of a cluster; see `ser.inference.batch.here`.

    Args:
        work: What to do with each recording.
        jobs: The recordings; the workers must find them where this machine does.
        address: The scheduler's.
        in_order: Give outcomes in the order of the jobs.

    Yields:
        The index of a job, and its outcome.

    Raises:
        SerError: The cluster cannot be reached, has no workers, or other versions.
    """
    mean = sum(job.size for job in jobs) / max(len(jobs), 1)
    batch = min(_MOST, max(1, int(_BYTES / max(mean, 1.0))))
    share = dask.ordered if in_order else dask.finished
    with contextlib.closing(share(work, jobs, address, crashed, batch=batch)) as found:
        yield from found
