"""Every way of training, by the name that architectures call it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ser.training.adversarial import AdversarialTrainer
from ser.training.experts import ExpertsTrainer
from ser.training.finetune import FineTuningTrainer
from ser.training.svm import SVMTrainer
from ser.training.trainer import Trainer

TRAINERS: Mapping[str, type[Trainer]] = MappingProxyType(
    {
        "gradient": Trainer,
        "experts": ExpertsTrainer,
        "closed": SVMTrainer,
        "phased": FineTuningTrainer,
        "adversarial": AdversarialTrainer,
    }
)
"""What `ser.models.base.Architecture.trainer` names."""
