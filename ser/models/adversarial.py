"""What architectures have in common whose training sets two networks against each other."""

from __future__ import annotations

from dataclasses import dataclass

from ser.models.base import Architecture, option


@dataclass(frozen=True)
class Adversarial(Architecture):
    """An architecture with a generator and a discriminator, which are trained in turns."""

    d_steps: int = option(1, "batches of the discriminator, and then")
    g_steps: int = option(1, "batches of the generator")
    balance: str = option(
        "epochs",
        "epochs: both train all the time; loss: the side that is ahead waits",
        choices=("epochs", "loss"),
    )
