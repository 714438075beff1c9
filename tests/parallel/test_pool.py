"""Ordered results from worker processes, whatever becomes of the workers."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
import working
from conftest import ROOT

from ser.parallel import pool


def map_ordered(*given: Any, **options: Any) -> Generator[Any, None, None]:
    """Gives the results alone, and makes sure of their order."""
    with contextlib.closing(pool.map_items(*given, **options)) as found:
        for number, (index, result) in enumerate(found):
            assert index == number
            yield result


def map_unordered(*given: Any, **options: Any) -> Generator[Any, None, None]:
    return pool.map_items(*given, **options, in_order=False)


def lost(item: object) -> str:
    return f"lost {item}"


def never(item: object) -> int:
    raise AssertionError(f"{item} was given up")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("jobs", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, 8, 9, 100, 333])
def test_results_come_in_order(jobs: int, count: int) -> None:
    found = list(map_ordered(working.square, range(count), jobs, never))
    assert found == [n * n for n in range(count)]


def test_order_does_not_depend_on_who_is_quick() -> None:
    assert list(map_ordered(working.uneven, range(200), 2, never)) == list(range(200))


@pytest.mark.parametrize("batch", [1, 5])
def test_results_come_as_they_are_ready(batch: int) -> None:
    found = list(map_unordered(working.uneven, range(100), 2, never, batch=batch))
    assert sorted(found) == [(n, n) for n in range(100)]


def test_nothing_waits_for_one_that_takes_long() -> None:
    work = map_unordered(working.slow_after_some, [8, *range(8)], 2, never, batch=1)
    found = [next(work) for _ in range(8)]
    assert sorted(found) == [(n + 1, n) for n in range(8)]
    work.close()


def test_items_handed_over_alone_are_tried_again_too(tmp_path: Path) -> None:
    items = [tmp_path / str(n) for n in range(4)]
    found = list(map_ordered(working.weak, items, 2, never, batch=1))
    assert found == [path.name for path in items]
    crashed = list(map_ordered(working.fragile, range(6, 10), 2, lost, batch=1))
    assert crashed == [-6, "lost 7", -8, -9]


def test_little_work_is_done_at_home() -> None:
    assert set(map_ordered(working.process, range(8), 4, never)) == {os.getpid()}
    assert not pool.needs_processes(4, 8)
    assert not pool.needs_processes(1, 1000)


def test_much_work_is_shared() -> None:
    workers = set(map_ordered(working.process, range(200), 2, never))
    assert os.getpid() not in workers
    assert len(workers) == 2


def test_items_that_kill_their_process_are_the_only_ones_lost() -> None:
    found = list(map_ordered(working.fragile, range(60), 2, lost))
    assert found == [f"lost {n}" if n % 10 == 7 else -n for n in range(60)]


def test_an_item_is_tried_again_before_it_is_given_up(tmp_path: Path) -> None:
    items = [tmp_path / str(n) for n in range(12)]
    for path in items[1:]:
        path.touch()
    found = list(map_ordered(working.weak, items, 2, never))
    assert found == [path.name for path in items]


def test_exceptions_reach_the_caller() -> None:
    results = map_ordered(working.refusing, range(100), 2, never)
    with pytest.raises(ValueError, match="not 20"):
        list(results)


def test_work_is_a_bounded_number_ahead() -> None:
    """An endless list is not read to its end before the first result."""

    class Endless(list[int]):
        most = 0

        def __len__(self) -> int:
            return 10**9

        def __iter__(self) -> Iterator[int]:
            for number in itertools.count():
                self.most = number
                yield number

    items = Endless()
    results = map_ordered(working.square, items, 2, never)
    for n in range(100):
        assert next(results) == n * n
        time.sleep(0.001)
    results.close()
    assert items.most < 300


def test_workers_end_in_the_middle_of_their_work() -> None:
    pids = map_ordered(working.process, range(100), 2, never)
    seen = set(itertools.islice(pids, 50))
    assert all(alive(pid) for pid in seen)
    pids.close()
    assert not any(alive(pid) for pid in seen)


def test_ending_does_not_wait_for_slow_work() -> None:
    work = map_ordered(working.slow_after_some, range(100), 2, never)
    assert next(work) == 0
    begun = time.monotonic()
    work.close()
    assert time.monotonic() - begun < 5


def test_workers_can_be_terminated() -> None:
    """What keeps signals back while they start does not make them deaf."""
    pids = map_ordered(working.process, range(100), 2, lost)
    victim = next(pids)
    os.kill(victim, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while alive(victim):
        assert time.monotonic() < deadline
        # The parent has to look after its children for them to be gone.
        next(pids, None)
        time.sleep(0.01)
    pids.close()


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.1, 0.2, 0.4, 0.8])
@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_end_at_any_time_is_quiet(delay: float, signum: int, tmp_path: Path) -> None:
    """Also in the middle of starting workers."""
    script = tmp_path / "script.py"
    script.write_text(
        "import signal, sys\n"
        "def end(*_): raise KeyboardInterrupt\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGTERM, end)\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        import working\n"
        "        from ser.parallel import pool\n"
        "        for _ in pool.map_items(working.slow_after_some, range(999), 3, str): pass\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n"
    )
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
        start_new_session=True,
    )
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(delay)
    os.killpg(process.pid, signum) if signum == signal.SIGINT else process.send_signal(signum)
    _, errors = process.communicate(timeout=20)
    assert errors == b""
    assert process.returncode == 130
