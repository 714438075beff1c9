"""Work shared among the workers of a Dask cluster: a bounded number ahead, whoever dies.

A Dask scheduler (``dask scheduler``) knows workers (``dask worker tcp://host:8786 --nthreads 1``)
on any number of machines. All of them, and the scheduler's, need the same `ser`. The work of a
worker that dies is given to another one by the scheduler; what is written is renamed when it is
whole, so that work done twice does no harm.

Dask's messages are pickles: who reaches a scheduler can have anything run by its workers, by
itself, and by those who use it. It belongs into a network of people who trust each other, or behind
Dask's own TLS (``tls://``). What is sent from here are functions of this module, by name, and plain
data.
"""

from __future__ import annotations

import collections
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
from ser.errors import DependencyError, SerError, how_to_install
from ser.parallel import pool, stream

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds: until a scheduler answers, until there is a worker, and until nobody believes any more
# that another one will come.
_CONNECT = 10.0
_FIRST_WORKER = 30.0
_NO_WORKERS = 60.0

# Messages per thread of the workers that are under way: the next is there when one is done.
_AHEAD = 4
_LOOK = 5.0

# Messages that are brought here together, and the seconds that this may take. Where their worker
# has died meanwhile, Dask goes on knocking at its door; asked again, it knows that it is gone and
# has another one make them anew.
_TOGETHER = 32
_BRING = 10.0

# What runs a network or computes features is not meant for threads: one at a time in each process.
_ONE = threading.Lock()
_limited = False


def ordered(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    address: str,
    crashed: Callable[[Item], Result],
    *,
    batch: int = 8,
) -> Generator[tuple[int, Result], None, None]:
    """Computes ``work(item)`` for every item on a cluster; see `ser.parallel.pool.ordered`.

    Args:
        work: Something that can be pickled, of a module that the workers have; it is sent to each
            of them once.
        items: What to compute it for.
        address: The scheduler's, as ``tcp://host:8786``.
        crashed: Gives the result for an item that has taken several workers down.
        batch: Items handed over at a time.

    Yields:
        An item's index, and its result, in the order of the items.

    Raises:
        SerError: Nobody answers, there are no workers (any more), or they have another version.
        DependencyError: Dask is not installed.
        Exception: What `work` raised.
    """
    with _client(address) as client:
        yield from _Sharing(client, address, work, items, crashed, batch, in_order=True).results()


def finished(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    address: str,
    crashed: Callable[[Item], Result],
    *,
    batch: int = 8,
) -> Generator[tuple[int, Result], None, None]:
    """Does what `ordered` does, and gives each result as soon as it is there."""
    with _client(address) as client:
        yield from _Sharing(client, address, work, items, crashed, batch, in_order=False).results()


@contextlib.contextmanager
def _client(address: str) -> Iterator[Any]:
    """Connects to a scheduler and makes sure that its workers are of use."""
    try:
        from distributed import Client
    except ImportError as error:
        raise DependencyError(
            "--cluster", "needs Dask (the package distributed)", how_to_install("cluster")
        ) from error
    # What matters of it is said in other words.
    logger = logging.getLogger("distributed")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    client = None
    try:
        try:
            client = Client(address, timeout=_CONNECT, set_as_default=False, name="ser")
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
        client.wait_for_workers(1, timeout=_FIRST_WORKER)
    except TimeoutError as error:
        raise SerError(
            address,
            "has no workers",
            f"start some on machines that see the same files: dask worker {address} --nthreads 1",
        ) from error
    try:
        versions = client.run(_about)
    except ImportError as error:
        raise SerError(
            address,
            f"has workers without the Python package {error.name}",
            "install the same ser on all machines, the scheduler's too",
        ) from error
    for worker, found in versions.items():
        if found != _about():
            raise SerError(
                address,
                f"the worker {worker} has ser {found[0]} on Python {found[1]}, and here is "
                f"{_about()[0]} on {_about()[1]}",
                "install the same on all machines",
            )


def _about() -> tuple[str, str]:
    return __version__, ".".join(platform.python_version_tuple()[:2])


def _carry(work: Any) -> Any:
    """Brings the work to a worker; Dask keeps it there, and brings it again to a new one."""
    return work


