"""The architectures of emotion conversion by name, and their trainers.

To add one, write its architecture beside `ser.conversion.models.gan`, its trainer beside
`ser.conversion.training.gan`, and a line in both tables here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ser.conversion.models.gan import GANTranslate
from ser.conversion.models.pix2pix import Pix2PixMel
from ser.models.base import Architecture
from ser.models.registry import make_from_registry

if TYPE_CHECKING:
    from ser.conversion.training.base import ConversionTrainer

CONVERSION_ARCHITECTURES: Mapping[str, type[Architecture]] = MappingProxyType(
    {arch.name: arch for arch in (GANTranslate, Pix2PixMel)}
)
"""What ``ser-train --arch`` accepts beside the classifiers."""


def conversion_architecture(
    name: str, options: Mapping[str, Any] = MappingProxyType({})
) -> Architecture:
    """Looks an architecture of emotion conversion up.

    Args:
        name: Its name.
        options: Hyperparameters that differ from their defaults.

    Raises:
        ParameterError: There is none of this name, or an option does not fit.
    """
    return make_from_registry(CONVERSION_ARCHITECTURES, name, options, "a conversion model")


def trainer_for(architecture: Architecture) -> Callable[..., ConversionTrainer]:
    """Gives the trainer of an architecture; trainers are imported only here.

    Returns:
        A callable with the arguments of `ConversionTrainer`.
    """
    from ser.conversion.training.ensemble import EnsembleTrainer
    from ser.conversion.training.gan import GANTrainer
    from ser.conversion.training.pix2pix import Pix2PixTrainer

    trainers: Mapping[str, type[ConversionTrainer]] = {
        GANTranslate.name: GANTrainer,
        Pix2PixMel.name: Pix2PixTrainer,
    }
    kind = trainers[architecture.name]
    members = architecture.generators if isinstance(architecture, GANTranslate) else 1
    return kind if members == 1 else partial(EnsembleTrainer, kind, members)
