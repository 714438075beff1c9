"""ser-web as a user runs it."""

from __future__ import annotations

import time
from pathlib import Path

import psutil
import pytest
from conftest import Run
from webserver import start

pytest.importorskip("fastapi")


def test_it_starts_and_ends(tmp_path: Path) -> None:
    server = start(tmp_path / "log")
    try:
        assert server.ask("healthz").status == 200
        assert psutil.Process(server.process.pid).memory_info().rss < 400 << 20
    finally:
        before = time.monotonic()
        server.process.terminate()
        assert server.process.wait(20) == 143
    assert time.monotonic() - before < 10
    assert "Traceback" not in server.log.read_text()


def test_other_machines_are_not_let_in_unasked(run: Run) -> None:
    done = run("ser-web", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "--token" in done.err
    assert "--behind-proxy" in done.err
