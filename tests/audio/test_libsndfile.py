"""Decoding with libsndfile: parts of files, defects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from recordings import RATE, UNUSUAL, speech

from ser.audio import reader


def test_8_bit_and_float_are_scaled_alike(folder: Path) -> None:
    for name, step in (("8-bit.wav", 2**-6), ("24-bit.wav", 2**-22), ("double.wav", 1e-7)):
        np.testing.assert_allclose(reader.read(folder / name, RATE), speech(), atol=step)


@pytest.mark.parametrize("name", [*UNUSUAL, "other.wav"])
def test_offsets_of_libsndfile_are_exact(name: str, folder: Path) -> None:
    whole = reader.read(folder / name, RATE)
    part = reader.read(folder / name, RATE, offset=1.25, duration=0.75)
    assert len(part) == 12_000
    inner = slice(500, -500)
    np.testing.assert_allclose(part[inner], whole[20_000:32_000][inner], atol=2e-3)
    to_the_end = reader.read(folder / name, RATE, offset=1.25)
    assert len(to_the_end) == len(whole) - 20_000
    np.testing.assert_allclose(to_the_end[inner], whole[20_000:][inner], atol=2e-3)
    longer = reader.read(folder / name, RATE, duration=99.0)
    np.testing.assert_array_equal(longer, whole)
