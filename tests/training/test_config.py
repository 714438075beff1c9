"""The configuration of a training: what it says of itself, and what a search changes in it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ser.errors import SerError
from ser.training.config import TrainConfig
from ser.training.spec_augment import SpectrogramAugmentation


def test_a_protocol_names_everything_that_is_not_the_default() -> None:
    config = TrainConfig(
        arch="prosody-cnn",
        options={"prosody_classifier": "kernel", "dropout": 0.1},
        label_smoothing=0.05,
        precision="bfloat16",
        augment=SpectrogramAugmentation(time_masks=0, mixup=0.2),
    )
    assert config.describe() == (
        "prosody-cnn (dropout=0.1, prosody_classifier=kernel, label_smoothing=0.05, "
        "precision=bfloat16, augment.time_masks=0, augment.mixup=0.2)"
    )


def test_what_an_architecture_has_for_a_default_is_not_named() -> None:
    assert TrainConfig(arch="acgan", lr=1e-3).describe() == "acgan"
    assert TrainConfig(arch="acgan").describe() == "acgan (lr=0.002)"
    assert TrainConfig(arch="cnn", epochs=3, seed=5, support=("tess",)).describe() == "cnn"


def test_an_architecture_of_somebody_else_is_named_with_its_options() -> None:
    assert TrainConfig(arch="mine", options={"size": 3}, lr=1.0).describe() == "mine (size=3)"


def test_changed_values_go_where_they_belong() -> None:
    config = TrainConfig().with_hyperparameters({"lr": 0.1, "augment.shift": 1, "dropout": 0.2})
    wanted = SpectrogramAugmentation(shift=1)
    assert config == replace(TrainConfig(), lr=0.1, augment=wanted, options={"dropout": 0.2})


def test_fingerprints_have_the_names_of_the_first_version() -> None:
    options = {"prosody_classifier": "kernel", "dropout": 0.1}
    config = TrainConfig(arch="prosody-cnn", options=options)
    former = {**config.to_dict(), "options": {"reading": "kernel", "dropout": 0.1}}
    assert config.fingerprint_values() == former
    assert TrainConfig(options={"units": 64}).fingerprint_values()["options"] == {"units": 64}


def test_names_are_those_that_there_are() -> None:
    with pytest.raises(SerError, match=r"^class_weight=balancd: is unknown; did you mean balanced"):
        TrainConfig(class_weight="balancd")  # type: ignore[arg-type]
    with pytest.raises(SerError, match=r"^precision=half: is unknown"):
        TrainConfig(precision="half")  # type: ignore[arg-type]
    assert TrainConfig(support="tess") == TrainConfig(support=("tess",))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"weight_decay": -0.1},
        {"weight_decay": float("inf")},
        {"label_smoothing": 1.0},
        {"patience": -1},
        {"seed": -1},
    ],
)
def test_values_out_of_range_are_refused(values: dict[str, float]) -> None:
    [(name, value)] = values.items()
    with pytest.raises(SerError, match=f"{name}={value}: must be"):
        replace(TrainConfig(), **values)
