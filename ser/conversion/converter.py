"""What decides how a voice changes: the network of an artifact, or the rules in its card."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ser import __version__
from ser.conversion.contour_grid import (
    CEPSTRA,
    CHANGED,
    FRAMES,
    seen,
    speech,
    spoken_part,
    steps_of,
    to_frames,
)
from ser.conversion.contours import Contours, to_bands
from ser.conversion.models.gan import MULTIPLE, OUTPUTS, GANTranslate
from ser.conversion.models.pix2pix import Pix2PixMel
from ser.conversion.modification import MAX_INTENSITY, Change, Converter, no_change
from ser.conversion.pix2pix import Pix2PixConverter
from ser.conversion.rules import RuleConverter, Rules
from ser.errors import ArtifactError, SerError, cannot_write
from ser.features.layout import width
from ser.features.spec import PRESETS
from ser.inference.engine import Runner, open_runner
from ser.io.files import atomic_path
from ser.models.artifact import CARD_MEMBER, CLASSIFIER, read_card
from ser.models.backend import Device

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
        from ser.conversion.converter import load_converter

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


# The network of a translator, ready to say how a phrase has to change.


_NAMES = (GANTranslate.name, Pix2PixMel.name)


class GANConverter:
    """Converts with the generator of `GANTranslate`; see `ser.conversion.modification.Converter`.

    What becomes longer or shorter inside a phrase is the network's to say; how long all of it
    becomes is that of the rules, where there are any: of speakers that neither has heard, the
    median of others says more (see `benchmarks/translation.md`).

    Args:
        network: From ``features`` (1, steps, SEEN) and ``condition`` (1, emotions) to changes (1,
            steps, OUTPUTS).
        emotions: In the order of the network's conditions.
        rules: What was learned beside it, or None.
    """

    def __init__(
        self, network: Runner, emotions: Sequence[str], rules: Converter | None = None
    ) -> None:
        self.emotions = tuple(emotions)
        self._network = network
        self._rules = rules

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Change:
        """Says what is to become of a phrase; see `Converter`."""
        if to not in self.emotions:
            raise SerError(to, "cannot be made", f"use {', '.join(self.emotions)}")
        frames = len(contours)
        if source == to or intensity == 0 or frames == 0:
            return no_change(frames)
        everything = steps_of(contours)
        part = spoken_part(everything)
        steps = everything[part]
        features = np.pad(seen(steps), ((0, -len(steps) % MULTIPLE), (0, 0)))
        condition = np.zeros((1, len(self.emotions)), np.float32)
        condition[0, self.emotions.index(to)] = min(intensity, MAX_INTENSITY)
        change = self._network({"features": features[None], "condition": condition})[0]
        changes = np.zeros((len(everything), OUTPUTS), np.float32)
        changes[part] = change[: len(steps)]
        # As in training: nothing is made louder in pauses.
        changes[:, :CEPSTRA] *= speech(everything)[:, None]
        drawn = to_frames(changes, frames)
        stretch = np.exp(drawn[:, CHANGED])
        if self._rules is not None and to in self._rules.emotions:
            spoken = slice(FRAMES * part.start, min(FRAMES * part.stop, frames))
            wanted = self._rules(contours, to, intensity, source).stretch
            stretch[spoken] *= wanted[spoken].mean() / stretch[spoken].mean()
        return Change(drawn[:, CEPSTRA], to_bands(drawn[:, :CEPSTRA]), stretch)


def load_converter(path: str | Path, device: Device = "auto") -> Converter:
    """Opens the network of a translator.

    Args:
        path: The artifact.
        device: Where it runs: LiteRT on a CPU, unless it has no network for that, and Keras on a
            GPU.

    Raises:
        ArtifactError: The artifact holds no translator that this version knows.
        SerError: The device is not there.
    """
    card = read_card(path)
    name = str(card.get("architecture", card["kind"]))
    if name not in _NAMES:
        raise ArtifactError(path, f"is no translator ({name})", f"use {', '.join(_NAMES)}")
    network: Any = open_runner(Path(path), device=device)
    emotions = card["labels"]
    if name == Pix2PixMel.name:
        return Pix2PixConverter(network, emotions)
    rules = RuleConverter(rules_in(path, card)) if RULES_KEY in card else None
    return GANConverter(network, emotions, rules)
