"""What the table says of a copy."""

from __future__ import annotations


def kind_of(label: str) -> str:
    """Says what was done to a copy, without how much.

    Args:
        label: What the table's field ``augment`` holds, as ``stretch=1.08,noise=15dB:pink``.

    Returns:
        The changes in their order, as ``stretch+noise``.
    """
    return "+".join(part.partition("=")[0] for part in label.split(","))
