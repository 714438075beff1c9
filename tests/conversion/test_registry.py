"""The architectures of emotion conversion and their trainers."""

from __future__ import annotations

import pytest

from ser.conversion.models.gan import GANTranslate
from ser.conversion.models.pix2pix import Pix2PixMel
from ser.conversion.registry import (
    CONVERSION_ARCHITECTURES,
    conversion_architecture,
    trainer_for,
)
from ser.conversion.training.ensemble import EnsembleTrainer
from ser.conversion.training.gan import GANTrainer
from ser.conversion.training.pix2pix import Pix2PixTrainer
from ser.errors import SerError


def test_architectures_are_made_by_name_with_options() -> None:
    assert list(CONVERSION_ARCHITECTURES) == ["gan-translate", "pix2pix-mel"]
    made = conversion_architecture("gan-translate", {"width": 64, "two_sided": True})
    assert isinstance(made, GANTranslate)
    assert (made.width, made.two_sided, made.d_steps, made.balance) == (64, True, 1, "epochs")
    with pytest.raises(SerError, match="arch=gan: is not a conversion model; use one of gan-"):
        conversion_architecture("gan")


@pytest.mark.parametrize("name", list(CONVERSION_ARCHITECTURES))
def test_options_of_adversarial_training_belong_to_the_architectures(name: str) -> None:
    options = CONVERSION_ARCHITECTURES[name].options()
    assert {"two_sided", "d_steps", "g_steps", "balance"} <= set(options)


def test_every_architecture_has_a_trainer() -> None:
    assert trainer_for(GANTranslate(generators=1)) is GANTrainer
    assert trainer_for(Pix2PixMel()) is Pix2PixTrainer
    ensemble = trainer_for(GANTranslate(generators=3))
    assert ensemble.func is EnsembleTrainer  # type: ignore[attr-defined]
    assert ensemble.args == (GANTrainer, 3)  # type: ignore[attr-defined]
