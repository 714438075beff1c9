"""What workers are forked from has imported what they need."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import working
from conftest import RunPython

from ser.parallel.forkserver import prepare

pytestmark = pytest.mark.skipif(os.name != "posix", reason="there is no fork server")


def test_workers_begin_with_what_was_made_ready(run_python: RunPython) -> None:
    """The work's module is imported, and the functions are called: once, in another process."""
    done = run_python(
        "import os, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "os.environ['PYTHONPATH'] += os.pathsep + sys.argv[1]\n"
        "import working\n"
        "from ser.parallel import forkserver, pool\n"
        "forkserver.prepare(working.preload_missing, working.preload, work=working.preloaded)\n"
        "found = pool.map_items(working.preloaded, range(40), 2, str)\n"
        "(processes,) = {processes for _, processes in found}\n"
        "print(len(processes), os.getpid() in processes, 'colorsys' in sys.modules)\n"
        "print([name for name in os.environ if 'PRELOAD' in name])\n",
        Path(working.__file__).parent,
    )
    assert (done.out, done.err) == ("1 False False\n[]\n", "")


def test_a_temporary_folder_with_too_long_a_name_is_said(
    tmp_path: Path, run_python: RunPython
) -> None:
    folder = tmp_path / ("long" * 20) / ("long" * 20)
    folder.mkdir(parents=True)
    done = run_python(
        "import sys, tempfile; tempfile.tempdir = sys.argv[1]\n"
        "from ser.errors import SerError\n"
        "from ser.parallel.forkserver import prepare\n"
        "try: prepare()\n"
        "except SerError as error: print(error)",
        folder,
    )
    assert done.out.startswith("worker processes: cannot be started (AF_UNIX path too long); use ")
    assert "--jobs 1" in done.out


def test_it_may_be_asked_for_twice() -> None:
    prepare(working.preload, work=working.square)
    prepare()
