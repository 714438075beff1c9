"""Checkpoints: whole after every step of writing them, and never taken for another training's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import Small

from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Problem
from ser.training.checkpoint import Checkpoint, TrainingState


@pytest.fixture
def keras() -> Any:
    return load_keras("cpu")


@pytest.fixture(scope="module")
def stepped() -> tuple[Any, list[Any]]:
    """A network after a step of training, and all of its state."""
    keras = load_keras("cpu")
    network = Small().build(keras, Problem(4, 3, 2))
    network.compile(optimizer=keras.optimizers.AdamW(1e-3), loss="categorical_crossentropy")
    step(network)
    return network, [np.asarray(variable) for variable in state_of(network)]


@pytest.fixture
def model(stepped: tuple[Any, list[Any]]) -> Any:
    """The network after its first step, whatever an earlier test has done to it."""
    network, state = stepped
    for variable, value in zip(state_of(network), state, strict=True):
        variable.assign(value)
    return network


def state_of(network: Any) -> list[Any]:
    return [*network.variables, *network.optimizer.variables]


def step(network: Any) -> None:
    x = np.random.default_rng(0).normal(size=(8, 4, 3)).astype(np.float32)
    network.train_on_batch(x, np.eye(2, dtype=np.float32)[np.arange(8) % 2])


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint(tmp_path / "out" / "m.keras")


def names(checkpoint: Checkpoint) -> list[str]:
    return sorted(path.name for path in checkpoint.folder.iterdir())


def equal(one: Any, other: Any) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_nothing_to_continue(keras: Any, checkpoint: Checkpoint) -> None:
    assert checkpoint.load(keras, "f") is None
    checkpoint.clear()
    assert checkpoint.folder.name == "m.keras.ckpt"


def test_model_optimiser_best_weights_and_state_come_back(
    keras: Any, model: Any, checkpoint: Checkpoint
) -> None:
    best = model.get_weights()
    step(model)
    state = TrainingState("f", epoch=2, best_epoch=1, best_loss=0.5, history=[{"epoch": 1.0}])
    checkpoint.save(model, best, state)
    assert names(checkpoint) == ["best-1.weights.h5", "epoch-2.keras", "state.json"]
    # Saving must not put the best weights into the network that goes on training.
    assert not equal(model.get_weights(), best)
    loaded = checkpoint.load(keras, "f")
    assert loaded is not None
    network, kept, found = loaded.model, loaded.best, loaded.state
    assert equal(network.get_weights(), model.get_weights())
    assert equal(kept, best)
    assert found == state
    variables = [np.asarray(v) for v in model.optimizer.variables]
    assert equal([np.asarray(v) for v in network.optimizer.variables], variables)
    assert int(network.optimizer.iterations) == 2
    checkpoint.clear()
    assert not checkpoint.folder.exists()


def test_only_the_last_epoch_is_kept(model: Any, checkpoint: Checkpoint) -> None:
    state = TrainingState("f")
    for epoch, best in ((1, 1), (2, 1), (3, 3)):
        state.epoch, state.best_epoch = epoch, best
        checkpoint.save(model, model.get_weights(), state)
    assert names(checkpoint) == ["best-3.weights.h5", "epoch-3.keras", "state.json"]


def test_without_validation_there_is_no_best(
    keras: Any, model: Any, checkpoint: Checkpoint
) -> None:
    checkpoint.save(model, None, TrainingState("f", epoch=1))
    loaded = checkpoint.load(keras, "f")
    assert loaded is not None
    assert loaded.best is None
    assert loaded.state.best_loss == float("inf")


def test_files_of_an_epoch_that_was_not_finished_do_not_count(
    keras: Any, model: Any, checkpoint: Checkpoint
) -> None:
    best = model.get_weights()
    checkpoint.save(model, best, TrainingState("f", epoch=1, best_epoch=1))
    # As a kill in the middle of the next save leaves them.
    (checkpoint.folder / "epoch-2.keras").write_bytes(b"PK half a file")
    (checkpoint.folder / "unfinished.weights.h5").write_bytes(b"half")
    loaded = checkpoint.load(keras, "f")
    assert loaded is not None
    assert loaded.state.epoch == 1
    step(model)
    checkpoint.save(model, model.get_weights(), TrainingState("f", epoch=2, best_epoch=2))
    assert names(checkpoint) == ["best-2.weights.h5", "epoch-2.keras", "state.json"]
    again = checkpoint.load(keras, "f")
    assert again is not None
    assert equal(again.best, model.get_weights())


def test_other_networks_come_back_also_from_an_earlier_version(
    keras: Any, model: Any, checkpoint: Checkpoint
) -> None:
    checkpoint.save(model, None, TrainingState("f", epoch=1), {"critic": model})
    path = checkpoint.folder / "state.json"
    for name in ("networks", "companions"):
        path.write_text(path.read_text().replace('"networks"', f'"{name}"'))
        loaded = checkpoint.load(keras, "f")
        assert loaded is not None
        assert list(loaded.training_networks) == ["critic"]
        assert equal(loaded.training_networks["critic"].get_weights(), model.get_weights())


def test_another_training_is_refused(keras: Any, model: Any, checkpoint: Checkpoint) -> None:
    checkpoint.save(model, None, TrainingState("f", epoch=1))
    with pytest.raises(SerError, match="other data or options; repeat the options"):
        checkpoint.load(keras, "g")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.json", b"{"),
        ("state.json", b"[]"),
        ("state.json", json.dumps({"fingerprint": "f", "strange": 1}).encode()),
        ("epoch-1.keras", b"PK"),
        ("epoch-1.keras", None),
        ("best-1.weights.h5", b"not HDF5"),
    ],
)
def test_damage_is_named(
    keras: Any, model: Any, checkpoint: Checkpoint, name: str, content: bytes | None
) -> None:
    checkpoint.save(model, model.get_weights(), TrainingState("f", epoch=1, best_epoch=1))
    (checkpoint.folder / name).unlink()
    if content is not None:
        (checkpoint.folder / name).write_bytes(content)
    with pytest.raises(SerError, match=r"m\.keras\.ckpt: is damaged .*start anew"):
        checkpoint.load(keras, "f")


def test_a_folder_that_cannot_be_made(model: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checkpoint = Checkpoint(tmp_path / "file" / "m.keras")
    with pytest.raises(SerError, match="cannot be written"):
        checkpoint.save(model, None, TrainingState("f", epoch=1))
