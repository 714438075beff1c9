"""Hyperparameters that had other names in earlier versions.

Cards, checkpoints and searches that those versions wrote have the former names, and stay readable.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

T = TypeVar("T")

FORMER_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "prosody-cnn": {"reading": "prosody_classifier", "pictures": "spectral_networks"},
        "acgan": {
            "share": "generated_share",
            "trust": "generated_weight",
            "smooth": "adversarial_smoothing",
        },
        "gan-translate": {
            "voters": "generators",
            "near": "distance_weight",
            "adversarial": "adversarial_weight",
            "emotion": "emotion_weight",
            "speaker": "speaker_weight",
            "listening": "classifier_epochs",
            "smooth": "adversarial_smoothing",
        },
    }
)
"""The current name of a hyperparameter by architecture and former name."""


def with_current_names(architecture: str, options: Mapping[str, T]) -> dict[str, T]:
    """Gives hyperparameters their current names.

    Examples:
        >>> with_current_names("acgan", {"trust": 0.5, "dropout": 0.2})
        {'generated_weight': 0.5, 'dropout': 0.2}
    """
    current = FORMER_NAMES.get(architecture, {})
    return {current.get(name, name): value for name, value in options.items()}


def with_former_names(architecture: str, options: Mapping[str, T]) -> dict[str, T]:
    """Gives hyperparameters the names that they had first.

    Fingerprints use these, so that a training that an earlier version began can be resumed.
    """
    former = {new: old for old, new in FORMER_NAMES.get(architecture, {}).items()}
    return {former.get(name, name): value for name, value in options.items()}


def update_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """Gives the hyperparameters in a card their current names.

    Args:
        card: The contents of ``ser.json``, of any version.
    """
    updated = dict(card)
    architecture = card.get("architecture", "")
    for key, part in (("training", "options"), ("tuning", "chosen"), ("tuning", "searched")):
        entry = updated.get(key)
        if isinstance(entry, dict) and isinstance(entry.get(part), dict):
            updated[key] = {**entry, part: with_current_names(architecture, entry[part])}
    return updated
