"""PocketSphinx, with the English model that its package holds.

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
from ser.text.asr.base import RATE, SegmentLimits, Utterance
from ser.timeline.window import Word

# PocketSphinx counts time in frames of a hundredth of a second.
_FRAME = 0.01

_PRONUNCIATION = re.compile(r"\(\d+\)$")


class SphinxRecognizer:
    """The recognizer of English that needs no download.

    Raises:
        DependencyError: The package pocketsphinx is missing.
    """

    name = "PocketSphinx"
    languages = frozenset({"en"})
    translates = False
    limits = SegmentLimits(pause=0.5, shortest=0.0, rest=0.5, longest=15.0)

    def __init__(self) -> None:
        try:
            from pocketsphinx import Decoder
        except ModuleNotFoundError as error:
            raise missing_package("PocketSphinx", error.name) from error
        self._decoder: Any = Decoder(samprate=RATE, loglevel="FATAL")

    def reset(self) -> None:
        """Does nothing: nothing is kept from one segment to the next."""

    def transcribe(self, samples: Samples, language: str | None) -> list[Utterance]:
        """Transcribes one segment of English speech: one utterance, or none."""
        sound = np.clip(samples * 32_768, -32_768, 32_767).astype("<i2").tobytes()
        # Nothing is kept of the last segment: the same sound gives the same words.
        self._decoder.reinit_feat()
        self._decoder.start_utt()
        # The whole segment is known: its cepstra are normalized by its own mean.
        self._decoder.process_raw(sound, no_search=False, full_utt=True)
        self._decoder.end_utt()
        words = tuple(_words(self._decoder.seg() or ()))
        if not words:
            return []
        text = " ".join(word.text for word in words)
        return [Utterance(0.0, len(samples) / RATE, text, "en", words)]

    def translate(self, samples: Samples, language: str) -> str:
        """Gives an empty text: PocketSphinx knows English alone."""
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
