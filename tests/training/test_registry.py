"""Trainers by name."""

from __future__ import annotations

from ser.models.registry import ARCHITECTURES
from ser.training.registry import TRAINERS
from ser.training.trainer import Trainer


def test_every_architecture_has_its_trainer() -> None:
    assert {kind.trainer for kind in ARCHITECTURES.values()} == set(TRAINERS)
    assert all(issubclass(trainer, Trainer) for trainer in TRAINERS.values())


def test_only_what_has_a_generator_generates() -> None:
    assert [name for name, trainer in TRAINERS.items() if trainer.generates] == ["adversarial"]
