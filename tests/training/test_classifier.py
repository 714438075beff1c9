"""A classifier in one call, from a table to an artifact, and its evaluation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from spoken import PROSODIC, of_speakers
from tables import make_table

from ser.dataset.table import Table, write_table
from ser.errors import SerError
from ser.evaluation.predict import evaluate_classifier
from ser.inference.classifier import open_classifier
from ser.models.artifact import read_card
from ser.models.registry import make_architecture
from ser.training.classifier import config_for, default_architecture, train_classifier
from ser.training.config import TrainConfig
from ser.training.spec_augment import NO_AUGMENTATION, SpectrogramAugmentation


def test_from_a_table_to_figures(small: str, spoken: Table, tmp_path: Path) -> None:
    train, test = (spoken[of_speakers(spoken, *names)] for names in (("01", "02", "03"), ("08",)))
    epochs: list[float] = []
    trained = train_classifier(
        train,
        small,
        validation=0.34,
        epochs=3,
        batch_size=12,
        lr=5e-3,
        augment=False,
        seed=3,
        device="cpu",
        on_epoch=lambda row: epochs.append(row["epoch"]),
    )
    assert epochs == [1, 2, 3]
    assert trained.notes == trained.warnings == ()
    assert trained.save(tmp_path / "m.keras")
    card = read_card(tmp_path / "m.keras")
    written = {name: card[name] for name in trained.card}
    assert written == json.loads(json.dumps(dict(trained.card)))
    assert card["training"]["seed"] == card["seed"] == 3
    assert (card["training"]["batch_size"], card["training"]["epochs_trained"]) == (12, 3)
    assert card["protocol"].endswith("validated on 12 clips (speakers apart), seed 3")
    assert set(card["metrics"]) >= {"validation_uar", "validation_accuracy"}

    classifier = open_classifier(tmp_path / "m.keras")
    evaluation = evaluate_classifier(classifier, test)
    assert evaluation.n == len(test) == 12
    confusion = np.array(evaluation.confusion)
    assert evaluation.accuracy == pytest.approx(np.trace(confusion) / 12)
    assert evaluation.uar == pytest.approx(np.diag(confusion / confusion.sum(1)[:, None]).mean())
    assert evaluation.uar == evaluation.scores.uar
    assert evaluation.macro_f1 == evaluation.scores.macro_f1
    assert "uar" not in evaluation.to_dict()
    adapted = evaluate_classifier(classifier, test, adapt=True)
    assert adapted.calibration_error != evaluation.calibration_error


def test_from_a_file_with_a_table_for_validation(small: str, spoken: Table, tmp_path: Path) -> None:
    write_table(tmp_path / "train.npy", spoken[of_speakers(spoken, "01", "02")])
    options = {"epochs": 1, "device": "cpu"}
    for validation in (spoken[of_speakers(spoken, "02")], tmp_path / "v.npy"):
        if isinstance(validation, Path):
            write_table(validation, spoken[of_speakers(spoken, "03")])
        made = train_classifier(tmp_path / "train.npy", small, validation=validation, **options)
        assert made.card["protocol"].endswith("validated on 12 clips, seed 0")
        assert bool(made.warnings) == (not isinstance(validation, Path))
    nothing = train_classifier(str(tmp_path / "train.npy"), small, validation=0, **options)
    assert nothing.card["metrics"] == {}
    assert nothing.card["clips"] == 24


def test_what_is_not_given_suits_the_architecture() -> None:
    vgg = make_architecture("vgg16", {"weights": "none"})
    config = config_for(vgg, {"weights": "none"})
    assert (config.arch, config.options) == ("vgg16", {"weights": "none"})
    assert (config.epochs, config.lr) == (30, 1e-3)
    assert config.augment == SpectrogramAugmentation()
    given = config_for(vgg, {}, epochs=5, augment=False)
    assert (given.epochs, given.options, given.augment) == (5, {}, NO_AUGMENTATION)
    assert config_for(make_architecture("cnn"), {}) == TrainConfig()
    with pytest.raises(TypeError):
        config_for(vgg, {}, epoch=5)


def test_values_that_do_not_fit_are_refused_before_training() -> None:
    table = make_table()
    with pytest.raises(SerError, match="transformer9"):
        train_classifier(table, "transformer9")
    with pytest.raises(SerError, match="dropot"):
        train_classifier(table, options={"dropot": 0.1})
    with pytest.raises(SerError, match="lr"):
        train_classifier(table, lr=0.0)


def test_the_architecture_follows_the_table() -> None:
    assert default_architecture(make_table()) == "cnn"
    assert default_architecture(make_table(spec=PROSODIC)) == "prosody-cnn"
