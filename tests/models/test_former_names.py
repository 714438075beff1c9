"""Former names of hyperparameters: read in old files, refused with the new name elsewhere."""

from __future__ import annotations

import pytest

from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.errors import HyperparameterError
from ser.models.former_names import (
    FORMER_NAMES,
    update_card,
    with_current_names,
    with_former_names,
)
from ser.models.registry import ARCHITECTURES

ALL = {**ARCHITECTURES, **CONVERSION_ARCHITECTURES}
RENAMED = [(arch, old, new) for arch, names in FORMER_NAMES.items() for old, new in names.items()]


@pytest.mark.parametrize(("arch", "old", "new"), RENAMED)
def test_a_former_name_is_answered_with_the_current_one(arch: str, old: str, new: str) -> None:
    options = ALL[arch].options()
    assert new in options
    assert old not in options
    with pytest.raises(HyperparameterError, match=f"^{old}=1: is called {new} now; use {new}=1$"):
        ALL[arch].with_options({old: "1"})


def test_there_and_back() -> None:
    current = {"prosody_classifier": "kernel", "dropout": 0.1}
    former = with_former_names("prosody-cnn", current)
    assert former == {"reading": "kernel", "dropout": 0.1}
    assert with_current_names("prosody-cnn", former) == current
    # A name belongs to its architecture.
    assert with_current_names("cnn", {"share": 1}) == {"share": 1}


def test_cards_of_earlier_versions() -> None:
    card = {
        "architecture": "prosody-cnn",
        "training": {"options": {"reading": "kernel"}, "epochs": 3},
        "tuning": {"chosen": {"pictures": 2, "lr": 0.1}, "searched": {"pictures": "1 to 3"}},
    }
    assert update_card(card) == {
        "architecture": "prosody-cnn",
        "training": {"options": {"prosody_classifier": "kernel"}, "epochs": 3},
        "tuning": {
            "chosen": {"spectral_networks": 2, "lr": 0.1},
            "searched": {"spectral_networks": "1 to 3"},
        },
    }
    assert card["training"] == {"options": {"reading": "kernel"}, "epochs": 3}
    # Cards without a training, as those of rules, stay as they are.
    assert update_card({"kind": "translator"}) == {"kind": "translator"}
