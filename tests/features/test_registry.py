"""Every family in the registry has a function, and the width that it promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.features.families import FUNCTIONS
from ser.features.overlap import MelSpectra
from ser.features.registry import ALL_FAMILIES, FAMILIES, MEL_FAMILIES, WHISPER
from ser.features.spec import FeatureSpec
from ser.features.stft import ShortTimeSpectra

SPEC = FeatureSpec(n_mels=30, n_mfcc=11, n_chroma=9)
NOISE = np.random.default_rng(0).normal(0, 0.1, 8000).astype(np.float32)


def test_names_are_those_of_the_functions() -> None:
    assert list(FUNCTIONS) == list(ALL_FAMILIES)
    assert [function.__name__ for function in FUNCTIONS.values()] == list(ALL_FAMILIES)
    assert [family.name for family in ALL_FAMILIES.values()] == list(ALL_FAMILIES)


@pytest.mark.parametrize("name", [*FAMILIES, WHISPER.name])
def test_widths(name: str) -> None:
    width = ALL_FAMILIES[name].width
    found = FUNCTIONS[name](ShortTimeSpectra(NOISE, SPEC))
    assert found.shape == (51, width if isinstance(width, int) else getattr(SPEC, width))


@pytest.mark.parametrize("name", FAMILIES)
def test_some_need_nothing_but_mel_power(name: str) -> None:
    whole = ShortTimeSpectra(NOISE, SPEC)
    # There are no samples in the other.
    if name in MEL_FAMILIES:
        np.testing.assert_array_equal(
            FUNCTIONS[name](MelSpectra(whole.mel, SPEC)), FUNCTIONS[name](whole)
        )
    else:
        assert not FAMILIES[name].from_mel


def test_the_registry_imports_nothing_heavy(run_python: Any) -> None:
    run_python(
        "import sys; import ser.features.registry, ser.features.spec\n"
        "heavy = {'numpy', 'ser.features.families'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
