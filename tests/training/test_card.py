"""What an artifact says about itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tables import make_table

from ser.training.card import describe_corpora, license_text, make_card
from ser.training.config import TrainConfig
from ser.training.loop import TrainedNetwork

TRAINED = TrainedNetwork(None, ("sad", "angry"), [], 7, 4, 1.3, 90.0, "tensorflow cpu")


def card(**more: Any) -> dict[str, Any]:
    table = make_table(
        6,
        corpus=["ravdess"] * 3 + ["tess"] * 3,
        speaker=["1", "1", "2", "1", "1", "9"],
        y=["sad", "angry"] * 3,
    )
    return make_card(table, np.arange(5), TrainConfig(seed=3), TRAINED, protocol="p", **more)


def test_a_card_is_plain_json_and_complete() -> None:
    made = card(metrics={"uar": 0.6})
    assert json.loads(json.dumps(made)) == json.loads(json.dumps(made))
    assert made["labels"] == ["sad", "angry"]
    assert made["corpora"] == ["ravdess", "tess"]
    # The sixth record was not trained on, and neither was its speaker.
    assert made["clips"] == 5
    assert made["speakers"] == ["ravdess/1", "ravdess/2", "tess/1"]
    assert (made["frames"], made["coefficients"]) == (4, 3)
    assert made["temperature"] == 1.3
    assert made["seed"] == 3
    assert made["metrics"] == {"uar": 0.6}
    assert made["training"]["epochs_trained"] == 7
    assert made["training"]["best_epoch"] == 4
    assert made["training"]["minutes"] == 1.5
    assert card(temperature=0.7)["temperature"] == 0.7


@pytest.mark.parametrize(
    ("corpora", "words"),
    [
        (["ravdess"], "non-commercial use: trained on ravdess (CC BY-NC-SA 4.0)"),
        (["crema_d", "tess"], "non-commercial"),
        (["crema_d"], "trained on crema_d (ODbL 1.0)"),
        (["mine"], "follows the licences of the training data"),
        ([], "follows the licences of the training data"),
    ],
)
def test_the_licence_follows_the_corpora(corpora: list[str], words: str) -> None:
    assert words in license_text(corpora)
    assert ("non-commercial" in license_text(corpora)) == ("non-commercial" in words)


def test_an_unknown_corpus_beside_a_known_one_is_not_passed_over() -> None:
    assert "mine" in license_text(["crema_d", "mine"])


def test_corpora_in_a_few_words() -> None:
    table = make_table(4, corpus=["b", "a", "a", "a"], speaker=["1", "1", "", "2"])
    assert describe_corpora(table) == "a+b (4 clips, 3 speakers)"
    assert (
        describe_corpora(make_table(2, corpus="", speaker="")) == "own clips (2 clips, 0 speakers)"
    )
