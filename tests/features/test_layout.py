"""Which coefficients of a matrix are which, and what they are called."""

from __future__ import annotations

import pytest

from ser.features.layout import coefficient_names, columns, functional_names, width
from ser.features.spec import FAMILIES, FeatureSpec


@pytest.mark.parametrize(
    "spec",
    [
        FeatureSpec(families=FAMILIES, deltas=2, pool="stats"),
        FeatureSpec(families=("f0", "rms"), deltas=1),
        FeatureSpec(),
    ],
)
def test_every_coefficient_has_a_name(spec: FeatureSpec) -> None:
    names = coefficient_names(spec)
    assert len(set(names)) == len(names) == width(spec)
    for family, place in columns(spec).items():
        assert all(name.startswith(family) for name in names[place])


def test_names_say_family_derivative_and_statistic() -> None:
    spec = FeatureSpec(families=("rms", "f0"), deltas=2, pool="stats")
    names = coefficient_names(spec)
    assert names[:4] == ("rms_mean", "f0_1_mean", "f0_2_mean", "delta_rms_mean")
    assert names[-1] == "delta2_f0_2_maximum"
    assert functional_names(spec) == ()
