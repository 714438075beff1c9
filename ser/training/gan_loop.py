"""The epoch loop of adversarial training: a discriminator and a generator, updated alternately."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ser.models.adversarial import AdversarialArchitecture
from ser.training.config import TrainConfig
from ser.training.trainer import EpochFigures, check_finite

# With balance=loss a side waits while its loss is smaller than the other's by this factor.
_LEAD_FACTOR = 2.0
# Decay of the running means of the losses.
_DECAY = 0.9


class RunningMeans:
    """Means of figures over an epoch, and exponential running means over its last steps."""

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
            self._recent[name] = _DECAY * before + (1 - _DECAY) * value

    def is_ahead(self, loss: str, other_loss: str) -> bool:
        """Says whether one side is so far ahead that it has to wait for the other.

        Args:
            loss: The name of its loss.
            other_loss: The name of the other side's loss.
        """
        # Before the generator's first update its loss is missing, and neither side is ahead.
        missing = float("nan")
        return self._recent.get(loss, missing) * _LEAD_FACTOR < self._recent.get(
            other_loss, missing
        )

    def epoch_means(self) -> EpochFigures:
        """Gives the means over the epoch."""
        return {name: self._sums[name] / self._counts[name] for name in self._sums}


def count_updates(options: AdversarialArchitecture, steps: int) -> tuple[int, int]:
    """Counts the updates of both sides.

    Args:
        options: `d_steps` and `g_steps` are used.
        steps: Steps of an epoch, one batch each.

    Returns:
        The discriminator's updates before the generator is updated, at most `steps`, so that the
        generator is updated in every epoch; and the generator's updates per epoch.
    """
    d_steps = max(1, min(options.d_steps, steps))
    return d_steps, max(1, steps // d_steps) * options.g_steps


def train_alternately(
    material: Iterable[Any],
    options: AdversarialArchitecture,
    discriminate: Callable[[Any, bool], EpochFigures],
    generate: Callable[[Any, bool], EpochFigures],
    on_step: Callable[[int], None],
    *,
    d_steps: int,
    loss: str = "g_loss",
) -> EpochFigures:
    """Trains discriminator and generator for an epoch.

    Args:
        material: A batch per step.
        options: The generator's updates (`g_steps`), and whether a side that is ahead waits
            (`balance`).
        discriminate: Updates the discriminator with a batch, or only evaluates it if its second
            argument is true. Gives figures, ``d_loss`` among them.
        generate: Does the same with the generator.
        on_step: Called after each step.
        d_steps: The discriminator's updates before the generator is updated.
        loss: The name of the generator's loss that is compared with ``d_loss``.

    Returns:
        The means of all figures. With ``balance=loss`` also ``d_waits`` and ``g_waits``, the share
        of steps in which each side waited.
    """
    means = RunningMeans()
    d_waits = g_waits = False
    for step, batch in enumerate(material, 1):
        means.add(discriminate(batch, d_waits), d_waits=d_waits)
        if step % d_steps == 0:
            for _ in range(options.g_steps):
                means.add(generate(batch, g_waits), g_waits=g_waits)
        if options.balance == "loss":
            d_waits = means.is_ahead("d_loss", loss)
            g_waits = means.is_ahead(loss, "d_loss")
        on_step(1)
    figures = means.epoch_means()
    if options.balance != "loss":
        del figures["d_waits"], figures["g_waits"]
    return figures


def make_optimizer(keras: Any, config: TrainConfig, lr: float, steps: int) -> Any:
    """Makes the optimizer of a generator or a discriminator.

    Args:
        keras: The module.
        config: Epochs and weight decay are used.
        lr: Peak learning rate.
        steps: Updates per epoch.
    """
    # A low momentum, because the opponent changes and makes past gradients obsolete (Radford, Metz
    # and Chintala, ICLR 2016).
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
    """Updates or evaluates a compiled network with one batch.

    Args:
        call: Its `train_on_batch` or `test_on_batch`.
        x: Inputs.
        y: Targets by output.
        weights: Sample weights by output.

    Returns:
        Losses and metrics by name.

    Raises:
        DivergedError: The loss is not finite.
    """
    # Keras resets its metrics here, but not in every version and backend.
    call.__self__.reset_metrics()  # type: ignore[attr-defined]
    found = call(x, _float32(y), sample_weight=_float32(weights), return_dict=True)
    figures = {name: float(value) for name, value in found.items()}
    check_finite(figures["loss"])
    return figures


def _float32(values: Mapping[str, Any] | None) -> Any:
    if values is None:
        return None
    return {name: np.asarray(value, np.float32) for name, value in values.items()}
