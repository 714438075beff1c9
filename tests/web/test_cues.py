"""Cues by name."""

from __future__ import annotations

import numpy as np
import pytest
from speech import render_demo

from ser.errors import AudioError
from ser.web.cues import measure_voice


def test_louder_and_higher_are_found() -> None:
    voice = np.asarray(render_demo()[: 3 * 16_000])
    plain = measure_voice((voice, 16_000))
    louder = measure_voice((voice * 0.5, 16_000))
    # Played at another rate, everything is higher and faster.
    higher = measure_voice((voice, 19_000))
    assert plain.loudness - louder.loudness == pytest.approx(6.0, abs=0.5)
    assert higher.pitch - plain.pitch == pytest.approx(12 * np.log2(19 / 16), abs=1.0)
    assert set(plain.to_dict()) == {"pitch", "range", "loudness", "pace"}


def test_too_short() -> None:
    with pytest.raises(AudioError, match="half a second"):
        measure_voice((np.zeros(100, np.float32), 16_000))
