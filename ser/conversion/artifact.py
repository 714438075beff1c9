"""Conversion models as files: the card with the learned rules, and writing of rules alone."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ser import __version__
from ser.conversion.rules import RuleConverter, Rules
from ser.errors import ArtifactError, SerError, cannot_write
from ser.features.layout import width
from ser.features.spec import PRESETS
from ser.io.files import atomic_path
from ser.models.artifact import CARD_MEMBER, CLASSIFIER, read_card

TRANSLATOR = "translator"
"""The kind of artifact that ``ser-translate`` takes."""

RULES_KEY = "rules"
"""The field of a card that holds `Rules.to_dict`."""

# A member of every Keras model; an artifact of rules alone has none.
_NETWORK_MEMBER = "config.json"


def read_conversion_card(path: str | Path) -> dict[str, Any]:
    """Reads the card of a conversion model.

    Raises:
        ArtifactError: The artifact is something else.
    """
    card = read_card(path)
    if card["kind"] == CLASSIFIER:
        raise ArtifactError(
            path,
            "is a classifier, which translates nothing",
            "train a translator with ser-train --arch gan-translate, or leave --model out",
        )
    if card["kind"] != TRANSLATOR:
        raise ArtifactError(path, f"is a model of kind {card['kind']}", "give a translator")
    return card


def has_network(path: str | Path) -> bool:
    """Whether an artifact holds a network, or rules alone."""
    with zipfile.ZipFile(path) as archive:
        return _NETWORK_MEMBER in archive.namelist()


def read_rules(path: str | Path, card: Mapping[str, Any]) -> Rules:
    """Reads the rules in the card of a conversion model.

    Raises:
        ArtifactError: There are none, or they are damaged.
    """
    if RULES_KEY not in card:
        raise ArtifactError(path, "holds no rules", "use --engine network, or train it again")
    try:
        return Rules.from_dict(card[RULES_KEY])
    except SerError as error:
        raise ArtifactError(
            path, f"cannot be used: its rules {error.cause}", "train it again"
        ) from error


def write_rules_artifact(
    path: str | Path, rules: Rules, card: Mapping[str, Any] | None = None
) -> None:
    """Writes a conversion model of rules without a network.

    Args:
        path: The ``.keras`` file.
        rules: What was learned.
        card: Further fields of the card, such as the training corpora.

    Raises:
        ArtifactError: The file cannot be written.
    """
    spec = PRESETS["translate"]
    frames = 1 + round((spec.duration or 0) * spec.sample_rate) // spec.hop_length
    complete = {
        "kind": TRANSLATOR,
        "architecture": RULES_KEY,
        "labels": list(RuleConverter(rules).emotions),
        "spec": spec.to_dict(),
        "temperature": 1.0,
        "frames": frames,
        "coefficients": width(spec),
        RULES_KEY: rules.to_dict(),
        "created": datetime.now(UTC).date().isoformat(),
        "versions": {"ser": __version__},
        **(card or {}),
    }
    try:
        with (
            atomic_path(Path(path)) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            archive.writestr(CARD_MEMBER, json.dumps(complete))
    except OSError as error:
        raise cannot_write(path, error, ArtifactError) from error
