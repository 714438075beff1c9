"""What trainings of generators and discriminators against each other have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ser.models.adversarial import AdversarialArchitecture
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures, check_finite

# The side whose loss is smaller than the other's by this factor is ahead.
_LEAD = 2.0
_MEMORY = 0.9


class RunningMeans:
    """Means of figures over an epoch, and over its last steps."""

    def __init__(self) -> None:
        self._sums: EpochFigures = {}
        self._counts: dict[str, int] = {}
        self._recent: EpochFigures = {}

    def add(self, figures: EpochFigures, **more: float) -> None:
        """Adds the figures of a step."""
        for name, value in {**figures, **more}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
            self._counts[name] = self._counts.get(name, 0) + 1
            before = self._recent.get(name, value)
            self._recent[name] = _MEMORY * before + (1 - _MEMORY) * value

    def ahead(self, one: str, other: str) -> bool:
        """Says whether a side is so far ahead that it has to wait for the other.

        Args:
            one: The name of its loss.
            other: The name of the other side's loss.
        """
        # Before the generator's first turn nobody is ahead.
        nothing = float("nan")
        return self._recent.get(one, nothing) * _LEAD < self._recent.get(other, nothing)

    def over_all(self) -> EpochFigures:
        """Gives the means over the epoch."""
        return {name: self._sums[name] / self._counts[name] for name in self._sums}


def count_updates(rules: AdversarialArchitecture, steps: int) -> tuple[int, int]:
    """Says whose turn it is how often.

    Args:
        rules: How many steps each side has.
        steps: Steps of an epoch.

    Returns:
        Steps of the discriminator before the generator has its turn, which it has at least once
        per epoch; and how often the generator is trained in an epoch.
    """
    d_steps = max(1, min(rules.d_steps, steps))
    return d_steps, max(1, steps // d_steps) * rules.g_steps


def train_alternately(
    material: Iterable[Any],
    rules: AdversarialArchitecture,
    discriminate: Callable[[Any, bool], EpochFigures],
    generate: Callable[[Any, bool], EpochFigures],
    on_step: Callable[[int], None],
    *,
    d_steps: int,
    loss: str = "g_loss",
) -> EpochFigures:
    """Trains both sides for an epoch, in turns.

    Args:
        material: A batch per step.
        rules: How many steps the generator has, and whether who is ahead waits.
        discriminate: Trains the discriminator with a batch, or only looks where it has to wait, and
            gives its figures, ``d_loss`` among them.
        generate: Does so with the generator.
        on_step: Called after each step.
        d_steps: Steps of the discriminator before the generator has its turn.
        loss: The figure of the generator that says who is ahead.

    Returns:
        The means of all figures; with ``balance=loss`` also the share of steps in which each side
        waited, ``d_waits`` and ``g_waits``.
    """
    means = RunningMeans()
    d_ahead = g_ahead = False
    for step, batch in enumerate(material, 1):
        means.add(discriminate(batch, d_ahead), d_waits=d_ahead)
        if step % d_steps == 0:
            for _ in range(rules.g_steps):
                means.add(generate(batch, g_ahead), g_waits=g_ahead)
        if rules.balance == "loss":
            d_ahead = means.ahead("d_loss", loss)
            g_ahead = means.ahead(loss, "d_loss")
        on_step(1)
    row = means.over_all()
    if rules.balance != "loss":
        del row["d_waits"], row["g_waits"]
    return row


def make_optimizer(keras: Any, config: TrainConfig, lr: float, steps: int) -> Any:
    """Makes the optimiser of a side.

    Args:
        keras: The module.
        config: Epochs and weight decay are used.
        lr: Peak learning rate.
        steps: How often the side is trained in an epoch.
    """
    # Less memory of past gradients than usual, for the other side changes what they were right
    # about (Radford, Metz and Chintala, ICLR 2016).
    return keras.optimizers.AdamW(
        keras.optimizers.schedules.CosineDecay(lr, config.epochs * steps),
        weight_decay=config.weight_decay,
        beta_1=0.5,
        clipnorm=1.0,
    )


def train_step(
    call: Callable[..., Any],
    x: Any,
    y: Mapping[str, Any],
    weights: Mapping[str, Any] | None = None,
) -> EpochFigures:
    """Trains or tests a compiled network with one batch.

    Args:
        call: Its `train_on_batch` or `test_on_batch`.
        x: Inputs.
        y: Targets by output.
        weights: Weights of the examples by output.

    Returns:
        Losses and metrics by name.

    Raises:
        DivergedError: The loss is no number any more.
    """
    # Keras forgets the last batch by itself here, but not in every version and backend.
    call.__self__.reset_metrics()  # type: ignore[attr-defined]
    found = call(x, _float32(y), sample_weight=_float32(weights), return_dict=True)
    figures = {name: float(value) for name, value in found.items()}
    check_finite(figures["loss"])
    return figures


def _float32(values: Mapping[str, Any] | None) -> Any:
    if values is None:
        return None
    return {name: np.asarray(value, np.float32) for name, value in values.items()}