def _perform(work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Runs in a worker."""
    global _limited
    with _ONE:
        if not _limited:
            # For as long as the process lives; the machine has as many workers as cores.
            pool.one_thread()
            stream.one_of_many()
            _limited = True
        return [work(item) for item in items]


class _Sharing(Generic[Item, Result]):
    """What the cluster is busy with, and what it has done."""

    def __init__(
        self,
        client: Any,
        address: str,
        work: Callable[[Item], Result],
        items: Sequence[Item],
        crashed: Callable[[Item], Result],
        batch: int,
        *,
        in_order: bool,
    ) -> None:
        self._client = client
        self._address = address
        self._work = work
        self._items = items
        self._crashed = crashed
        self._batch = batch
        self._in_order = in_order
        self._token = uuid.uuid4().hex[:12]
        self._sent = 0
        self._given = 0
        # Results that the caller has got; in order, this is also the index of the next.
        self._next = 0
        self._done: dict[int, Result] = {}
        # Items that several workers have died with.
        self._again: collections.deque[int] = collections.deque()
        self._testing = False
        self._waiting: dict[Any, range] = {}
        self._ready: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._late: list[Any] = []
        self._limit = 0
        self._looked = -_LOOK
        self._alone_since: float | None = None

    def results(self) -> Iterator[tuple[int, Result]]:
        """Gives the index and the result of every item."""
        carried = self._client.submit(_carry, self._work, key=f"ser-work-{self._token}")
        try:
            while self._next < len(self._items):
                self._look()
                self._distribute(carried)
                if not self._available():
                    self._collect()
                while self._available():
                    index = self._next if self._in_order else next(iter(self._done))
                    result = self._done.pop(index)
                    self._next += 1
                    yield index, result
        finally:
            if self._client.status == "running":
                with contextlib.suppress(OSError, TimeoutError):
                    self._client.cancel([*self._waiting, carried], force=True)

    def _available(self) -> bool:
        return self._next in self._done if self._in_order else bool(self._done)

    def _look(self) -> None:
        """Sees from time to time who is there: workers come and go."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        if self._client.status != "running":
            raise self._gone()
        try:
            count = sum(self._client.nthreads().values())
        except (OSError, TimeoutError) as error:
            raise self._gone() from error
        if count:
            self._alone_since = None
            self._limit = _AHEAD * count
            return
        if self._alone_since is None:
            self._alone_since = now
        if now - self._alone_since > _NO_WORKERS:
            raise SerError(
                self._address,
                "has lost all its workers",
                "start others, and run the same again with --resume",
            )

    def _gone(self) -> SerError:
        return SerError(
            self._address,
            "the scheduler does not answer any more",
            "start it again, and run the same again with --resume",
        )

    def _distribute(self, carried: Any) -> None:
        while len(self._waiting) < max(self._limit, 1):
            batch = self._take()
            if batch is None:
                return
            self._sent += 1
            future = self._client.submit(
                _perform,
                carried,
                [self._items[index] for index in batch],
                key=f"ser-{self._token}-{self._sent}",
            )
            self._waiting[future] = batch
            future.add_done_callback(self._ready.put)

    def _take(self) -> range | None:
        if self._testing:
            return None
        ahead = max(2 * self._limit * self._batch, 1)
        if self._given < min(len(self._items), self._next + ahead):
            batch = range(self._given, min(self._given + self._batch, len(self._items)))
            self._given = batch.stop
            return batch
        if self._again and not self._waiting:
            # Whoever waits in line at a worker is suspected as well when it dies. So those are
            # tried at the end, and each with nobody else there.
            self._testing = True
            index = self._again.popleft()
            return range(index, index + 1)
        return None

    def _collect(self) -> None:
        """Waits for results, but not for ever: whoever has them may be gone."""
        ready, self._late = self._late, []
        with contextlib.suppress(queue.Empty):
            if not ready:
                ready.append(self._ready.get(timeout=_LOOK))
            while len(ready) < _TOGETHER:
                ready.append(self._ready.get_nowait())
        # Lost: its worker died between making the result and giving it away.
        good = [future for future in ready if future.status in ("finished", "pending", "lost")]
        for future, results in zip(good, self._brought(good), strict=False):
            self._testing = False
            self._done.update(zip(self._waiting.pop(future), results, strict=True))
        for future in ready:
            if future not in good:
                self._judge(future)

    def _brought(self, futures: list[Any]) -> list[list[Result]]:
        """Brings results here; none where they do not come now."""
        if not futures:
            return []

        async def bring() -> Any:
            return await self._client.gather(futures, asynchronous=True)

        try:
            found: list[list[Result]] = self._client.sync(bring, callback_timeout=_BRING)
        except Exception as error:
            # What went wrong with one of them is judged when its turn comes.
            known = isinstance(error, OSError | TimeoutError)
            if not known and all(future.status == "finished" for future in futures):
                raise
            self._late = futures
            return []
        return found

    def _judge(self, future: Any) -> None:
        """Decides what becomes of work that has no result."""
        from distributed import KilledWorker

        batch = self._waiting.pop(future)
        if future.status != "error":
            # Cancelled, which the scheduler does when it loses us.
            raise self._gone()
        error = future.exception()
        if not isinstance(error, KilledWorker):
            raise error
        if self._testing:
            self._testing = False
            self._done[batch.start] = self._crashed(self._items[batch.start])
        else:
            self._again += batch
