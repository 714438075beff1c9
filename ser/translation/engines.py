"""What decides how a voice changes: the network of an artifact, or the rules in its card."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from ser import __version__
from ser.artifact import CARD_MEMBER, CLASSIFIER, read_card
from ser.errors import ArtifactError, SerError, cannot_write
from ser.features.layout import width
from ser.features.spec import PRESETS
from ser.files import atomic_path
from ser.models.backend import Device
from ser.translation.change import Converter
from ser.translation.rules import RuleConverter, Rules

TRANSLATOR = "translator"
"""The kind of artifact that ``ser-translate`` takes."""

RULES_KEY = "rules"
"""Where a card keeps what `Rules.to_dict` gives."""

EngineName = Literal["auto", "network", "rules"]

# What every Keras model has in its file, and an artifact of rules alone has not.
_NETWORK_MEMBER = "config.json"


def open_converter(
    path: str | Path, engine: EngineName = "auto", device: Device = "auto"
) -> Converter:
    """Opens a translator.

    Args:
        path: The artifact.
        engine: ``network``, ``rules``, or ``auto``: the network where the artifact has one.
        device: Where networks run.

    Returns:
        The engine.

    Raises:
        ArtifactError: The artifact is no translator, or lacks what the engine needs.
        SerError: The device is not there.
    """
    card = translator_card(path)
    if engine == "rules":
        return RuleConverter(rules_in(path, card))
    if has_network(path):
        from ser.translation.networks import load_converter

        return load_converter(path, device)
    if engine == "network":
        raise ArtifactError(path, "holds rules and no network", "use --engine rules")
    return RuleConverter(rules_in(path, card))


def translator_card(path: str | Path) -> dict[str, Any]:
    """Reads the card of a translator.

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
    """Says whether an artifact holds a network, or rules alone."""
    with zipfile.ZipFile(path) as archive:
        return _NETWORK_MEMBER in archive.namelist()


def write_rules_artifact(
    path: str | Path, rules: Rules, card: Mapping[str, Any] | None = None
) -> None:
    """Writes a translator that has rules and no network.

    Args:
        path: The ``.keras`` file.
        rules: What was learned.
        card: What else its card shall say, such as the training corpora.

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


def rules_in(path: str | Path, card: Mapping[str, Any]) -> Rules:
    """Reads the rules that stand in a translator's card.

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
