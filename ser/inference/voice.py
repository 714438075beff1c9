"""Learns how a voice sounds from a recording's own windows, while the recording is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from ser.arrays import Floats
from ser.errors import SerError
from ser.inference.classifier import Adaptation, Classifier

ADAPTATION_SECONDS = 300.0
"""How much of a recording a voice is learnt from."""

# Overlapping windows say the same twice: of them only some are learnt from, as far apart as this
# share of their length.
_STEP = 0.5
# Live, the voice is learnt anew when so many more windows than last time are known.
_GROWTH = 1.1


@dataclass(frozen=True, slots=True)
class Reading:
    """What the network says of one window.

    Attributes:
        start: Seconds from the start of the recording.
        end: Likewise.
        probabilities: Of each part of the window without adaptation by the speaker model, shape
            (parts, labels); no parts where nobody speaks.
        scores: Scores of the speaker model, likewise; None where there is none.
    """

    start: float
    end: float
    probabilities: Floats
    scores: Floats | None


class VoiceLearner:
    """Collects the windows that a voice is learnt from.

    Args:
        classifier: A classifier with a speaker model.
    """

    def __init__(self, classifier: Classifier) -> None:
        self._classifier = classifier
        self._probabilities: list[Floats] = []
        self._scores: list[Floats] = []
        self._clips = 0
        self._learnt_from = 0
        self._last = -np.inf
        self._adaptation: Adaptation | None = None

    def add(self, reading: Reading) -> None:
        """Takes a window, unless it overlaps too much with one that was taken."""
        near = reading.start < self._last + _STEP * (reading.end - reading.start)
        if near or reading.scores is None or not len(reading.scores):
            return
        self._last = reading.start
        self._probabilities.append(reading.probabilities)
        self._scores.append(reading.scores)
        self._clips += len(reading.scores)

    def adaptation(self) -> Adaptation | None:
        """Gives the adaptation by what was heard so far; None if that is too little."""
        if self._clips > self._learnt_from * _GROWTH:
            found = self._classifier.adapt_to_scores(
                np.concatenate(self._scores), np.concatenate(self._probabilities)
            )
            if found is not None:
                self._learnt_from = self._clips
                self._adaptation = found
        return self._adaptation


def adapt_readings(
    readings: Iterable[Reading],
    learner: VoiceLearner,
    *,
    live: bool,
    on_adaptation: Callable[[Adaptation | None], None],
) -> Iterator[tuple[Reading, Adaptation | None]]:
    """Gives each window with the adaptation to its voice.

    The windows of the first five minutes are held back until the voice is learnt from them. Live
    sound cannot wait: each window is adapted by what was heard up to it.

    Args:
        readings: Windows in order.
        learner: Learns the voice.
        live: Hold nothing back.
        on_adaptation: Called when the voice is learnt; live, for each window.

    Raises:
        SerError: The recording breaks off, after the windows before the defect.
    """
    if live:
        for reading in readings:
            learner.add(reading)
            on_adaptation(learner.adaptation())
            yield reading, learner.adaptation()
        return
    held: list[Reading] = []
    failure: SerError | None = None
    incoming = iter(readings)
    try:
        for reading in incoming:
            learner.add(reading)
            held.append(reading)
            if reading.end - held[0].start >= ADAPTATION_SECONDS:
                break
    except SerError as error:
        failure = error
    adaptation = learner.adaptation()
    on_adaptation(adaptation)
    for reading in held:
        yield reading, adaptation
    held.clear()
    if failure is not None:
        raise failure
    for reading in incoming:
        yield reading, adaptation
