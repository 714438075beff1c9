"""Networks loaded from their files in a process of its own, where this project is not installed.

One process, which is started when first needed, does it for all tests of a session: importing Keras
is most of the work.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

_CODE = """
import sys; sys.path = [p for p in sys.path if p]
import json, keras, numpy as np, tensorflow, traceback
# Each network answers once: it needs no graph.
tensorflow.config.run_functions_eagerly(True)

def load(name):
    model = keras.saving.load_model(name + '.keras', safe_mode=True)
    with np.load(name + '.npz') as file:
        inputs = dict(file)
    np.save(name + '.npy', model.predict_on_batch(inputs.get('only', inputs)))
    assert not [name for name in sys.modules if name.split('.')[0] == 'ser']
    return len(model.trainable_weights), [layer.name for layer in model.layers]

for line in sys.stdin:
    try:
        said = [load(name) for name in json.loads(line)]
    except Exception:
        said = traceback.format_exc()
    print(json.dumps(said), flush=True)
"""


@dataclass
class Loaded:
    """What a network is there: its answers, its trainable weights, the names of its layers."""

    answers: np.ndarray
    trainable: int
    layers: list[str]


@functools.cache
def _process() -> tuple[subprocess.Popen[str], IO[bytes]]:
    """Starts the process; the file has what it writes to standard error."""
    errors = tempfile.TemporaryFile()  # noqa: SIM115
    process = subprocess.Popen(
        [sys.executable, "-I", "-c", _CODE],
        cwd=tempfile.gettempdir(),
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    atexit.register(process.communicate)
    return process, errors


def load_without_ser(folder: Path, made: Mapping[str, tuple[Any, Any]]) -> dict[str, Loaded]:
    """Saves networks into a folder, and loads them where nothing of this project can be imported.

    Args:
        folder: An empty folder.
        made: By name: a network, and one batch of inputs (an array, or a dictionary of them).
    """
    for name, (model, inputs) in made.items():
        model.save(folder / f"{name}.keras")
        np.savez(
            folder / f"{name}.npz", **(inputs if isinstance(inputs, dict) else {"only": inputs})
        )
    process, errors = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    print(json.dumps([str(folder / name) for name in made]), file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        errors.seek(0)
        raise AssertionError(errors.read().decode())
    said = json.loads(answer)
    assert isinstance(said, list), said
    return {
        name: Loaded(np.load(folder / f"{name}.npy"), *figures)
        for name, figures in zip(made, said, strict=True)
    }
