"""What is found in a recording, beside the classifier, in one value."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

from ser.inference.adaptation import Voices
from ser.inference.engine import Engine
from ser.inference.recognizer import Part, Windowing, analyse
from ser.timeline.postprocess import Refinement
from ser.timeline.window import Window


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything but the classifier that decides what is found in a recording.

    Attributes:
        windowing: How recordings are divided.
        part: Which part of each.
        refine: What becomes of the windows.
        vad: Leave windows unclassified in which nobody speaks.
        voices: What is known of voices.
    """

    windowing: Windowing
    part: Part
    refine: Refinement
    vad: bool
    voices: Voices

    def recogniser(self, recording: str, engine: Engine) -> functools.partial[Iterator[Window]]:
        """Gives `ser.inference.recognizer.analyse` for a recording; the part is still open.

        Args:
            recording: Where it can be read.
            engine: The classifier.

        Raises:
            SerError: The voice cannot be learnt.
        """
        known = self.voices.of(recording, engine, vad=self.vad)
        return functools.partial(
            analyse, recording, engine, self.windowing, calibration=known, vad=self.vad
        )
