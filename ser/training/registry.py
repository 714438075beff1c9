"""Every way of training, by the name that architectures call it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ser.training.adversarial import Adversarial
from ser.training.experts import ExpertsTrainer
from ser.training.finetune import Phased
from ser.training.svm import Closed
from ser.training.trainer import Trainer

TRAINERS: Mapping[str, type[Trainer]] = MappingProxyType(
    {
        "gradient": Trainer,
        "experts": ExpertsTrainer,
        "closed": Closed,
        "phased": Phased,
        "adversarial": Adversarial,
    }
)
"""What `ser.models.base.Architecture.trainer` names."""
