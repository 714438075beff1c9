"""Work shared among real workers of a real scheduler, some of which die."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import working
from clusters import Cluster, cluster

from ser.errors import DependencyError, SerError
from ser.parallel import dask


def map_ordered(*given: Any, **options: Any) -> Generator[Any, None, None]:
    """Gives the results alone, and makes sure of their order."""
    with contextlib.closing(dask.map_items(*given, **options)) as found:
        for number, (index, result) in enumerate(found):
            assert index == number
            yield result


def map_unordered(*given: Any, **options: Any) -> Generator[Any, None, None]:
    return dask.map_items(*given, **options, in_order=False)


def lost(item: object) -> str:
    return f"lost {item}"


def never(item: object) -> int:
    raise AssertionError(f"{item} was given up")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_FETCH_TIMEOUT", 1.0)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler and two workers."""
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A scheduler that gives work up when a worker has died with it, and no workers."""
    folder = tmp_path_factory.mktemp("strict")
    with cluster(folder, 0, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES="0") as made:
        yield made


def test_results_come_in_order(running: Cluster) -> None:
    found = map_ordered(working.uneven, range(100), running.address, never, batch=3)
    assert list(found) == list(range(100))


def test_results_come_as_they_are_ready(running: Cluster) -> None:
    found = list(map_unordered(working.square, range(50), running.address, never, batch=4))
    assert sorted(found) == [(n, n * n) for n in range(50)]


def test_nothing_to_do(running: Cluster) -> None:
    assert list(map_ordered(working.square, [], running.address, never)) == []


def test_the_work_is_done_by_the_workers(running: Cluster) -> None:
    found = map_unordered(working.process, range(60), running.address, never, batch=1)
    assert os.getpid() not in {process for _, process in found}


def test_errors_reach_the_caller(running: Cluster) -> None:
    with pytest.raises(ValueError, match="not 20"):
        list(map_ordered(working.refusing, range(40), running.address, never))
    with pytest.raises(SerError) as caught:
        list(map_ordered(working.unwilling, range(4), running.address, never))
    assert (caught.value.subject, caught.value.cure) == ("0", "do not ask")


def test_what_is_not_wanted_any_more_is_not_done(running: Cluster, tmp_path: Path) -> None:
    items = [tmp_path / f"{n:03d}" for n in range(400)]
    results = map_unordered(working.touching, items, running.address, never, batch=1)
    list(itertools.islice(results, 5))
    results.close()
    after = len(list(tmp_path.iterdir()))
    # What is under way is a small part of everything.
    assert after < 100
    again = map_unordered(working.touching, items[:3], running.address, never)
    assert len(list(again)) == 3


def test_another_worker_does_what_a_dead_one_had(running: Cluster, tmp_path: Path) -> None:
    """The first to see 30.. kills itself over it; the work that it held is done all the same."""
    items = [tmp_path / str(n) for n in range(60)]
    for path in items:
        if path.name != "30":
            path.touch()
    victim = running.join()
    found = list(map_ordered(working.weak, items, running.address, never, batch=4))
    assert found == [str(n) for n in range(60)]
    victim.kill()


def test_a_worker_is_killed_in_the_middle(running: Cluster, tmp_path: Path) -> None:
    spare = running.join()
    items = [tmp_path / f"{n:03d}" for n in range(120)]
    results = map_unordered(working.touching, items, running.address, never, batch=2)
    found = list(itertools.islice(results, 10))
    spare.kill()
    found += results
    assert sorted(found) == [(n, f"{n:03d}") for n in range(120)]


def test_a_cluster_without_workers(strict: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_FIRST_WORKER_TIMEOUT", 0.2)
    with pytest.raises(SerError, match="has no workers; start some"):
        list(map_ordered(working.square, range(3), strict.address, never))


def test_an_item_that_kills_every_worker_is_the_only_one_lost(
    strict: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = strict.join("--nanny")
    found = map_ordered(working.fragile, range(1, 9), strict.address, lost, batch=1)
    assert list(found) == ["lost 7" if n == 7 else -n for n in range(1, 9)]
    # Now that nobody starts workers any more, they are lost for good.
    monkeypatch.setattr(dask, "_NO_WORKERS_TIMEOUT", 0.2)
    monkeypatch.setattr(dask, "_POLL_INTERVAL", 0.2)
    results = map_ordered(working.fragile, range(50), strict.address, lost, batch=1)
    next(results)
    worker.terminate()
    with pytest.raises(SerError, match="has lost all its workers"):
        list(results)


def test_a_scheduler_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_POLL_INTERVAL", 0.2)
    with cluster(tmp_path, 1) as made:
        items = [tmp_path / f"{n:03d}" for n in range(500)]
        results = map_unordered(working.touching, items, made.address, never, batch=1)
        next(results)
        made.scheduler.kill()
        with pytest.raises(SerError, match=r"does not answer any more.*--resume"):
            list(results)


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "_CONNECT_TIMEOUT", 0.5)
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(SerError, match="no Dask scheduler answers there"):
            list(map_ordered(working.square, range(3), address, never))


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DependencyError, match=r"pip install '.\[cluster\]'"):
        list(map_ordered(working.square, range(3), "tcp://127.0.0.1:9", never))


def test_workers_of_another_version(running: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask, "__version__", "0.0.1")
    with pytest.raises(SerError, match=r"and here is 0\.0\.1"):
        list(map_ordered(working.square, range(3), running.address, never))
