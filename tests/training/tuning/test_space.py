"""The search space: made of what architectures declare, without what the user has given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from spoken import Small

from ser.errors import SerError
from ser.features.spec import FeatureSpec
from ser.models import registry
from ser.models.base import option
from ser.models.cnn import CNN
from ser.models.registry import ARCHITECTURES, make_architecture
from ser.training.config import TrainConfig
from ser.training.registry import TRAINERS
from ser.training.spec_augment import NO_AUGMENTATION, SpectrogramAugmentation
from ser.training.tuning.space import SearchRange, initial_values, search_space

MEL = FeatureSpec()
COMMON = {"lr", "weight_decay", "label_smoothing"}


def test_the_options_of_an_architecture_are_its_space() -> None:
    space = search_space(TrainConfig(augment=NO_AUGMENTATION), MEL)
    assert set(space) == {"width", "kernel", "units", "dropout"} | COMMON
    assert set(CNN.options()) - set(space) == {"residual"}, "it declares no range"
    for name, about in CNN.options().items():
        if name not in space:
            continue
        found = space[name]
        if about.choices:
            assert found.choices == about.choices
        else:
            assert (found.low, found.high, found.log) == (about.low, about.high, about.log)
    assert space["units"].integer
    assert not space["dropout"].integer
    assert space["lr"].log
    assert space["lr"].low < TrainConfig().lr < space["lr"].high


def test_what_declares_no_range_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    @dataclass(frozen=True)
    class Odd(Small):
        name = "odd"
        silent: int = option(3, "no range")
        loud: bool = option(False, "either", choices=(False, True))

    monkeypatch.setattr(registry, "ARCHITECTURES", {"odd": Odd})
    space = search_space(TrainConfig(arch="odd", augment=NO_AUGMENTATION), MEL)
    assert set(space) == {"loud"} | COMMON
    assert space["loud"].choices == (False, True)


def test_what_the_user_gives_is_kept() -> None:
    config = TrainConfig(options={"dropout": 0.25})
    space = search_space(config, MEL, {"lr", "augment.stretch"})
    assert not {"dropout", "lr", "augment.stretch"} & set(space)
    assert {"width", "weight_decay", "augment.shift"} <= set(space)
    tuned = config.with_hyperparameters({"width": 1.5})
    assert tuned.options == {"dropout": 0.25, "width": 1.5}
    with pytest.raises(SerError, match="architecture cnn: has nothing left to search"):
        search_space(
            TrainConfig(options=CNN().hyperparameters(), augment=NO_AUGMENTATION), MEL, COMMON
        )


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (MEL, {"stretch", "shift", "time_masks", "time_width"}),
        # Cepstra are not shifted.
        (FeatureSpec(families=("mfcc",)), {"stretch", "time_masks", "time_width"}),
        (FeatureSpec(pool="mean"), set()),
    ],
)
def test_augmentation_is_searched_where_it_changes_something(
    spec: FeatureSpec, expected: set[str]
) -> None:
    names = {n.removeprefix("augment.") for n in search_space(TrainConfig(), spec) if "." in n}
    assert names - {"frequency_masks", "frequency_width"} == expected
    assert bool(names) == ("frequency_masks" in names)


def test_values_reach_the_configuration() -> None:
    values: dict[str, Any] = {
        "units": 96, "lr": 1e-4, "label_smoothing": 0.05,
        "augment.stretch": 0.1, "augment.shift": 2,
    }  # fmt: skip
    tuned = TrainConfig(seed=4).with_hyperparameters(values)
    assert tuned.options == {"units": 96}
    assert make_architecture(tuned.arch, tuned.options).hyperparameters()["units"] == 96
    assert (tuned.lr, tuned.label_smoothing, tuned.seed) == (1e-4, 0.05, 4)
    assert tuned.augment == SpectrogramAugmentation(stretch=0.1, shift=2)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_first_trial_is_the_configuration_as_it_is(name: str) -> None:
    arch = ARCHITECTURES[name]
    config = TrainConfig(arch=name, **arch.defaults)
    space = search_space(config, MEL)
    values = initial_values(config, space)
    # A default outside of its own range would be a mistake of the architecture.
    assert set(values) == set(space)
    tuned = config.with_hyperparameters(values)
    assert make_architecture(name, tuned.options) == make_architecture(name, {})
    assert (tuned.lr, tuned.augment) == (config.lr, config.augment)
    assert ("lr" in space) == ("lr" in TRAINERS[arch.trainer].searched)


def test_a_value_outside_of_a_range_is_left_to_the_search() -> None:
    config = TrainConfig(weight_decay=0.0)
    assert "weight_decay" not in initial_values(config, search_space(config, MEL))


def test_ranges_in_words() -> None:
    assert str(SearchRange(0.1, 0.6)) == "0.1 to 0.6"
    assert str(SearchRange(1e-4, 1e-2, log=True)) == "0.0001 to 0.01 (log)"
    assert str(SearchRange(choices=(3, 5))) == "3, 5"
