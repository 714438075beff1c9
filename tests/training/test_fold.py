"""One fold: its records, its files, and whose they are."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from spoken import CONFIG, of_speakers
from tables import make_table

from ser.dataset.table import Table, spec_of
from ser.errors import SerError
from ser.models.artifact import read_card
from ser.training.config import TrainConfig
from ser.training.fold import Fold, matches_config, table_labels
from ser.training.spec_augment import SpectrogramAugmentation

PROTOCOL = "made for a test"


@pytest.fixture
def config(small: str) -> TrainConfig:
    return replace(CONFIG, arch=small, lr=5e-3, epochs=2)


def make(table: Table, config: TrainConfig, folder: Path, protocol: str = PROTOCOL) -> Fold:
    test = np.asarray(of_speakers(table, "01", "02"), np.intp)
    return Fold(1, test, config, folder, protocol, "cpu")


def test_a_finished_fold_is_read_again_and_others_are_refused(
    spoken: Table, config: TrainConfig, tmp_path: Path
) -> None:
    fold = make(spoken, config, tmp_path)
    assert fold.load_finished(spoken) is None
    assert len(fold.training_records(spoken)) == 72
    assert fold.steps_per_epoch(spoken) == 72 // 16
    made = fold.train(spoken)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fold-1-calibrated.csv", "fold-1.csv", "fold-1.keras",
    ]  # fmt: skip
    assert made.plain.fold.tolist() == made.adapted.fold.tolist() == [1] * 24
    assert read_card(fold.artifact)["protocol"] == f"fold 1 of: {PROTOCOL}"
    again = fold.load_finished(spoken)
    assert again is not None
    for before, after in ((made.plain, again.plain), (made.adapted, again.adapted)):
        assert after.protocol == before.protocol
        assert after.path.tolist() == before.path.tolist()
        assert np.array_equal(after.probabilities, before.probabilities)

    relabelled = spoken.copy()
    relabelled["path"][:] = np.roll(spoken["path"], 1)
    for table, other in (
        (spoken, make(spoken, replace(config, lr=1e-4), tmp_path)),
        (spoken, make(spoken, replace(config, seed=1), tmp_path)),
        (spoken, make(spoken, config, tmp_path, "of something else")),
        (relabelled, fold),
    ):
        with pytest.raises(SerError, match=r"fold-1\.csv: .*other data or options"):
            other.load_finished(table)
    # Patience means nothing here.
    assert make(spoken, replace(config, patience=3), tmp_path).load_finished(spoken) is not None
    # Half of the files are no finished fold.
    fold.artifact.unlink()
    assert fold.load_finished(spoken) is None


def test_a_training_that_lacks_an_emotion(
    spoken: Table, config: TrainConfig, tmp_path: Path
) -> None:
    table = spoken.copy()
    table["y"][of := np.flatnonzero(table["y"] == "sad")] = "angry"
    table["y"][of[:4]] = "sad"
    with pytest.raises(SerError, match="fold 1: has no training clip of some emotion"):
        Fold(1, of[:4], replace(config, epochs=1), tmp_path, PROTOCOL, "cpu").train(table)
    assert not (tmp_path / "fold-1.keras").exists()


def test_what_a_network_was_trained_with() -> None:
    table = make_table()
    config = TrainConfig(options={"dropout": 0.2}, support=("b", "a"), seed=3)
    card = json.loads(json.dumps({"spec": spec_of(table).to_dict(), "training": config.to_dict()}))
    assert matches_config(card, table, config)
    assert matches_config(card, table, replace(config, patience=1))
    for other in (
        replace(config, options={}),
        replace(config, support=("a",)),
        replace(config, augment=SpectrogramAugmentation(stretch=0.1)),
        replace(config, epochs=61),
    ):
        assert not matches_config(card, table, other)
    # What was chosen inside of the fold is not asked for; everything else is.
    tuned = {**card, "tuning": {"chosen": {"dropout": 0.4, "lr": 0.01}}}
    tuned["training"] = {**card["training"], "options": {"dropout": 0.4}, "lr": 0.01}
    assert matches_config(tuned, table, config)
    assert not matches_config(tuned, table, replace(config, seed=4))
    # Features of another kind.
    assert not matches_config(card, make_table(spec=replace(spec_of(table), n_mels=8)), config)


def test_labels_are_in_the_order_of_the_outputs() -> None:
    assert table_labels(make_table(3, y=["angry", "", "neutral"])) == ("neutral", "angry")
