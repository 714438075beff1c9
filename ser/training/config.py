"""The configuration of a training, which is stored in the card of the artifact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

from ser.errors import ParameterError, choose_from
from ser.models.former_names import with_former_names
from ser.models.limits import DROPOUT, NOT_NEGATIVE, POSITIVE, Limits
from ser.models.precision import Precision
from ser.training.spec_augment import SpectrogramAugmentation

ClassWeight = Literal["none", "balanced"]

COMMON = ("lr", "weight_decay", "label_smoothing")
"""Hyperparameters of nearly every trainer."""

_LIMITS: Mapping[str, Limits] = MappingProxyType(
    {
        "epochs": Limits(1),
        "batch_size": Limits(1),
        "lr": POSITIVE,
        "weight_decay": NOT_NEGATIVE,
        "label_smoothing": DROPOUT,
        "patience": NOT_NEGATIVE,
        "seed": NOT_NEGATIVE,
    }
)

_DESCRIBED = ("batch_size", *COMMON, "class_weight", "precision")

AUGMENT = "augment."
"""Prefix of the names of augmentation's fields, as in ``--set augment.stretch=0.1``."""


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """How a network is trained.

    Attributes:
        arch: Name of the architecture (`ser.models.registry`).
        options: Its hyperparameters where they differ from its defaults.
        epochs: The largest number of passes over the training clips.
        batch_size: Clips per step.
        lr: Peak learning rate of AdamW (Loshchilov and Hutter, ICLR 2019); it decreases to zero
            along a half cosine.
        weight_decay: Weight decay of AdamW.
        label_smoothing: The share of each target that is spread over all classes (Szegedy et al.,
            CVPR 2016).
        class_weight: ``balanced`` weights each class by the inverse of its frequency.
        patience: Epochs without a lower validation loss after which training stops; 0 never stops
            early. Has no effect without validation clips.
        augment: Random changes of each clip, drawn again in every epoch.
        support: Supporting corpora. An epoch has at most as many of their clips as of the others.
            Statistics and classifiers of prosody are fitted to the others alone, because level and
            range of a supporting corpus are those of its few speakers and of its room.
        precision: Numerical precision of the training; see `ser.models.precision`.
        seed: Seed of weights, order, augmentation and dropout.
    """

    arch: str = "cnn"
    options: Mapping[str, Any] = field(default_factory=dict)
    epochs: int = 60
    batch_size: int = 32
    lr: float = 2e-3
    weight_decay: float = 1e-3
    label_smoothing: float = 0.1
    class_weight: ClassWeight = "none"
    patience: int = 15
    augment: SpectrogramAugmentation = field(default_factory=SpectrogramAugmentation)
    support: tuple[str, ...] = ()
    precision: Precision = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            ParameterError: A value is out of its range.
        """
        if isinstance(self.support, str):
            object.__setattr__(self, "support", (self.support,))
        for name, kind in (("class_weight", ClassWeight), ("precision", Precision)):
            value, known = getattr(self, name), get_args(kind)
            if value not in known:
                raise ParameterError(name, "is unknown", choose_from(str(value), known), value)
        for name, limits in _LIMITS.items():
            value = getattr(self, name)
            if value not in limits:
                raise ParameterError(name, f"must be {limits}", value=value)

    def to_dict(self) -> dict[str, Any]:
        """Gives the values as plain JSON types."""
        return asdict(self)

    def fingerprint_values(self) -> dict[str, Any]:
        """Gives the values for a fingerprint: hyperparameters have the names that they had first.

        So a training that was begun before they were renamed can be resumed.
        """
        return {**self.to_dict(), "options": with_former_names(self.arch, self.options)}

    def with_hyperparameters(self, values: Mapping[str, Any]) -> TrainConfig:
        """Makes a copy with other hyperparameters.

        Args:
            values: Hyperparameters by name: a field such as ``lr``, a field of the augmentation
                such as ``augment.stretch``, or else an option of the architecture.
        """
        own = {name: value for name, value in values.items() if name in COMMON}
        changes = {
            name.removeprefix(AUGMENT): value
            for name, value in values.items()
            if name.startswith(AUGMENT)
        }
        options = {
            name: value
            for name, value in values.items()
            if name not in own and not name.startswith(AUGMENT)
        }
        return replace(
            self,
            options={**self.options, **options},
            augment=replace(self.augment, **changes),
            **own,
        )

    def describe_architecture(self) -> str:
        """Names the architecture, with the hyperparameters that are not its defaults."""
        return _with_changes(self.arch, dict(sorted(self.options.items())))

    def describe(self) -> str:
        """Names the architecture, with everything that is not its default.

        Epochs, seed and supporting corpora are left out: a protocol names them in any case.
        """
        from ser.models.registry import ARCHITECTURES

        changes = dict(sorted(self.options.items()))
        if self.arch in ARCHITECTURES:
            usual = replace(TrainConfig(), **ARCHITECTURES[self.arch].defaults)
            changes |= _differences(self, usual, _DESCRIBED, "")
            names = [field.name for field in fields(self.augment)]
            changes |= _differences(self.augment, usual.augment, names, AUGMENT)
        return _with_changes(self.arch, changes)


def _with_changes(arch: str, changes: Mapping[str, Any]) -> str:
    listed = ", ".join(f"{name}={value}" for name, value in changes.items())
    return f"{arch} ({listed})" if listed else arch


def _differences(
    config: object, usual: object, names: Sequence[str], prefix: str
) -> dict[str, Any]:
    return {
        f"{prefix}{name}": getattr(config, name)
        for name in names
        if getattr(config, name) != getattr(usual, name)
    }
