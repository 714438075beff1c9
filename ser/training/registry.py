"""The registry of trainers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ser.training.adversarial import AdversarialTrainer
from ser.training.discriminants import DiscriminantsTrainer
from ser.training.experts import ExpertsTrainer
from ser.training.finetune import FineTuningTrainer
from ser.training.layerwise import LayerwiseTrainer
from ser.training.svm import SVMTrainer
from ser.training.trainer import Trainer

TRAINERS: Mapping[str, type[Trainer]] = MappingProxyType(
    {
        "gradient": Trainer,
        "experts": ExpertsTrainer,
        "closed": SVMTrainer,
        "discriminants": DiscriminantsTrainer,
        "phased": FineTuningTrainer,
        "layerwise": LayerwiseTrainer,
        "adversarial": AdversarialTrainer,
    }
)
"""Trainers by the name in `ser.models.base.Architecture.trainer`."""
