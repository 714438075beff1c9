"""What is measured of frames by themselves: the same alone, in parts, and at any level."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from speech import render

from ser.features.prosody.functionals import compute, compute_measured
from ser.features.prosody.measures import layout, measure, measure_quickly, needs_own_scale
from ser.features.spec import PRESETS
from ser.features.stft import ShortTimeSpectra

SPEC = PRESETS["emotion"]


@pytest.fixture(scope="module")
def power() -> Any:
    voice = render("happy", 3, seed=4, seconds=1.2, intensity="strong")
    return ShortTimeSpectra(np.ascontiguousarray(voice, np.float32), SPEC).power


def test_columns_fill_the_width(power: Any) -> None:
    plan = layout(SPEC)
    taken = sorted((part.start, part.stop) for part in plan.columns.values())
    assert [start for start, _ in taken] == [0, *(stop for _, stop in taken[:-1])]
    assert taken[-1][1] == plan.width
    found = measure(power, SPEC)
    assert found.shape == (len(power), plan.width)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_a_factor_scales_what_it_should(power: Any) -> None:
    plan = layout(SPEC)
    one, other = measure(power, SPEC), measure(power * np.float32(0.25), SPEC)
    # By a power of two nothing is rounded otherwise.
    assert (other[:, plan.scaled] == 0.25 * one[:, plan.scaled]).all()
    rest = slice(plan.scaled.stop, None)
    assert (other[:, rest] == one[:, rest]).all()


def test_frames_do_not_depend_on_their_company(power: Any) -> None:
    plan = layout(SPEC)
    together = measure(power, SPEC)
    apart = np.concatenate([measure(power[:20], SPEC), measure(power[19:], SPEC)[1:]])
    others = [c for name, c in plan.columns.items() if name not in ("score", "octaves", "top")]
    for columns in others:
        assert apart[:, columns] == pytest.approx(together[:, columns], rel=1e-4, abs=1e-6)


def test_functionals_of_measured_frames(power: Any) -> None:
    expected = compute(power, SPEC)
    found = compute_measured(measure_quickly(power, SPEC), SPEC)
    assert found is not None
    assert np.isclose(found, expected, rtol=1e-3, atol=1e-3).mean() > 0.95


def test_frames_next_to_nothing_are_left_to_the_clip(power: Any) -> None:
    assert not needs_own_scale(measure(power, SPEC), SPEC, float(power.sum(axis=1).mean()))
    soft = power.copy()
    soft[5] *= np.float32(1e-12)
    assert compute_measured(measure(soft, SPEC), SPEC) is None
    soft[5] = 0
    assert compute_measured(measure(soft, SPEC), SPEC) is not None
