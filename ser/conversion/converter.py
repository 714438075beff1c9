"""Opens the engine of a conversion model: its network, or the rules in its card."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from ser.conversion.artifact import RULES_KEY, has_network, read_conversion_card, read_rules
from ser.conversion.gan import GANConverter
from ser.conversion.models.gan import GANTranslate
from ser.conversion.models.pix2pix import Pix2PixMel
from ser.conversion.modification import Converter
from ser.conversion.pix2pix import Pix2PixConverter
from ser.conversion.rules import RuleConverter
from ser.errors import ArtifactError
from ser.inference.engine import open_runner
from ser.models.artifact import read_card
from ser.models.backend import Device

EngineName = Literal["auto", "network", "rules"]

_NAMES = (GANTranslate.name, Pix2PixMel.name)


def open_converter(
    path: str | Path, engine: EngineName = "auto", device: Device = "auto"
) -> Converter:
    """Opens the engine of a conversion model.

    Args:
        path: The artifact.
        engine: ``network``, ``rules``, or ``auto``: the network where the artifact has one.
        device: Where networks run.

    Raises:
        ArtifactError: The artifact is no conversion model, or lacks what the engine needs.
        SerError: The device is not available.
    """
    card = read_conversion_card(path)
    if engine == "rules":
        return RuleConverter(read_rules(path, card))
    if has_network(path):
        return open_network_converter(path, device)
    if engine == "network":
        raise ArtifactError(path, "holds rules and no network", "use --engine rules")
    return RuleConverter(read_rules(path, card))


def open_network_converter(
    path: str | Path, device: Device = "auto"
) -> GANConverter | Pix2PixConverter:
    """Opens the network of a conversion model.

    Args:
        path: The artifact.
        device: Where it runs: with LiteRT on a CPU, where the artifact has a network for that, and
            with Keras otherwise.

    Raises:
        ArtifactError: The architecture is no conversion model that this version knows.
        SerError: The device is not available.
    """
    card = read_card(path)
    name = str(card.get("architecture", card["kind"]))
    if name not in _NAMES:
        raise ArtifactError(path, f"is no translator ({name})", f"use {', '.join(_NAMES)}")
    network: Any = open_runner(Path(path), device=device)
    emotions = card["labels"]
    if name == Pix2PixMel.name:
        return Pix2PixConverter(network, emotions)
    rules = RuleConverter(read_rules(path, card)) if RULES_KEY in card else None
    return GANConverter(network, emotions, rules)
