"""Training two experts at once: each learns by itself, and a kill changes nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import CONFIG, of_speakers

from ser.dataset.table import Table
from ser.errors import SerError, TableError
from ser.models.prosody_cnn import LDA_LAYER
from ser.models.svm import SUPPORT_LAYER
from ser.training.batches import Examples
from ser.training.checkpoint import Checkpoint
from ser.training.config import TrainConfig
from ser.training.experts import expert_layers
from ser.training.loop import TrainedNetwork, TrainingData, predict, train
from ser.training.spec_augment import SpectrogramAugmentation

TRAIN = ("01", "02", "03", "04", "05", "06")
WATCHED = ("07", "08")


@pytest.fixture
def config(small_experts: str) -> TrainConfig:
    return replace(CONFIG, arch=small_experts, lr=5e-3, epochs=4)


def split(table: Table) -> TrainingData:
    return TrainingData(table, of_speakers(table, *TRAIN), of_speakers(table, *WATCHED))


def run(data: TrainingData, config: TrainConfig, **more: Any) -> TrainedNetwork:
    return train(data, config, device="cpu", **more)


def test_it_learns_what_speakers_have_in_common(prosodic: Table, config: TrainConfig) -> None:
    result = run(split(prosodic), replace(config, epochs=12))
    assert list(result.history[0]) == [
        "epoch", "loss", "accuracy", "prosody_accuracy", "val_loss", "val_accuracy", "val_uar",
    ]  # fmt: skip
    assert max(row["val_uar"] for row in result.history) > 0.8, result.history
    # The picture learns; prosody is known from the start.
    assert result.history[-1]["accuracy"] > max(0.7, result.history[0]["accuracy"])
    assert {row["prosody_accuracy"] > 0.7 for row in result.history} == {True}
    assert result.history[-1]["loss"] < result.history[0]["loss"]
    # The network has one answer, and its file no optimiser.
    assert [output.shape for output in result.model.outputs] == [(None, 3)]
    assert getattr(result.model, "optimizer", None) is None
    assert result.voice is not None
    chosen = prosodic["functionals"][split(prosodic).train]
    assert result.voice[0] == pytest.approx(chosen.mean(axis=0), rel=1e-3, abs=1e-3)
    # Each expert is right by itself, about voices that it has not heard.
    watched = Examples(
        prosodic, of_speakers(prosodic, *WATCHED), result.labels, reads_functionals=True
    )
    for name in expert_layers(result.model):
        expert = type(result.model)(result.model.inputs, result.model.get_layer(name).output)
        picked = predict(expert, watched).argmax(axis=1)
        assert (picked == watched.targets).mean() > 0.6, name


def reading(model: Any) -> list[np.ndarray]:
    """Gives the weights of what reads prosody, in order."""
    layers = [layer for layer in model.layers if layer.name.startswith(LDA_LAYER)]
    layers.sort(key=lambda layer: int(layer.name.rpartition("_")[2]))
    return [weight for layer in layers for weight in layer.get_weights()]


@pytest.mark.parametrize("how", ["linear", "kernel"])
def test_a_resumed_training_ends_where_an_unbroken_one_does(
    how: str, prosodic: Table, config: TrainConfig, tmp_path: Path
) -> None:
    # Augmentation, dropout, and which voices are told of: all of it depends on the seed.
    config = replace(config, augment=SpectrogramAugmentation(), options={"prosody_classifier": how})
    checkpoint, left = Checkpoint(tmp_path / "m.keras"), Checkpoint(tmp_path / "left.keras")

    def keep(row: dict[str, float]) -> None:
        if row["epoch"] == 2:
            # What a kill at this point would have left.
            shutil.copytree(checkpoint.folder, left.folder)

    whole = run(split(prosodic), config, checkpoint=checkpoint, on_epoch=keep)
    said: list[float] = []
    resumed = run(
        split(prosodic),
        config,
        checkpoint=left,
        resume=True,
        on_epoch=lambda row: said.append(row["epoch"]),
    )
    assert said == [1, 2, 3, 4]
    for row, expected in zip(resumed.history, whole.history, strict=True):
        assert row == pytest.approx(expected, abs=1e-5)
    for weight, expected in zip(
        resumed.model.get_weights(), whole.model.get_weights(), strict=True
    ):
        assert weight == pytest.approx(expected, abs=1e-5)


def right_by_prosody(result: TrainedNetwork, table: Table, clips: np.ndarray) -> float:
    asked = Examples(table, clips, result.labels, reads_functionals=True)
    layer = result.model.get_layer(expert_layers(result.model)[-1])
    expert = type(result.model)(result.model.inputs, layer.output)
    return float((predict(expert, asked).argmax(axis=1) == asked.targets).mean())


def test_clips_that_were_learnt_from_are_compared(prosodic: Table, config: TrainConfig) -> None:
    config = replace(config, options={"prosody_classifier": "kernel"}, epochs=1)
    everyone = of_speakers(prosodic, *TRAIN)
    others = everyone[::6]
    mine = np.setdiff1d(everyone, others)
    result = run(TrainingData(prosodic, mine), config)
    assert 0 < result.model.get_layer(SUPPORT_LAYER).kernel.shape[1] <= len(mine)
    assert right_by_prosody(result, prosodic, others) > 0.7
    # It can know by heart what no plane divides.
    table = prosodic.copy()
    table["y"] = np.random.default_rng(1).permutation(table["y"])
    assert right_by_prosody(run(TrainingData(table, mine), config), table, mine) > 0.95


def test_class_weights_reach_both_experts(prosodic: Table, config: TrainConfig) -> None:
    rare = (prosodic["y"] == "sad") & (np.arange(len(prosodic)) % 4 > 0)
    data = TrainingData(
        prosodic, np.setdiff1d(of_speakers(prosodic, "01", "02"), np.flatnonzero(rare))
    )
    plain, even = (
        run(data, replace(config, epochs=1, class_weight=weight)).model
        for weight in ("none", "balanced")
    )
    assert len(plain.trainable_weights) == 4
    read = [reading(model) for model in (plain, even)]
    before, after = (
        [*model.trainable_weights, *weights]
        for model, weights in zip((plain, even), read, strict=True)
    )
    for one, other in zip(before, after, strict=True):
        assert not np.array_equal(np.asarray(one), np.asarray(other)), one.path


def test_no_speaker_is_known(prosodic: Table, config: TrainConfig) -> None:
    table = prosodic.copy()
    table["speaker"] = ""
    result = run(TrainingData(table, of_speakers(prosodic, *TRAIN)), replace(config, epochs=1))
    first, bias, *others = reading(result.model)
    kernel = np.concatenate([first, *others])
    count = prosodic["functionals"].shape[1]
    assert np.abs(kernel[:count]).max() > 0
    # Nothing was learnt of voices that are known, and being told of one changes nothing.
    assert not kernel[count:].any()
    assert np.isfinite(bias).all()


def test_a_table_without_functionals_is_one_clear_error(spoken: Table, config: TrainConfig) -> None:
    with pytest.raises(SerError, match="holds none; extract with --functionals prosody"):
        run(split(spoken), config)


def test_functionals_that_are_not_numbers_end_the_training(
    prosodic: Table, config: TrainConfig
) -> None:
    table = prosodic.copy()
    table["functionals"][5, 3] = np.nan
    with pytest.raises(TableError, match="functionals that are not numbers"):
        run(split(table), config)
    # Nobody looks at those of other clips.
    assert (
        run(TrainingData(table, of_speakers(table, *WATCHED)), replace(config, epochs=1)).epochs
        == 1
    )


def test_half_precision_while_training_alone(prosodic: Table, config: TrainConfig) -> None:
    result = run(split(prosodic), replace(config, precision="bfloat16", epochs=12))
    assert max(row["val_uar"] for row in result.history) > 0.8, result.history
    assert result.device == "tensorflow cpu bfloat16"
    assert {layer.compute_dtype for layer in result.model.layers} == {"float32"}


def test_several_spectral_networks_are_trained_independently(
    prosodic: Table, config: TrainConfig
) -> None:
    result = run(split(prosodic), replace(config, options={"spectral_networks": 3}, epochs=12))
    names = expert_layers(result.model)
    assert names == ["picture", "picture_2", "picture_3", "prosody"]
    watched = Examples(
        prosodic, of_speakers(prosodic, *WATCHED), result.labels, reads_functionals=True
    )
    alone = []
    for name in names:
        expert = type(result.model)(result.model.inputs, result.model.get_layer(name).output)
        alone.append(predict(expert, watched))
        assert (alone[-1].argmax(axis=1) == watched.targets).mean() > 0.6, name
    assert np.abs(alone[0] - alone[1]).max() > 0.01
    # Together they count as one expert.
    logs = [np.log(answer + 1e-6) for answer in alone]
    votes = np.exp((np.mean(logs[:3], axis=0) + 1.5 * logs[3]) / 2.5)
    expected = votes / votes.sum(axis=1, keepdims=True)
    assert predict(result.model, watched) == pytest.approx(expected, abs=1e-4)
