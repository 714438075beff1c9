"""Steps by their text."""

from __future__ import annotations

import pytest

from ser.errors import SerError
from ser.preprocess.registry import parse_step


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("polish", "polish: is not a cleaning step; use one of denoise, trim, loudness"),
        ("trim:", "trim:: has no number behind the colon but ''; write trim:40"),
        ("trim:loud", "has no number behind the colon but 'loud'"),
        ("trim:0.5", "trim:0.5: is no number of decibels under the peak; give 1 to 120"),
        ("loudness:3", "loudness:3: is no loudness in LUFS; give -60 to 0"),
        ("denoise:2", "denoise:2: is no share of the noise to take away; give 0.05 to 1"),
        ("denoise:nan", "is no share"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(SerError) as caught:
        parse_step(text)
    assert said in str(caught.value)
