"""A batch on many machines."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence

from ser import cluster
from ser.batch.jobs import Job
from ser.batch.work import Filer, Outcome, Teller, crashed

# Small recordings are handed over together: so many, or so many bytes of them.
_MOST = 16
_BYTES = 4 << 20


def far(
    work: Filer | Teller, jobs: Sequence[Job], address: str, *, in_order: bool = False
) -> Generator[tuple[int, Outcome], None, None]:
    """Shares work among the workers of a cluster; see `ser.batch.run.here`.

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
    share = cluster.ordered if in_order else cluster.finished
    with contextlib.closing(share(work, jobs, address, crashed, batch=batch)) as found:
        yield from found
