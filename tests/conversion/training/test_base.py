"""Training examples: conditions and labels of pairs, and the order of batches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sentences import sentence_table

from ser.conversion.models.gan import GANTranslate
from ser.conversion.pairs import find_pairs
from ser.conversion.training.base import ConversionTrainer, PairExamples, build_examples
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures


class IdleTrainer(ConversionTrainer):
    """A trainer without networks."""

    def build(self) -> None: ...

    def training_networks(self) -> dict[str, Any]:
        return {}

    def restore(self, model: Any, networks: dict[str, Any]) -> None: ...

    def epoch(self, number: int, on_step: Callable[[int], None]) -> EpochFigures:
        return {}


@pytest.fixture(scope="module")
def examples() -> PairExamples:
    table = sentence_table()
    table["intensity"][table["y"] == "sad"] = "normal"
    # One speaker is no training data.
    indices = np.flatnonzero(table["speaker"] == "01")
    return build_examples(table, indices, find_pairs(table, indices))


def test_labels_are_indices_of_names(examples: PairExamples) -> None:
    assert examples.emotions == ("neutral", "sad", "angry")
    assert examples.speakers == ("made/01",)
    records = np.arange(len(examples.table))
    names = [examples.emotions[i] for i in examples.emotion]
    assert names == examples.table["y"].tolist()
    assert ((examples.speaker == 0) == (examples.table["speaker"] == "01")).all()
    assert (examples.speaker[examples.table["speaker"] != "01"] == -1).all()
    conditions = examples.conditions(records)
    assert (conditions.argmax(axis=1) == examples.emotion).all()
    strength = {"neutral": 1.0, "sad": 0.4, "angry": 1.0}
    assert conditions.sum(axis=1).tolist() == pytest.approx([strength[name] for name in names])


def test_contours_are_without_padding(examples: PairExamples) -> None:
    for record in (0, 3):
        assert len(examples.contours(record)) == examples.table["frames"][record]


def test_an_epoch_sees_every_pair_once_in_an_order_of_its_own(examples: PairExamples) -> None:
    def epoch(number: int, seed: int = 0) -> list[int]:
        config = TrainConfig(arch="gan-translate", batch_size=4, seed=seed)
        trainer = IdleTrainer(None, GANTranslate(), examples, config)
        batches = [batch.tolist() for batch in trainer.batches(number)]
        assert len(batches) == trainer.steps == len(examples) // 4
        return [pair for batch in batches for pair in batch]

    assert sorted(epoch(0)) == list(range(len(examples)))
    assert epoch(0) == epoch(0)
    assert epoch(0) != epoch(1)
    assert epoch(0) != epoch(0, seed=1)
