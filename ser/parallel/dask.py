"""Work shared among the workers of a Dask cluster.

A Dask scheduler (``dask scheduler``) knows workers (``dask worker tcp://host:8786 --nthreads 1``)
on any number of machines. All of them, and the scheduler's, need the same `ser`. The work of a
worker that dies is given to another one by the scheduler; a file that is written is renamed when it
is complete, so that work done twice does no harm.

Dask's messages are pickles: who reaches a scheduler can have anything run by its workers, by
itself, and by those who use it. It belongs into a network of people who trust each other, or behind
Dask's own TLS (``tls://``). What is sent from here are functions of this module, by name, and plain
data.
"""

from __future__ import annotations

import contextlib
import logging
import platform
import queue
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Generic, TypeVar

from ser import __version__
from ser.errors import SerError, missing_package
from ser.parallel import worker
from ser.parallel.pool import BATCH
from ser.parallel.resources import disable_nested_parallelism, limit_blas_threads
from ser.parallel.scheduler import Completion, Loss, Scheduler

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds: until a scheduler has to answer, until the first worker has to be there, and how long all
# of them may be gone before it is an error.
_CONNECT_TIMEOUT = 10.0
_FIRST_WORKER_TIMEOUT = 30.0
_NO_WORKERS_TIMEOUT = 60.0

# Batches per thread of the workers that are under way: the next is there when one is done.
_QUEUED = 4

# Seconds between two looks at the workers.
_POLL_INTERVAL = 5.0

# Results that are fetched at a time, and the seconds that this may take. Where their worker has
# died meanwhile, Dask goes on knocking at its door; asked again, it knows that it is gone and has
# another one compute them anew.
_FETCHED_TOGETHER = 32
_FETCH_TIMEOUT = 10.0

# What runs a network or computes features is not meant for threads: one at a time in each process.
_LOCK = threading.Lock()
_limited = False


def map_items(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    address: str,
    crashed: Callable[[Item], Result],
    *,
    batch: int = BATCH,
    in_order: bool = True,
) -> Generator[tuple[int, Result], None, None]:
    """Computes ``work(item)`` for every item on a cluster; see `ser.parallel.pool.map_items`.

    Args:
        work: Something that can be pickled, of a module that the workers have; it is sent to each
            of them once.
        items: What to compute it for.
        address: The scheduler's, as ``tcp://host:8786``.
        crashed: Gives the result for an item that has taken several workers down.
        batch: Items handed over at a time.
        in_order: Give results in the order of the items, and not each as soon as it is there.

    Yields:
        An item's index, and its result.

    Raises:
        SerError: Nobody answers, there are no workers (any more), or they have another version.
        DependencyError: Dask is not installed.
        Exception: What `work` raised.
    """
    with (
        _client(address) as client,
        contextlib.closing(DaskExecutor(client, address, work)) as executor,
    ):
        yield from Scheduler(executor, items, crashed, batch, in_order).results()


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    """Connects to a scheduler and makes sure that its workers are of use."""
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise missing_package("--cluster", error.name) from error
    # What matters of its messages is said in other words.
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    client = None
    try:
        try:
            client = Client(address, timeout=_CONNECT_TIMEOUT, set_as_default=False, name="ser")
        except (OSError, ValueError, TimeoutError) as error:
            raise SerError(
                address,
                "no Dask scheduler answers there",
                "start one with: dask scheduler, and give its address as tcp://host:8786",
            ) from error
        # Fetches that were given up leave tasks whose errors nobody asks for.
        client.loop.asyncio_loop.set_exception_handler(lambda loop, context: None)
        _check_workers(client, address)
        yield client
    finally:
        if client is not None:
            with contextlib.suppress(OSError, TimeoutError):
                client.close(timeout=2)
        logger.setLevel(before)


def _check_workers(client: Any, address: str) -> None:
    try:
        client.wait_for_workers(1, timeout=_FIRST_WORKER_TIMEOUT)
    except TimeoutError as error:
        raise SerError(
            address,
            "has no workers",
            f"start some on machines that see the same files: dask worker {address} --nthreads 1",
        ) from error
    try:
        versions = client.run(_versions)
    except ImportError as error:
        raise SerError(
            address,
            f"has workers without the Python package {error.name}",
            "install the same ser on all machines, the scheduler's too",
        ) from error
    for name, found in versions.items():
        if found != _versions():
            raise SerError(
                address,
                f"the worker {name} has ser {found[0]} on Python {found[1]}, and here is "
                f"{_versions()[0]} on {_versions()[1]}",
                "install the same on all machines",
            )


def _versions() -> tuple[str, str]:
    return __version__, ".".join(platform.python_version_tuple()[:2])


def _identity(work: Any) -> Any:
    """Brings the work to a worker; Dask keeps it there, and brings it again to a new one."""
    return work


