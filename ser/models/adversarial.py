"""Options of architectures that are trained adversarially: a generator against a discriminator."""

from __future__ import annotations

from dataclasses import dataclass

from ser.errors import HyperparameterError
from ser.models.base import Architecture, option


@dataclass(frozen=True)
class AdversarialArchitecture(Architecture):
    """An architecture with a generator and a discriminator, which are updated alternately."""

    d_steps: int = option(1, "updates of the discriminator, then g_steps of the generator")
    g_steps: int = option(1, "updates of the generator after d_steps of the discriminator")
    balance: str = option(
        "epochs",
        "epochs: both train all the time; loss: the side that is ahead waits",
        choices=("epochs", "loss"),
    )

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            HyperparameterError: A number of steps is below 1.
        """
        for name in ("d_steps", "g_steps"):
            if getattr(self, name) < 1:
                raise HyperparameterError(name, "must be at least 1", value=getattr(self, name))
