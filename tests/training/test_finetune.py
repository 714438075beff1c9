"""Training in two phases: what is frozen when, at which rate, and taken up again after a kill."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import CONFIG, of_speakers
from transfer_networks import Tiny, tiny_weights

from ser.dataset.table import Table
from ser.errors import SerError
from ser.models import registry
from ser.models.backend import load_keras
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork, TrainingData, train
from ser.training.spec_augment import SpectrogramAugmentation

WATCHED = ("07", "08")
RATE = 5e-3

# Two dense layers, and the batch normalisation in front of them.
HEAD = 6


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


@pytest.fixture(scope="module")
def weights(keras: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_weights(keras, tmp_path_factory.mktemp("weights") / "tiny.weights.h5")


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "ARCHITECTURES", {**registry.ARCHITECTURES, "tiny": Tiny})


def options(weights: Path | str, **more: Any) -> TrainConfig:
    """Two epochs of the head, three of fine-tuning, where nothing else is said."""
    chosen = {"weights": str(weights), "size": 8, "head_share": 0.4, **more}
    return replace(CONFIG, arch="tiny", options=chosen, epochs=5, lr=RATE)


def run(table: Table, config: TrainConfig, **more: Any) -> TrainedNetwork:
    training = of_speakers(table, "01", "02", "03", "04", "05", "06")
    data = TrainingData(table, training, of_speakers(table, *WATCHED))
    return train(data, config, device="cpu", **more)


def base_weights(model: Any) -> dict[str, list[Any]]:
    return {layer.name: layer.get_weights() for layer in model.get_layer("base").layers}


def changed(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> set[str]:
    return {
        name
        for name, values in before.items()
        if not all(np.array_equal(a, b) for a, b in zip(values, after[name], strict=True))
    }


class _KilledError(Exception):
    pass


def killed(table: Table, config: TrainConfig, output: Path, after: int) -> Checkpoint:
    """Trains until so many epochs are done, and leaves the checkpoint."""
    checkpoint = Checkpoint(output)

    def stop(row: dict[str, float]) -> None:
        if row["epoch"] == after:
            raise _KilledError

    with pytest.raises(_KilledError):
        run(table, config, checkpoint=checkpoint, on_epoch=stop)
    return checkpoint


def left(keras: Any, checkpoint: Checkpoint) -> Any:
    [path] = checkpoint.folder.glob("epoch-*.keras")
    return keras.saving.load_model(path, safe_mode=True)


@dataclass(frozen=True)
class Whole:
    """An unbroken training, and the folder that a kill after each epoch would have left."""

    config: TrainConfig
    trained: TrainedNetwork
    left: dict[int, Path]

    def checkpoint(self, after: int, folder: Path) -> Checkpoint:
        """Puts what was left where a training looks for it."""
        checkpoint = Checkpoint(folder / "m.keras")
        shutil.copytree(self.left[after], checkpoint.folder)
        return checkpoint


@pytest.fixture(scope="module")
def whole(spoken: Table, weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    config = replace(options(weights), augment=SpectrogramAugmentation(), patience=0)
    checkpoint = Checkpoint(folder / "m.keras")
    kept: dict[int, Path] = {}

    def keep(row: dict[str, float]) -> None:
        epoch = int(row["epoch"])
        kept[epoch] = shutil.copytree(checkpoint.folder, folder / f"{epoch}.ckpt")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "ARCHITECTURES", {**registry.ARCHITECTURES, "tiny": Tiny})
        trained = run(spoken, config, checkpoint=checkpoint, on_epoch=keep)
    assert sorted(kept) == [1, 2, 3, 4, 5]
    return Whole(config, trained, kept)


def test_the_head_is_trained_first(keras: Any, whole: Whole, weights: Path, tmp_path: Path) -> None:
    published = Tiny(weights="none", size=8).application(keras, input_shape=(8, 8, 3), name="x")
    published.load_weights(weights)
    given = {layer.name: layer.get_weights() for layer in published.layers[1:]}
    for after, thawed in ((2, set()), (3, {"block2_conv"}), (5, {"block2_conv"})):
        model = left(keras, whole.checkpoint(after, tmp_path / str(after)))
        mine = base_weights(model)
        # Nor have the statistics of batch normalisation followed the new pictures.
        assert changed(given, mine) == thawed
        assert len(model.trainable_variables) == HEAD + 2 * len(thawed)


def test_each_phase_has_its_own_rate_and_cosine(keras: Any, whole: Whole, tmp_path: Path) -> None:
    for after, steps, peak, length in ((1, 4, RATE, 8), (2, 8, RATE, 8), (3, 4, RATE / 10, 12)):
        model = left(keras, whole.checkpoint(after, tmp_path / str(after)))
        assert int(model.optimizer.iterations) == steps
        expected = peak * (1 + np.cos(np.pi * steps / length)) / 2
        assert float(model.optimizer.learning_rate) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_killed_on_either_side_of_the_border(
    spoken: Table, whole: Whole, tmp_path: Path, after: int
) -> None:
    checkpoint = whole.checkpoint(after, tmp_path)
    resumed = run(spoken, whole.config, checkpoint=checkpoint, resume=True)
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3, 4, 5]
    for row, expected in zip(resumed.history, whole.trained.history, strict=True):
        assert row == pytest.approx(expected, abs=1e-5)
    assert resumed.best_epoch == whole.trained.best_epoch
    for weight, expected in zip(
        resumed.model.get_weights(), whole.trained.model.get_weights(), strict=True
    ):
        assert weight == pytest.approx(expected, abs=1e-5)


def test_the_weights_file_is_not_needed_to_resume(
    spoken: Table, whole: Whole, weights: Path, tmp_path: Path
) -> None:
    away = weights.rename(tmp_path / "elsewhere.weights.h5")
    try:
        checkpoint = whole.checkpoint(4, tmp_path)
        assert run(spoken, whole.config, checkpoint=checkpoint, resume=True).epochs == 5
        # A training that cannot begin leaves what an older one has kept.
        with pytest.raises(SerError, match=r"tiny\.weights\.h5: cannot be read \(No such file"):
            run(spoken, whole.config, checkpoint=checkpoint)
        assert (checkpoint.folder / "state.json").exists()
    finally:
        away.rename(weights)


def test_without_pretrained_weights_everything_is_trained(
    keras: Any, spoken: Table, tmp_path: Path
) -> None:
    model = left(keras, killed(spoken, options("none"), tmp_path / "m.keras", 1))
    assert len(model.trainable_variables) == HEAD + 2 * 4
    steps = int(model.optimizer.iterations)
    assert steps == 4
    expected = 0.1 * RATE * (1 + np.cos(np.pi * steps / 20)) / 2
    assert float(model.optimizer.learning_rate) == pytest.approx(expected, abs=1e-7)
    result = run(spoken, replace(options("none", base_rate=1.0), epochs=10, patience=0))
    # Three emotions: it has learned something, and batch normalisation has followed.
    assert max(row["val_uar"] for row in result.history) > 0.5, result.history


def test_the_head_alone(spoken: Table, weights: Path, keras: Any, tmp_path: Path) -> None:
    config = options(weights, fine_tune=0)
    model = left(keras, killed(spoken, config, tmp_path / "m.keras", 4))
    assert len(model.trainable_variables) == HEAD
    assert int(model.optimizer.iterations) == 16


def test_no_head_phase(spoken: Table, weights: Path, keras: Any, tmp_path: Path) -> None:
    config = options(weights, head_share=0.0, fine_tune=2)
    model = left(keras, killed(spoken, config, tmp_path / "m.keras", 1))
    assert len(model.trainable_variables) == HEAD + 2 * 2
    assert int(model.optimizer.iterations) == 4


def test_early_stopping_waits_for_the_second_phase(spoken: Table, weights: Path) -> None:
    # Emotions by lot: the loss on other speakers rises from the first epochs.
    table = spoken.copy()
    table["y"] = np.random.default_rng(0).permutation(table["y"])
    config = replace(options(weights, head_share=0.5), epochs=16, patience=2, lr=0.1)
    result = run(table, config)
    assert result.epochs >= 8 + 2
    assert result.epochs == max(8 + 2, result.best_epoch + 2)
    # Where there is no second phase there is nothing to wait for.
    alone = run(table, replace(config, options={**config.options, "fine_tune": 0}))
    assert alone.epochs == alone.best_epoch + 2 < 10
