"""The built-in recogniser: PocketSphinx with the English model that its package holds.

Hidden Markov models over cepstra, with a trigram language model of 125,000 words (Huggins-Daines et
al., ICASSP 2006). It needs no download, runs several times as fast as real time on one core, and
makes about as many mistakes as such systems made around 2010: of read speech it gets the gist.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ser.arrays import Samples
from ser.errors import missing_package
from ser.text.asr.base import RATE, Cutting, Passage
from ser.timeline.window import Word

# PocketSphinx counts time in frames of a hundredth of a second.
_FRAME = 0.01

_PRONUNCIATION = re.compile(r"\(\d+\)$")


class Sphinx:
    """The built-in recogniser of English.

    Raises:
        DependencyError: The package pocketsphinx is missing.
    """

    name = "PocketSphinx"
    languages = frozenset({"en"})
    translates = False
    cutting = Cutting(pause=0.5, shortest=0.0, rest=0.5, longest=15.0)

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ModuleNotFoundError as error:
            raise missing_package("PocketSphinx", error.name) from error
        self._decoder: Any = Decoder(samprate=RATE, loglevel="FATAL")

    def forget(self) -> None:
        """Does nothing: every stretch is heard for itself."""

    def transcribe(self, samples: Samples, language: str | None) -> list[Passage]:
        """Writes down one stretch of English speech: one passage, or none."""
        sound = np.clip(samples * 32_768, -32_768, 32_767).astype("<i2").tobytes()
        # What the last stretch sounded like is forgotten: the same sound gives the same words.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        # The whole stretch is known: its cepstra are normalised by its own mean.
        self._decoder.process_raw(sound, no_search=False, full_utt=True)
        self._decoder.end_utt()
        words = tuple(_words(self._decoder.seg() or ()))
        if not words:
            return []
        text = " ".join(word.text for word in words)
        return [Passage(0.0, len(samples) / RATE, text, "en", words)]

    def translate(self, samples: Samples, language: str) -> str:
        """Gives nothing: it knows English alone."""
        return ""


def _words(segments: Any) -> list[Word]:
    """Reads words from PocketSphinx's segments, of which some are silence and noise."""
    return [
        Word(
            _PRONUNCIATION.sub("", segment.word),
            round(segment.start_frame * _FRAME, 3),
            round((segment.end_frame + 1) * _FRAME, 3),
            min(1.0, float(segment.prob)),
        )
        for segment in segments
        if segment.word[0] not in "<[+"
    ]
