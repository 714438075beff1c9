"""The search space: ranges that an architecture declares, and those that trainings share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import get_args, get_type_hints

from ser.errors import SerError
from ser.features.spec import FeatureSpec
from ser.models.base import Architecture, Value
from ser.models.registry import make_architecture
from ser.training.config import AUGMENT, TrainConfig
from ser.training.registry import TRAINERS
from ser.training.spec_augment import NO_AUGMENTATION, can_shift


@dataclass(frozen=True, slots=True)
class SearchRange:
    """The search range of a hyperparameter.

    Attributes:
        low: Lower end.
        high: Upper end.
        log: Whether the search is uniform in the logarithm.
        integer: Whether only whole numbers are tried.
        choices: The values, instead of a range.
    """

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    choices: tuple[Value, ...] = ()

    def __str__(self) -> str:
        """Describes the range, for cards."""
        if self.choices:
            return ", ".join(map(str, self.choices))
        return f"{self.low:.4g} to {self.high:.4g}{' (log)' if self.log else ''}"

    def __contains__(self, value: Value) -> bool:
        """Says whether a value is in the range."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high


Space = Mapping[str, SearchRange]
"""Ranges by the name of the hyperparameter, as in ``--set``."""

# From no change to changes that make clips hard to recognize for people as well. The shares of
# changed clips are not searched: they have much the same effect as the sizes of the changes.
_AUGMENTATION: Space = {
    "stretch": SearchRange(0.0, 0.4),
    "shift": SearchRange(0, 6, integer=True),
    "time_masks": SearchRange(0, 3, integer=True),
    "time_width": SearchRange(5, 50, integer=True),
    "frequency_masks": SearchRange(0, 3, integer=True),
    "frequency_width": SearchRange(2, 20, integer=True),
}


def search_space(
    config: TrainConfig, spec: FeatureSpec, fixed: Collection[str] = ()
) -> dict[str, SearchRange]:
    """Makes the search space of a training.

    Args:
        config: The training. Options of the architecture that it sets are not searched; without
            augmentation, neither is augmentation.
        spec: The features that are trained on.
        fixed: Names of other hyperparameters that are not to be searched, such as ``lr`` or
            ``augment.stretch``.

    Raises:
        SerError: Nothing is left to search, or there is no such architecture.
    """
    arch = make_architecture(config.arch, config.options)
    used = TRAINERS[arch.trainer].searched
    space = _architecture_ranges(arch, config.options)
    # Around the default of the architecture: fine-tuning needs a much lower rate.
    common = {
        "lr": SearchRange(config.lr / 10, config.lr * 5, log=True),
        "weight_decay": SearchRange(1e-5, 1e-1, log=True),
        "label_smoothing": SearchRange(0.0, 0.2),
    }
    space |= {name: found for name, found in common.items() if name in used}
    if "augment" in used and config.augment != NO_AUGMENTATION and spec.pool == "none":
        space |= {
            AUGMENT + name: found
            for name, found in _AUGMENTATION.items()
            if name != "shift" or can_shift(spec)
        }
    space = {name: found for name, found in space.items() if name not in fixed}
    if not space:
        raise SerError(
            f"architecture {config.arch}",
            "has nothing left to search",
            "give fewer of its hyperparameters yourself",
        )
    return space


def initial_values(config: TrainConfig, space: Space) -> dict[str, Value]:
    """Gives the values of a configuration that lie in the search space."""
    chosen = make_architecture(config.arch, config.options).hyperparameters()
    values: dict[str, Value] = {}
    for name, found in space.items():
        if name.startswith(AUGMENT):
            value = getattr(config.augment, name.removeprefix(AUGMENT))
        else:
            value = chosen[name] if name in chosen else getattr(config, name)
        if value in found:
            values[name] = value
    return values


def _architecture_ranges(arch: Architecture, given: Collection[str]) -> dict[str, SearchRange]:
    kinds = get_type_hints(type(arch))
    space = {}
    for name, about in arch.options().items():
        if name in given:
            continue
        if about.choices:
            space[name] = SearchRange(choices=about.choices)
        elif about.low is not None and about.high is not None:
            allowed = get_args(kinds[name]) or (kinds[name],)
            space[name] = SearchRange(
                about.low, about.high, about.log, integer=float not in allowed
            )
    return space
