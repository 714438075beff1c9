"""The most probable labels of a window."""

from __future__ import annotations

from ser.timeline.record import NOT_EMOTIONS, Window

Leading = tuple[str, float]
"""A label and its probability."""


def leading(window: Window, top: int) -> list[Leading]:
    """Gives the most probable labels, in falling order.

    The window's own emotion comes first whatever its probability: smoothed and joined windows may
    have another one than the plain probabilities say.

    Args:
        window: Any window; where nobody speaks it has none.
        top: How many labels, at least 1.
    """
    own: list[Leading] = []
    if window.emotion not in NOT_EMOTIONS:
        own.append((window.emotion, window.confidence))
    others = [item for item in window.probabilities.items() if item[0] != window.emotion]
    return (own + sorted(others, key=lambda item: -item[1]))[:top]


def named(label: Leading) -> str:
    """Writes a label and its probability: ``angry 0.83``."""
    return f"{label[0]} {label[1]:.2f}"
