"""Every kind of translator by name, and how it is trained.

To add one, write its architecture beside `ser.conversion.models.gan`, its trainer beside
`ser.conversion.training.gan`, and a line in both places here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ser.conversion.models.gan import GANTranslate
from ser.conversion.models.pix2pix import Pix2PixMel
from ser.models.base import Architecture
from ser.models.registry import look_up

if TYPE_CHECKING:
    from ser.conversion.training.base import TranslationTrainer

TRANSLATORS: Mapping[str, type[Architecture]] = MappingProxyType(
    {arch.name: arch for arch in (GANTranslate, Pix2PixMel)}
)
"""What ``ser-train --arch`` accepts beside the classifiers."""


def translator(name: str, options: Mapping[str, Any] = MappingProxyType({})) -> Architecture:
    """Looks a translator up.

    Args:
        name: Its name.
        options: Hyperparameters that differ from their defaults.

    Raises:
        SerError: There is none of this name, or an option does not fit.
    """
    return look_up(TRANSLATORS, name, options, "a translator")


def trainer_of(architecture: Architecture) -> Callable[..., TranslationTrainer]:
    """Gives what trains a translator; imported here, for nobody else needs it.

    Returns:
        Takes what a `TranslationTrainer` does.
    """
    from ser.conversion.training.ensemble import Several
    from ser.conversion.training.gan import GANTrainer
    from ser.conversion.training.pix2pix import Pix2Pix

    trainers: Mapping[str, type[TranslationTrainer]] = {
        GANTranslate.name: GANTrainer,
        Pix2PixMel.name: Pix2Pix,
    }
    kind = trainers[architecture.name]
    voters = architecture.voters if isinstance(architecture, GANTranslate) else 1
    return kind if voters == 1 else partial(Several, kind, voters)
