"""Cross-validation: every clip tested once, by a network that has heard nothing of its fold."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import CONFIG, Small

from ser.dataset.folds import Folds
from ser.dataset.split import make_folds
from ser.dataset.table import Table
from ser.errors import SerError
from ser.evaluation.predict import predict_table
from ser.evaluation.predictions import Predictions, read_predictions
from ser.inference.classifier import open_classifier
from ser.models import registry
from ser.models.artifact import read_card
from ser.models.backend import load_keras
from ser.models.calibration import expected_calibration_error
from ser.training.config import TrainConfig
from ser.training.crossval import calibrated_error, cross_validate, describe_protocol
from ser.training.fold import ADAPTED_PROTOCOL
from ser.training.report import read_report


@pytest.fixture
def config(small: str) -> TrainConfig:
    return replace(CONFIG, arch=small, lr=5e-3, epochs=3)


@pytest.fixture(scope="module")
def folds(spoken: Table) -> Folds:
    return make_folds(spoken, 2)


def run(table: Table, folds: Folds, config: TrainConfig, folder: Path, **more: Any) -> Any:
    return cross_validate(table, folds, config, folder, device="cpu", **more)


@dataclass(frozen=True, eq=False)
class Whole:
    """A cross-validation: its folder, its outcome, and what it said of its folds. Read only."""

    folder: Path
    outcome: Any
    said: list[tuple[int, int, int]]


@pytest.fixture(scope="module")
def whole(spoken: Table, folds: Folds, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole") / "cv"
    config = replace(CONFIG, arch=Small.name, lr=5e-3, epochs=3)
    said: list[tuple[int, int, int]] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "ARCHITECTURES", {Small.name: Small})
        outcome = run(spoken, folds, config, folder, on_fold=lambda *fold: said.append(fold))
    return Whole(folder, outcome, said)


def weights(folder: Path, number: int) -> list[Any]:
    model = load_keras("cpu").saving.load_model(folder / f"fold-{number}.keras", compile=False)
    return list(model.get_weights())


def equal(one: list[Any], other: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def check_calibrated(folder: Path, table: Table, folds: Folds) -> Predictions:
    """Each fold's network, told of each test speaker's voice by the test clips of that fold."""
    written = read_predictions(folder / "calibrated.csv")
    plain = read_predictions(folder / "predictions.csv")
    assert written.path.tolist() == plain.path.tolist()
    assert written.protocol == f"{plain.protocol}, {ADAPTED_PROTOCOL}"
    assert written.seed == plain.seed
    for number, test in enumerate(folds.tests, start=1):
        part = written.fold == number
        engine = open_classifier(folder / f"fold-{number}.keras", "keras")
        expected = predict_table(engine, table, records=np.asarray(test), adapt=True)
        assert written.path[part].tolist() == expected.path.tolist()
        assert written.probabilities[part] == pytest.approx(expected.probabilities, abs=1e-4)
    assert np.abs(written.probabilities - plain.probabilities).max() > 0.01
    report = json.loads((folder / "report.json").read_text())
    right = (written.predicted == written.emotion).mean()
    assert report["calibrated"]["scores"]["accuracy"] == pytest.approx(right)
    assert report["calibrated"]["protocol"] == written.protocol
    # The plain figures stay what they are.
    assert report["scores"]["accuracy"] == (plain.predicted == plain.emotion).mean()
    return written


def test_every_clip_is_tested_once_and_by_the_right_network(
    spoken: Table, folds: Folds, config: TrainConfig, whole: Whole
) -> None:
    assert whole.said == [(1, 2, 48), (2, 2, 48)]
    assert sorted(path.name for path in whole.folder.iterdir()) == [
        "calibrated.csv", "fold-1-calibrated.csv", "fold-1.csv", "fold-1.keras",
        "fold-2-calibrated.csv", "fold-2.csv", "fold-2.keras", "predictions.csv", "report.json",
    ]  # fmt: skip
    written = read_predictions(whole.folder / "predictions.csv")
    assert sorted(written.path.tolist()) == sorted(spoken["path"].tolist())
    for number, test in enumerate(folds.tests, start=1):
        part = written.fold == number
        assert written.path[part].tolist() == spoken["path"][test].tolist()
        engine = open_classifier(whole.folder / f"fold-{number}.keras")
        # The card's temperature is 1: predictions are the network's own words.
        assert engine.temperature == 1
        assert written.probabilities[part] == pytest.approx(
            engine.probabilities(spoken["x"][test]), abs=1e-4
        )
        card = engine.card
        assert card["clips"] == 48
        tested = {f"made/{name}" for name in spoken["speaker"][test].tolist()}
        assert not tested & set(card["speakers"])
        assert len(tested) == len(card["speakers"]) == 4
        assert card["protocol"].startswith(f"fold {number} of: made (96 clips, 8 speakers)")
    report = json.loads((whole.folder / "report.json").read_text())
    assert report["scores"]["uar"] == pytest.approx(whole.outcome.evaluation.scores.uar)
    assert report["temperature"] == whole.outcome.temperature
    assert 0 <= report["calibration_error_with_temperature"] < 0.5
    right = (written.predicted == written.emotion).mean()
    assert report["scores"]["accuracy"] == pytest.approx(right)
    assert report["protocol"] == written.protocol == describe_protocol(spoken, folds, config)
    assert (
        "3 classes, 2-fold cross-validation (2 folds by speaker), speakers apart"
        in (report["protocol"])
    )
    # More than chance, after a few steps of a tiny network.
    assert report["scores"]["uar"] > 0.5
    check_calibrated(whole.folder, spoken, folds)


def test_the_test_fold_influences_nothing(
    spoken: Table, folds: Folds, config: TrainConfig, whole: Whole, tmp_path: Path
) -> None:
    changed = spoken.copy()
    changed["x"][folds.tests[0]] *= -3
    run(changed, folds, config, tmp_path)
    assert equal(weights(whole.folder, 1), weights(tmp_path, 1))
    # The other fold trains on what was changed.
    assert not equal(weights(whole.folder, 2), weights(tmp_path, 2))


class _KilledError(Exception):
    pass


def test_finished_folds_are_kept(
    spoken: Table, folds: Folds, config: TrainConfig, whole: Whole, tmp_path: Path
) -> None:
    epochs = 0

    def stop(fold: int, row: dict[str, float]) -> None:
        nonlocal epochs
        epochs += 1
        if epochs == 5:
            raise _KilledError

    folder = tmp_path / "broken"
    with pytest.raises(_KilledError):
        run(spoken, folds, config, folder, on_epoch=stop)
    assert not (folder / "report.json").exists()
    assert (folder / "fold-2.keras.ckpt").is_dir()
    first = (folder / "fold-1.keras").stat().st_mtime_ns
    steps: list[int] = []
    rows: list[float] = []
    resumed = run(
        spoken,
        folds,
        config,
        folder,
        resume=True,
        on_step=steps.append,
        on_epoch=lambda fold, row: rows.append(row["epoch"]),
    )
    assert (folder / "fold-1.keras").stat().st_mtime_ns == first
    assert rows == [1, 2, 3]
    assert sum(steps) == 2 * 3 * (48 // config.batch_size)
    assert not (folder / "fold-2.keras.ckpt").exists()
    assert resumed.predictions.probabilities == pytest.approx(
        whole.outcome.predictions.probabilities, abs=1e-5
    )
    # Without --resume everything is trained again.
    rows.clear()
    layers = network_of_artifact(folder / "fold-2.keras")
    run(spoken, folds, config, folder, on_epoch=lambda fold, row: rows.append(row["epoch"]))
    assert rows == [1, 2, 3, 1, 2, 3]
    # Layers are named alike, whatever was trained before in the process.
    assert network_of_artifact(folder / "fold-2.keras") == layers


def network_of_artifact(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read("config.json")


def test_unlabelled_clips_are_neither_trained_on_nor_tested(
    spoken: Table, folds: Folds, config: TrainConfig, tmp_path: Path
) -> None:
    table = spoken.copy()
    table["y"][::5] = ""
    pooled = run(table, folds, config, tmp_path)
    assert len(pooled.predictions) == (table["y"] != "").sum()
    assert set(pooled.predictions.emotion.tolist()) == {"neutral", "sad", "angry"}
    assert read_card(tmp_path / "fold-1.keras")["labels"] == ["neutral", "sad", "angry"]
    # And it can be resumed, even where a version that did not calibrate has finished a fold.
    told = read_predictions(tmp_path / "calibrated.csv")
    (tmp_path / "fold-1-calibrated.csv").unlink()
    rows: list[dict[str, float]] = []
    again = run(
        table, folds, config, tmp_path, resume=True, on_epoch=lambda fold, row: rows.append(row)
    )
    assert rows == []
    assert len(again.predictions) == len(pooled.predictions)
    assert (tmp_path / "fold-1-calibrated.csv").exists()
    retold = read_predictions(tmp_path / "calibrated.csv")
    assert (retold.path.tolist(), retold.protocol) == (told.path.tolist(), told.protocol)
    assert retold.probabilities == pytest.approx(told.probabilities, abs=1e-5)


def test_a_network_that_reads_functionals(
    prosodic: Table, folds: Folds, small_experts: str, tmp_path: Path
) -> None:
    config = replace(CONFIG, arch=small_experts, lr=5e-3, epochs=3)
    pooled = run(prosodic, folds, config, tmp_path)
    assert pooled.evaluation.scores.uar > 0.5
    check_calibrated(tmp_path, prosodic, folds)


def test_the_protocol_names_corpora_that_no_fold_tests(
    spoken: Table, folds: Folds, config: TrainConfig
) -> None:
    more = spoken.copy()
    more["corpus"] = "other"
    both = np.concatenate([spoken, more])
    assert "made (96 clips, 8 speakers), trained with other (96 clips, 8 speakers), 3 classes" in (
        describe_protocol(both, folds, config)
    )
    config = replace(config, support=("other",))
    assert "supported by other (96" in describe_protocol(both, folds, config)


def test_calibration_is_measured_with_temperatures_of_other_folds() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 600)
    # Right as often as a softmax of these logits says, but twice as sure.
    logs = rng.normal(0, 1, (600, 3))
    powers = np.exp(logs)
    truth = np.array([rng.choice(3, p=p) for p in powers / powers.sum(axis=1, keepdims=True)])
    sure = np.exp(2 * logs)
    sure /= sure.sum(axis=1, keepdims=True)
    labels = ("neutral", "sad", "angry")
    names = np.array([str(i) for i in range(600)])
    found = Predictions(
        labels=labels,
        path=names,
        start=np.zeros(600),
        corpus=names,
        speaker=names,
        emotion=np.array(labels)[truth],
        fold=np.arange(600) % 3,
        probabilities=sure.astype(np.float32),
        protocol="",
        seed=0,
    )
    plain = expected_calibration_error(found.probabilities, truth)
    assert calibrated_error(found) < 0.06 < 0.1 < plain
    # A fold that is much more sure than the others is not helped by its own clips.
    odd = found.probabilities.copy()
    odd[found.fold == 0] **= 8
    odd /= odd.sum(axis=1, keepdims=True)
    assert calibrated_error(replace(found, probabilities=odd)) > 0.1


def test_a_report_of_supported_corpora_fits_its_table(
    spoken: Table, folds: Folds, config: TrainConfig, tmp_path: Path
) -> None:
    more = spoken.copy()
    more["corpus"] = "other"
    both, config = np.concatenate([spoken, more]), replace(config, support=("other",), epochs=1)
    pooled = run(both, folds, config, tmp_path)
    figures = read_report(tmp_path, both, config)
    assert figures.metrics["uar"] == pooled.evaluation.scores.uar
    assert figures.metrics["calibration_error"] == calibrated_error(pooled.predictions)
    with pytest.raises(SerError, match="is the cross-validation of another table"):
        read_report(tmp_path, spoken, config)
    with pytest.raises(SerError, match=r"cross-validate made .*, trained with other"):
        read_report(tmp_path, both, replace(config, support=()))
