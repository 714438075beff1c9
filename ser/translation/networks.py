"""The network of a translator, ready to say how a phrase has to change."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ser.artifact import read_card
from ser.engine import Runner, open_runner
from ser.errors import ArtifactError, SerError
from ser.models.backend import Device
from ser.translation.change import MAX_INTENSITY, Change, Converter, no_change
from ser.translation.contours import Contours, to_bands
from ser.translation.drawn import Pix2PixConverter
from ser.translation.engines import RULES_KEY, rules_in
from ser.translation.grid import (
    CEPSTRA,
    CHANGED,
    FRAMES,
    seen,
    speech,
    spoken_part,
    steps_of,
    to_frames,
)
from ser.translation.models.gan_translate import MULTIPLE, OUTPUTS, GANTranslate
from ser.translation.models.pix2pix_mel import Pix2PixMel
from ser.translation.rules import RuleConverter

Matrix = npt.NDArray[np.float32]

_NAMES = (GANTranslate.name, Pix2PixMel.name)


class GANConverter:
    """Converts with the generator of `GANTranslate`; see `ser.translation.change.Converter`.

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
