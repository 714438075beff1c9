"""How Keras is brought in: quietly, on the wanted device, or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from ser.models.backend import load_keras, quiet_stderr


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_cpu_is_asked_for_and_nothing_is_said() -> None:
    done = python(
        "from ser.models.backend import list_gpus, load_keras\n"
        "keras = load_keras('cpu')\n"
        "assert list_gpus(keras) == []\n"
        "print(keras.backend.backend(), keras.config.dtype_policy().name)",
        KERAS_BACKEND="",
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout == "tensorflow float32\n"


@pytest.mark.parametrize("backend", ["jax", "torch", "abacus"])
def test_a_backend_that_is_not_there_is_named(backend: str) -> None:
    if backend != "abacus":
        probe = python(f"import {backend}")
        if probe.returncode == 0:
            pytest.skip(f"{backend} is installed here")
    done = python(
        "from ser.errors import SerError\n"
        "from ser.models.backend import load_keras\n"
        "try: load_keras('cpu')\n"
        "except SerError as error: print(error)",
        KERAS_BACKEND=backend,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Keras backend {backend}: cannot be imported (")
    assert "unset KERAS_BACKEND" in done.stdout


def test_a_gpu_that_is_not_there() -> None:
    done = python(
        "from ser.errors import SerError\n"
        "from ser.models.backend import load_keras\n"
        "try: load_keras('gpu')\n"
        "except SerError as error: print(error)",
        CUDA_VISIBLE_DEVICES="-1",
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("`device=gpu`: no GPU is visible")
    assert "`device=cpu`" in done.stdout


def test_native_words_are_held_back_unless_something_fails(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with quiet_stderr():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == ""
    with pytest.raises(ZeroDivisionError), quiet_stderr():
        os.write(2, b"the reason\n")
        1 / 0  # noqa: B018
    assert capfd.readouterr().err == "the reason\n"
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"


def test_no_descriptor_is_lost() -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    if not Path("/proc/self/fd").exists():
        pytest.skip("no /proc to count descriptors in")
    load_keras("cpu")
    before = count()
    for _ in range(5):
        with quiet_stderr():
            pass
    assert count() == before
