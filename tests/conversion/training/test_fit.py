"""The card of a conversion model, and which checkpoints belong to a training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sentences import sentence_table

from ser.conversion.models.gan import GANTranslate
from ser.conversion.pairs import Pairs, find_pairs
from ser.conversion.rules import Rules, learn_rules
from ser.conversion.training.fit import TrainedConverter, _fingerprint, make_card
from ser.dataset.table import Table
from ser.training.config import TrainConfig

CONFIG = TrainConfig(arch="gan-translate", options={"width": 8}, epochs=3, seed=5)


@pytest.fixture(scope="module")
def table() -> Table:
    return sentence_table()


@pytest.fixture(scope="module")
def pairs(table: Table) -> Pairs:
    return find_pairs(table, np.arange(len(table)))


def test_the_card_says_how_the_model_was_trained(table: Table, pairs: Pairs) -> None:
    history = [{"epoch": 1.0, "loss": 3.0}, {"epoch": 2.0, "loss": 2.0}]
    trained = TrainedConverter(
        None, GANTranslate(), ("neutral", "sad", "angry"), history, 90, "cpu"
    )
    card = make_card(table, np.arange(len(table)), pairs, CONFIG, trained)
    assert (card["kind"], card["architecture"]) == ("translator", "gan-translate")
    assert card["labels"] == ["neutral", "sad", "angry"]
    assert (card["corpora"], card["clips"]) == (["made"], len(table))
    assert card["speakers"] == ["made/01", "made/02"]
    assert card["protocol"] == (
        f"{len(pairs)} pairs of made ({len(table)} clips, 2 speakers), last of 3 epochs, seed 5"
    )
    assert card["training"]["options"] == {"width": 8}
    assert card["training"]["epochs_trained"] == 2
    assert (card["training"]["minutes"], card["training"]["last"]) == (1.5, history[-1])
    assert Rules.from_dict(card["rules"]).to_dict() == learn_rules(table).to_dict()


def test_a_checkpoint_belongs_to_its_table_pairs_and_configuration(
    table: Table, pairs: Pairs
) -> None:
    everything = np.arange(len(table))
    first = _fingerprint(table, everything, pairs, CONFIG)
    assert first == _fingerprint(table.copy(), everything, pairs, replace(CONFIG))
    others = table.copy()
    others["y"][0] = "happy"
    changed = replace(pairs, target=pairs.target[::-1].copy())
    different = [
        _fingerprint(others, everything, pairs, CONFIG),
        _fingerprint(table, everything[1:], pairs, CONFIG),
        _fingerprint(table, everything, changed, CONFIG),
        _fingerprint(table, everything, pairs, replace(CONFIG, seed=6)),
    ]
    assert len({first, *different}) == 5
