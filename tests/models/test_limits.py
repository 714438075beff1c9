"""Limits of hyperparameters: every architecture refuses impossible numbers."""

from __future__ import annotations

import pytest

from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.errors import HyperparameterError
from ser.models.limits import DROPOUT, POSITIVE, RATIO, SHARE, SIZE, Limits
from ser.models.registry import ARCHITECTURES

ALL = {**ARCHITECTURES, **CONVERSION_ARCHITECTURES}
NUMBERS = [
    (name, option)
    for name, kind in ALL.items()
    for option, about in kind.options().items()
    if not about.choices and type(kind().hyperparameters()[option]) in (int, float)
]


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        (Limits(), [0, 5, 1e300], [-1e-9]),
        (POSITIVE, [1e-9, 3], [0, -1]),
        (SHARE, [0, 0.5, 1], [-0.01, 1.01]),
        (DROPOUT, [0, 0.999], [1, -0.01]),
        (RATIO, [0.01, 100], [0, 100.1]),
        (SIZE, [1, 65_536], [0, 65_537]),
    ],
)
def test_what_is_inside(limits: Limits, inside: list[float], outside: list[float]) -> None:
    assert all(value in limits for value in inside)
    for value in [*outside, float("nan"), float("inf"), float("-inf")]:
        assert value not in limits
        with pytest.raises(HyperparameterError):
            limits.check("units", value)


def test_the_error_names_option_value_and_range() -> None:
    SIZE.check("units", 128)
    with pytest.raises(HyperparameterError, match=r"^units=0: must be 1 to 65536$"):
        SIZE.check("units", 0)
    with pytest.raises(
        HyperparameterError, match=r"^width=-1: must be more than 0 and at most 100$"
    ):
        RATIO.check("width", -1.0, "-1")
    with pytest.raises(
        HyperparameterError, match=r"^C=nan: is not a finite number; give more than"
    ):
        POSITIVE.check("C", float("nan"))


@pytest.mark.parametrize(("name", "option"), NUMBERS)
def test_no_architecture_takes_impossible_numbers(name: str, option: str) -> None:
    kind = ALL[name]
    about = kind.options()[option]
    assert kind().hyperparameters()[option] in about.limits
    assert about.low is None or about.low in about.limits
    assert about.high is None or about.high in about.limits
    for text in ("-1", "nan", "inf", "1e400"):
        with pytest.raises(HyperparameterError, match=f"^{option}={text}: .*{about.limits}$"):
            kind.with_options({option: text})


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("cnn", "dropout", "3"),
        ("cnn", "units", "0"),
        ("cnn", "width", "0"),
        ("cnn1d", "layers", "0"),
        ("cnn1d", "kernel", "0"),
        ("cnn-lstm", "dropout", "1"),
        ("tim-net", "filters", "99999999999999"),
        ("svm", "C", "0"),
        ("svm", "gamma", "0"),
        ("acgan", "generated_share", "1"),
        ("acgan", "adversarial_smoothing", "0.6"),
        ("prosody-cnn", "spectral_networks", "0"),
        ("gan-translate", "classifier_epochs", "0"),
        ("gan-translate", "d_lr", "0"),
        ("pix2pix-mel", "width", "0"),
        ("vgg16", "head_share", "1.5"),
    ],
)
def test_what_no_network_can_be_built_with(name: str, option: str, value: str) -> None:
    with pytest.raises(HyperparameterError, match=f"^{option}={value}: must be "):
        ALL[name].with_options({option: value})
