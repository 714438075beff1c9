"""`python -m ser` is the command `ser`."""

from __future__ import annotations

import subprocess
import sys

from conftest import ROOT

from ser import __version__


def test_the_package_runs_as_a_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ser", "--version"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, f"ser {__version__}\n", "")
