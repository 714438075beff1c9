"""The engine of ``gan-translate``: a network whose output are changes of contours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.conversion.contour_grid import (
    FRAMES_PER_STEP,
    N_CEPSTRA,
    N_CHANGED,
    find_speech,
    generator_features,
    speech_weight,
    to_frames,
    to_steps,
)
from ser.conversion.contours import Contours, cepstrum_to_bands
from ser.conversion.models.gan import N_OUTPUTS, STEP_MULTIPLE
from ser.conversion.modification import (
    MAX_INTENSITY,
    Converter,
    Modification,
    check_emotion,
    identity_modification,
)
from ser.inference.engine import Runner


class GANConverter:
    """Converts with the generator of `GANTranslate`; see `ser.conversion.modification.Converter`.

    The network decides which parts of a phrase become longer or shorter; the mean stretch of the
    phrase is that of the rules, where there are any: for speakers unseen in training, the median
    over other speakers is more accurate (see `benchmarks/translation.md`).

    Args:
        network: From ``features`` (1, steps, N_FEATURES) and ``condition`` (1, emotions) to changes
            (1, steps, N_OUTPUTS).
        emotions: In the order of the network's conditions.
        rules: The rules of the same training data, or None.
    """

    def __init__(
        self, network: Runner, emotions: Sequence[str], rules: Converter | None = None
    ) -> None:
        self.emotions = tuple(emotions)
        self._network = network
        self._rules = rules

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Computes the modification of a phrase; see `Converter`."""
        check_emotion(to, self.emotions)
        frames = len(contours)
        if source == to or intensity == 0 or frames == 0:
            return identity_modification(frames)
        phrase = to_steps(contours)
        part = find_speech(phrase)
        steps = phrase[part]
        features = np.pad(generator_features(steps), ((0, -len(steps) % STEP_MULTIPLE), (0, 0)))
        condition = np.zeros((1, len(self.emotions)), np.float32)
        condition[0, self.emotions.index(to)] = min(intensity, MAX_INTENSITY)
        output = self._network({"features": features[None], "condition": condition})[0]
        changes = np.zeros((len(phrase), N_OUTPUTS), np.float32)
        changes[part] = output[: len(steps)]
        # As in training: the envelope does not change in pauses.
        changes[:, :N_CEPSTRA] *= speech_weight(phrase)[:, None]
        values = to_frames(changes, frames)
        stretch = np.exp(values[:, N_CHANGED])
        if self._rules is not None and to in self._rules.emotions:
            speech = slice(FRAMES_PER_STEP * part.start, min(FRAMES_PER_STEP * part.stop, frames))
            target = self._rules(contours, to, intensity, source).stretch
            stretch[speech] *= target[speech].mean() / stretch[speech].mean()
        return Modification(values[:, N_CEPSTRA], cepstrum_to_bands(values[:, :N_CEPSTRA]), stretch)
