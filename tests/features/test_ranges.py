"""Numbers of specifications: what is none, and what no computer has room for."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from ser.features.ranges import RANGES, find_excess, find_problem
from ser.features.spec import PRESETS, FeatureSpec, SpecError, SpecParameterError


def test_every_number_has_a_range() -> None:
    numbers = {
        name
        for name, value in asdict(FeatureSpec()).items()
        if isinstance(value, int | float) or name in ("fmax", "duration", "trim")
    }
    assert numbers == set(RANGES)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_presets_are_within(name: str) -> None:
    spec = PRESETS[name]
    assert find_problem(asdict(spec)) is None
    assert find_excess(spec.sample_rate, spec.n_fft, spec.hop_length, spec.n_mels) is None


@pytest.mark.parametrize("name", sorted(RANGES))
@pytest.mark.parametrize(
    "value", [True, "16", [16], {}, float("nan"), float("inf"), -1, 10**9, 2**31, 10**400]
)
def test_what_is_no_such_number_is_refused(name: str, value: Any) -> None:
    with pytest.raises(SpecError) as caught:
        FeatureSpec.from_dict({**FeatureSpec().to_dict(), name: value})
    assert "\n" not in str(caught.value)


def test_numbers_of_numpy_are_numbers() -> None:
    assert replace(FeatureSpec(), n_fft=np.int64(1024), fmin=np.float64(60.0)).n_fft == 1024


def test_numbers_that_need_too_much_memory_together() -> None:
    with pytest.raises(SpecParameterError, match="of each second with a transform of 65536"):
        FeatureSpec(n_fft=65_536, win_length=400, hop_length=16)
    with pytest.raises(SpecParameterError, match="a filter bank of 4096 bands"):
        FeatureSpec(n_fft=65_536, win_length=400, hop_length=1000, n_mels=4096)
    # One sample per frame is strange, and possible.
    assert FeatureSpec(hop_length=1).hop_length == 1


@pytest.mark.parametrize("name", ["families", "clean"])
@pytest.mark.parametrize("value", [3, "logmel", {"logmel": 1}, [3], [["mel"]], None])
def test_names_are_lists_of_text(name: str, value: Any) -> None:
    with pytest.raises(SpecError):
        FeatureSpec.from_dict({**FeatureSpec().to_dict(), name: value})


def test_a_specification_is_no_deep_json() -> None:
    with pytest.raises(SpecError, match="nested too deeply"):
        FeatureSpec.from_json("[" * 100_000)
