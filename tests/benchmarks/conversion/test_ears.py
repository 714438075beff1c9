"""What is measured of words after conversion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.conversion.ears import (
    add_noise,
    normalize,
    pick_speakers,
    summarize,
    word_error_rate,
)


def test_punctuation_and_case_are_no_words() -> None:
    assert normalize(" Mr. Quilter's  Manner -- is old!") == "mr quilter's manner is old"


def test_a_word_in_four_that_is_heard_otherwise_is_a_quarter() -> None:
    pytest.importorskip("jiwer")
    assert word_error_rate("The cat sat down.", "the bat sat down") == pytest.approx(0.25)


def test_the_interval_contains_the_mean_and_the_worst_clip_is_named() -> None:
    words = summarize([0.0, 0.1, 0.2, 0.5])
    assert words.mean == pytest.approx(0.2)
    assert words.low < words.mean < words.high <= words.worst == 0.5
    assert words.median == pytest.approx(0.15)


def test_equal_rates_have_no_width() -> None:
    words = summarize([0.25] * 5)
    assert (words.low, words.high) == (0.25, 0.25)


def test_noise_has_its_level() -> None:
    noise = add_noise(np.zeros(16_000, np.float32))
    assert 10 * np.log10(np.mean(np.square(noise))) == pytest.approx(-60, abs=0.2)


def test_each_speaker_is_heard_once_and_they_are_spread(tmp_path: Path) -> None:
    for speaker in ("10", "20", "30", "40"):
        for number in range(2):
            (tmp_path / f"{speaker}-1-000{number}.ogg").touch()
    assert [path.name for path in pick_speakers(tmp_path, 2)] == [
        "10-1-0000.ogg",
        "30-1-0000.ogg",
    ]
    assert len(pick_speakers(tmp_path, 9)) == 4
