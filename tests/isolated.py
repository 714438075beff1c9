"""Networks loaded from their files in a process of its own, where this project is not installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

_CODE = """
import sys; sys.path = [p for p in sys.path if p]
import json, keras, numpy as np
for name in sys.argv[1:]:
    model = keras.saving.load_model(name + '.keras', safe_mode=True)
    with np.load(name + '.npz') as file:
        inputs = dict(file)
    np.save(name + '.npy', model.predict_on_batch(inputs.get('only', inputs)))
    print(json.dumps([len(model.trainable_weights), [layer.name for layer in model.layers]]))
assert not [name for name in sys.modules if name.split('.')[0] == 'ser']
"""


@dataclass
class Loaded:
    """What a network is there: its answers, its trainable weights, the names of its layers."""

    answers: np.ndarray
    trainable: int
    layers: list[str]


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
    done = subprocess.run(
        [sys.executable, "-I", "-c", _CODE, *made],
        cwd=folder,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {
        name: Loaded(np.load(folder / f"{name}.npy"), *json.loads(line))
        for name, line in zip(made, done.stdout.splitlines(), strict=True)
    }
