"""How much of the machine a process may use."""

from __future__ import annotations

import multiprocessing
import os

import pytest
from conftest import RunPython

from ser.parallel import resources


def test_usable_cores_are_some_of_those_that_there_are() -> None:
    assert 1 <= resources.usable_cores() <= (os.cpu_count() or 1)


def test_a_stream_has_as_many_processes_as_cores_but_few(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, processes in ((1, 1), (3, 3), (64, 4)):
        monkeypatch.setattr(resources, "usable_cores", lambda cores=cores: cores)
        assert resources.stream_processes() == processes


def test_in_a_process_that_shares_the_cores_a_stream_has_none_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(resources.stream_processes) == 1
    monkeypatch.setattr(resources, "usable_cores", lambda: 4)
    monkeypatch.setattr(resources, "_nested", False)
    resources.disable_nested_parallelism()
    assert resources.stream_processes() == 1


def test_environment_variables_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SER_A", "before")
    monkeypatch.delenv("SER_B", raising=False)
    with pytest.raises(KeyError), resources.environment({"SER_A": "1", "SER_B": "2"}):
        assert (os.environ["SER_A"], os.environ["SER_B"]) == ("1", "2")
        raise KeyError
    assert os.environ["SER_A"] == "before"
    assert "SER_B" not in os.environ


def test_linear_algebra_is_limited_to_one_thread(run_python: RunPython) -> None:
    done = run_python(
        "from ser.parallel import resources\n"
        "import sys\n"
        "print('numpy' in sys.modules, resources.blas_is_limited())\n"
        "with resources.limit_blas_threads_at_load():\n"
        "    import numpy\n"
        "    print(resources.blas_is_limited())\n"
        "from threadpoolctl import threadpool_info\n"
        "print({library['num_threads'] for library in threadpool_info()})\n"
        "resources.keep_freed_memory()\n",
    )
    assert (done.out, done.err) == ("False False\nTrue\n{1}\n", "")


def test_the_limit_of_a_context_ends_with_it() -> None:
    from threadpoolctl import threadpool_info

    def threads() -> list[int]:
        return [library["num_threads"] for library in threadpool_info()]

    before = threads()
    with resources.limit_blas_threads():
        assert set(threads()) <= {1}
    assert threads() == before
