"""The numbers that a network is trained in: single precision, or half where that is faster."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal

Precision = Literal["auto", "float32", "bfloat16", "float16"]

_FULL = "float32"
_HALF = frozenset({"bfloat16", "float16", "mixed_bfloat16", "mixed_float16"})


@contextlib.contextmanager
def training_in(keras: Any, precision: Precision) -> Iterator[None]:
    """Makes networks that are built in the block compute in a precision; weights stay float32.

    Mixed precision after Micikevicius et al. (ICLR 2018). Processors with matrix units for bfloat16
    train a convolutional network about a quarter faster with it.

    Args:
        keras: The module.
        precision: ``auto`` leaves it to the device: half precision on a GPU, single on a CPU.
    """
    before = keras.config.dtype_policy()
    if precision != "auto":
        keras.config.set_dtype_policy(_FULL if precision == _FULL else f"mixed_{precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_full(config: Any) -> Any:
    """Rewrites a network's configuration to single precision, so that it runs alike everywhere.

    Args:
        config: As `keras.Model.get_config` gives it.

    Returns:
        The same with every dtype policy and dtype of half precision replaced by float32.
    """
    if isinstance(config, dict):
        return {key: in_full(value) for key, value in config.items()}
    if isinstance(config, list | tuple):
        return type(config)(in_full(value) for value in config)
    return _FULL if isinstance(config, str) and config in _HALF else config
