"""Options of architectures that are trained adversarially: a generator against a discriminator."""

from __future__ import annotations

from dataclasses import dataclass

from ser.models.base import Architecture, option
from ser.models.limits import SIZE


@dataclass(frozen=True)
class AdversarialArchitecture(Architecture):
    """An architecture with a generator and a discriminator, which are updated alternately."""

    d_steps: int = option(1, "updates of the discriminator, then g_steps of the generator", SIZE)
    g_steps: int = option(1, "updates of the generator after d_steps of the discriminator", SIZE)
    balance: str = option(
        "epochs",
        "epochs: both train all the time; loss: the side with the much lower loss waits",
        choices=("epochs", "loss"),
    )
