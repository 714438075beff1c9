"""Fixtures for every test: synthetic corpora, the real ones where they are, the commands."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from eager import eager_steps
from shared import made_once
from speech import write_corpus
from spoken import CONFIG, POOLED, PROSODIC, SLIM, Small, SmallExperts, spoken_table, train_model
from threads import one_thread
from within import Finished, run_within

from ser.dataset.table import Table

ROOT = Path(__file__).resolve().parents[1]


class Run(Protocol):
    def __call__(
        self,
        command: str,
        *arguments: object,
        stdin: bytes | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        alone: bool = False,
        timeout: float | None = None,
    ) -> Finished: ...


def pytest_configure() -> None:
    """Gives the commands under test the signals that a terminal gives them.

    A runner in the background, or under nohup, ignores interruptions, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_runtest_setup() -> None:
    """Leaves graphs as they are made, once TensorFlow is there.

    What its optimizer gains in the few steps of a test is a tenth of what it costs. Commands that
    are processes of their own have it.
    """
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


@pytest.fixture(autouse=True, scope="module")
def little_search_for_garbage() -> Iterator[None]:
    """Looks for garbage once per file of tests, and never again among what TensorFlow keeps.

    It keeps millions of objects of graphs, and going through them is a seventh of all the work.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def little_waiting_of_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keeps to one thread of linear algebra in folders whose tests train."""
    folders = {"training", "models", "train", "evaluation", "stats"}
    with contextlib.ExitStack() as stack:
        if folders & set(request.path.relative_to(ROOT).parts):
            stack.enter_context(one_thread())
        yield


@pytest.fixture(scope="module")
def without_graphs() -> Iterator[None]:
    """Computes without graphs: for trainings of a few steps; see `eager`."""
    with eager_steps():
        yield


@pytest.fixture(scope="module")
def few_trees() -> Iterator[None]:
    """Audits with small forests."""
    from ser.evaluation import shortcuts

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shortcuts, "_TREES", 20)
        yield


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command of this checkout.

    `run("ser-extract", folder, "-o", table)`: arguments may be anything that has a `str`. The
    working directory is the test's `tmp_path` unless `cwd` says otherwise, and without `stdin`
    standard input is empty. `alone=True` runs `bin/ser-extract` as a process of its own, and so
    do `env`, which adds to its environment, and `timeout`; else see `within.run_within`.
    """

    def call(
        command: str,
        *arguments: object,
        stdin: bytes | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        alone: bool = False,
        timeout: float | None = None,
    ) -> Finished:
        if env is None and timeout is None and not alone:
            return run_within(command, *arguments, cwd=cwd or tmp_path, stdin=stdin or b"")
        done = subprocess.run(
            [sys.executable, str(ROOT / "bin" / command), *map(str, arguments)],
            input=stdin or b"",
            capture_output=True,
            cwd=cwd or tmp_path,
            env={**os.environ, **(env or {})},
            timeout=timeout or 300,
            check=False,
        )
        return Finished(done.args, done.returncode, done.stdout, done.stderr)

    return call


class RunPython(Protocol):
    def __call__(self, code: str, *arguments: object) -> Finished: ...


@pytest.fixture
def run_python(tmp_path: Path) -> RunPython:
    """Runs Python code in a fresh interpreter that finds this checkout's `ser`.

    For what the process of the tests cannot tell any more, such as which modules an import loads.
    The test fails when the code does.
    """

    def call(code: str, *arguments: object) -> Finished:
        done = subprocess.run(
            [sys.executable, "-c", code, *map(str, arguments)],
            input=b"",
            capture_output=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode("utf-8")
        return Finished(done.args, done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of the real corpora; tests that use it are marked `corpora`."""
    given = os.environ.get("SER_CORPORA")
    folder = Path(given) if given else ROOT.parent / "shared" / "corpora"
    if not (folder / "ravdess").is_dir():
        pytest.skip(
            f"no real corpora: {folder / 'ravdess'} does not exist; set SER_CORPORA to their folder"
        )
    return folder


@pytest.fixture(scope="session")
def ravdess_like(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A synthetic RAVDESS: 4 speakers, 8 emotions, 2 takes: 64 clips of 1 s, 16 kHz. Read only."""
    folder = tmp_path_factory.mktemp("corpus") / "ravdess"
    write_corpus("ravdess", folder, speakers=4, takes=2)
    return folder


@pytest.fixture(scope="session")
def spoken() -> Table:
    """Three emotions of 8 speakers, 96 clips of a second each; copy before writing to it."""
    table = spoken_table()
    table.flags.writeable = False
    return table


@pytest.fixture(scope="session")
def prosodic() -> Table:
    """The clips of `spoken` with prosodic functionals; copy before writing to it."""
    table = spoken_table(PROSODIC)
    table.flags.writeable = False
    return table


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> str:
    """Registers an architecture that trains in a moment, and gives its name."""
    from ser.models import registry

    monkeypatch.setattr(registry, "ARCHITECTURES", {**registry.ARCHITECTURES, "small": Small})
    return "small"


@pytest.fixture
def small_experts(monkeypatch: pytest.MonkeyPatch) -> str:
    """Registers experts that train in a moment on tables with functionals, and gives their name."""
    from ser.models import registry

    name = SmallExperts.name
    monkeypatch.setattr(registry, "ARCHITECTURES", {**registry.ARCHITECTURES, name: SmallExperts})
    return name


@pytest.fixture(scope="session")
def tiny_model(spoken: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact trained on `spoken` for a few seconds: sequences of 34 frames. Read only."""
    return made_once(tmp_path_factory, "tiny.keras", lambda path: train_model(spoken, path))


@pytest.fixture(scope="session")
def pooled_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact for one frame of statistics per clip. Read only."""

    def make(path: Path) -> None:
        train_model(spoken_table(POOLED, range(1, 5)), path)

    return made_once(tmp_path_factory, "pooled.keras", make)


def measured_badly(table: Table, deviations: float) -> Table:
    """Adds noise to functionals: otherwise nothing would be left in doubt of these voices."""
    noisy = table.copy()
    spread = noisy["functionals"].std(axis=0)
    noise = np.random.default_rng(0).normal(0, deviations, noisy["functionals"].shape)
    noisy["functionals"] += (noise * spread).astype(np.float32)
    return noisy


@pytest.fixture(scope="session")
def lda_model(prosodic: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact with a speaker model, trained on `prosodic`. Read only."""
    config = replace(CONFIG, arch="lda", epochs=1)
    table = measured_badly(prosodic, 2)
    return made_once(tmp_path_factory, "lda.keras", lambda path: train_model(table, path, config))


@pytest.fixture(scope="session")
def prosodic_model(prosodic: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact that reads functionals and voices, trained on `prosodic`. Read only."""
    config = replace(CONFIG, arch="prosody-cnn", options=SLIM)

    def make(path: Path) -> None:
        train_model(measured_badly(prosodic, 3), path, config)

    return made_once(tmp_path_factory, "prosodic.keras", make)
