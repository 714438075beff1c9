"""The sentence classifier."""

from __future__ import annotations

import numpy as np

from ser.conversion.evaluation.recordings import ReferenceRecording
from ser.conversion.evaluation.sentences import recognize_sentences


def test_sentences_of_voices_that_are_not_known(recordings: list[ReferenceRecording]) -> None:
    asked = [r for r in recordings if r.speaker == "02"]
    others = [r for r in recordings if r.speaker != "02" and r.emotion == "neutral"]
    found = recognize_sentences(
        [r.measures for r in asked], [r.measures for r in others], [r.text for r in others]
    )
    assert np.mean([a == r.text for a, r in zip(found, asked, strict=True)]) > 0.9
