"""Which coefficients of a matrix are which, and what they are called."""

from __future__ import annotations

import pytest

from ser.features.encoder_spec import EncoderSpec
from ser.features.layout import coefficient_names, columns, functional_names, width
from ser.features.registry import FAMILIES
from ser.features.spec import FeatureSpec


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


def test_numbers_of_an_encoder_have_their_block_in_their_names() -> None:
    encoder = EncoderSpec("tiny", (2, 4), 3, 80, 300, "0" * 64)
    spec = FeatureSpec(families=("rms", "encoder"), encoder=encoder, functionals="encoder")
    assert coefficient_names(spec)[:3] == ("rms", "encoder_2_1", "encoder_2_2")
    assert len(coefficient_names(spec)) == width(spec) == 7
    names = functional_names(spec)
    assert (names[:2], names[4], names[-1]) == (
        ("level", "encoder_2_mean_1"), "encoder_2_deviation_1", "encoder_4_deviation_3"
    )  # fmt: skip
    assert len(names) == 13
    both = spec.with_changes(functionals="contours+encoder", n_fft=1024, win_length=1024)
    assert len(functional_names(both)) == 239 + 12
    assert functional_names(both)[0] == "level"
