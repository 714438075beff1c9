"""Utterances of a stream."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from utterances import speech

from ser.text.asr.base import RATE
from ser.text.asr.transcriber import Transcriber
from ser.text.asr.whisper import WhisperRecognizer


def test_utterances_of_a_stream_are_where_they_were_said(polish: Path) -> None:
    model = WhisperRecognizer(str(polish))
    sound = np.concatenate(
        [np.zeros(4 * RATE, np.float32), speech(3.0), np.zeros(4 * RATE, np.float32)]
    )
    translator_asked = 0

    def translator() -> WhisperRecognizer:
        nonlocal translator_asked
        translator_asked += 1
        return model

    transcriber = Transcriber(model, RATE, offset=100.0, translator=translator)
    found = transcriber.add(sound) + transcriber.finish()
    assert found
    for utterance, samples in found:
        assert 103.5 <= utterance.start <= utterance.end <= 107.5
        assert all(103.5 <= word.start <= 107.6 for word in utterance.words)
        assert len(samples) == pytest.approx((utterance.end - utterance.start) * RATE, abs=2)
    assert any(said.utterance.translation for said in found)
    assert translator_asked == 1
    plain = Transcriber(model, RATE)
    assert not any(said.utterance.translation for said in plain.add(sound) + plain.finish())