def _perform(
    work: Callable[[Item], Result], items: Sequence[Item]
) -> list[Result | worker.CaughtError]:
    """Runs in a worker."""
    global _limited
    with _LOCK:
        if not _limited:
            # For as long as the process lives; the machine has as many workers as cores.
            limit_blas_threads()
            disable_nested_parallelism()
            _limited = True
        return worker.perform(work, items)


class DaskExecutor(Generic[Item, Result]):
    """The workers of a cluster; an executor for `ser.parallel.scheduler.Scheduler`.

    Args:
        client: A Dask client that is connected.
        address: The scheduler's, for errors.
        work: What is computed for items; it can be pickled.
    """

    def __init__(self, client: Any, address: str, work: Callable[[Item], Result]) -> None:
        self._client = client
        self._address = address
        self._token = uuid.uuid4().hex[:12]
        self._work = client.submit(_identity, work, key=f"ser-work-{self._token}")
        self._sent = 0
        self._running: dict[Any, int] = {}
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._unfetched: list[Any] = []
        # Batches that may be under way, by the number of workers when they were counted last.
        self._limit = 0
        self._counted = -_POLL_INTERVAL
        self._empty_since: float | None = None

    @property
    def look_ahead(self) -> int:
        """See `ser.parallel.scheduler.Executor`."""
        return max(2 * self._limit, 1)

    def submit(self, number: int, items: Sequence[Item]) -> bool:
        """Sends a batch to the scheduler, unless the workers have enough.

        Raises:
            SerError: All workers have been gone for some time, or the scheduler is.
        """
        self._count_workers()
        if len(self._running) >= max(self._limit, 1):
            return False
        self._sent += 1
        future = self._client.submit(
            _perform, self._work, list(items), key=f"ser-{self._token}-{self._sent}"
        )
        self._running[future] = number
        future.add_done_callback(self._ready.put)
        return True

    def _count_workers(self) -> None:
        """Counts the workers from time to time: they come and go."""
        now = time.monotonic()
        if now - self._counted < _POLL_INTERVAL:
            return
        self._counted = now
        if self._client.status != "running":
            raise self._disconnected()
        try:
            count = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise self._disconnected() from error
        if count:
            self._empty_since = None
            self._limit = _QUEUED * count
            return
        if self._empty_since is None:
            self._empty_since = now
        if now - self._empty_since > _NO_WORKERS_TIMEOUT:
            raise SerError(
                self._address,
                "has lost all its workers",
                "start others, and run the same again with --resume",
            )

    def _disconnected(self) -> SerError:
        return SerError(
            self._address,
            "the scheduler does not answer any more",
            "start it again, and run the same again with --resume",
        )

    def wait(self) -> list[Completion[Result]]:
        """Waits for results, but not for ever: the worker that has them may be gone.

        Raises:
            SerError: All workers have been gone for some time, or the scheduler is.
        """
        self._count_workers()
        ready, self._unfetched = self._unfetched, []
        with contextlib.suppress(queue.Empty):
            if not ready:
                ready.append(self._ready.get(timeout=_POLL_INTERVAL))
            while len(ready) < _FETCHED_TOGETHER:
                ready.append(self._ready.get_nowait())
        # Lost: its worker died between computing the result and giving it away.
        good = [future for future in ready if future.status in ("finished", "pending", "lost")]
        found = [
            Completion(self._running.pop(future), results)
            for future, results in zip(good, self._fetch(good), strict=False)
        ]
        for future in ready:
            if future not in good:
                self._check_killed(future)
                found.append(Completion(self._running.pop(future), Loss.DIED))
        return found

    def _fetch(self, futures: list[Any]) -> list[list[Result | worker.CaughtError]]:
        """Brings results here; none where they do not come now."""
        if not futures:
            return []

        async def gather() -> Any:
            return await self._client.gather(futures, asynchronous=True)

        try:
            found: list[list[Result | worker.CaughtError]] = self._client.sync(
                gather, callback_timeout=_FETCH_TIMEOUT
            )
        except Exception as error:
            # What went wrong with one of them is looked at when it is not good any more.
            passing = isinstance(error, OSError | TimeoutError)
            if not passing and all(future.status == "finished" for future in futures):
                raise
            self._unfetched = futures
            return []
        return found

    def _check_killed(self, future: Any) -> None:
        """Makes sure that a batch without results has taken several workers down.

        Raises:
            SerError: It was cancelled, which the scheduler does when it loses this client.
            Exception: Something else went wrong with it.
        """
        from distributed import KilledWorker

        if future.status != "error":
            raise self._disconnected()
        error = future.exception()
        if not isinstance(error, KilledWorker):
            raise error

    def close(self) -> None:
        """Cancels what is under way."""
        if self._client.status == "running":
            with contextlib.suppress(OSError, TimeoutError):
                self._client.cancel([*self._running, self._work], force=True)
