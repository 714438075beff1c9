"""Hyperparameters of architectures: declared, parsed, refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from ser.errors import SerError
from ser.models.backend import load_keras
from ser.models.base import Architecture, Problem, option, standardized_input
from ser.models.limits import Limits


@dataclass(frozen=True)
class Example(Architecture):
    name = "example"
    summary = "for tests"

    layers: int = option(2, "number of layers", Limits(1), low=1, high=4)
    rate: float = option(0.5, "a share", low=0.0, high=1.0)
    residual: bool = option(False, "with shortcuts")
    loss: str = option("hinge", "the loss", choices=("hinge", "bce"))

    def build(self, keras: Any, problem: Problem) -> Any:
        raise NotImplementedError


def test_texts_become_the_types_of_the_options() -> None:
    made = Example.with_options({"layers": "3", "rate": "1", "residual": "Yes", "loss": "bce"})
    assert made == Example(layers=3, rate=1.0, residual=True, loss="bce")
    assert isinstance(made.rate, float)
    values = {"layers": 3, "rate": 1.0, "residual": True, "loss": "bce"}
    assert made.hyperparameters() == values
    # As from a card, where they have their types already.
    assert Example.with_options(values) == made
    assert Example.with_options({}) == Example()
    assert Example.with_options({"residual": "0"}) == Example()
    assert Example.with_options({"layers": 3.0}) == Example(layers=3)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"layer": "3"}, "is not an option of example"),
        ({"layers": "many"}, "layers=many: is not a whole number; give at least 1"),
        ({"layers": "2.5"}, "layers=2.5: is not a whole number; give at least 1"),
        ({"layers": 2.5}, "layers=2.5: is not a whole number; give at least 1"),
        ({"layers": float("inf")}, "layers=inf: is not a whole number; give at least 1"),
        ({"layers": "0"}, "layers=0: must be at least 1"),
        ({"rate": "-0.1"}, "rate=-0.1: must be at least 0"),
        ({"rate": "nan"}, "rate=nan: is not a finite number; give at least 0"),
        ({"rate": "1e999"}, "rate=1e999: is not a finite number; give at least 0"),
        ({"rate": None}, "rate: is not a number; give at least 0"),
        ({"layers": True}, ""),
        ({"residual": "perhaps"}, "residual=perhaps: is neither yes nor no"),
        ({"loss": "mse"}, "loss=mse: is not a choice"),
    ],
)
def test_values_that_do_not_fit(values: dict[str, Any], words: str) -> None:
    if not words:
        # A truth value is a number in Python, and none here.
        assert Example.with_options(values).hyperparameters()["layers"] == 1
        assert not isinstance(Example.with_options(values).layers, bool)
        return
    with pytest.raises(SerError) as caught:
        Example.with_options(values)
    assert words in str(caught.value)


def test_what_an_architecture_has_unless_it_says_otherwise() -> None:
    about = Example.options()
    assert list(about) == ["layers", "rate", "residual", "loss"]
    assert (about["layers"].low, about["layers"].high, about["layers"].log) == (1, 4, False)
    assert about["loss"].choices == ("hinge", "bce")
    assert Example().required_files() == []
    assert not Example().eight_bits(300)


def test_the_input_is_standardized_where_there_are_statistics() -> None:
    keras = load_keras("cpu")
    x = np.random.default_rng(0).normal(5, 2, (200, 3, 2)).astype(np.float32)
    plain = keras.Model(*standardized_input(keras, Problem(3, 2, 4)))
    assert np.asarray(plain.predict_on_batch(x)) == pytest.approx(x)
    problem = Problem(3, 2, 4, x.mean((0, 1)), x.var((0, 1)))
    made = keras.Model(*standardized_input(keras, problem))
    found = np.asarray(made.predict_on_batch(x))
    assert found.mean((0, 1)) == pytest.approx(0, abs=1e-4)
    assert found.std((0, 1)) == pytest.approx(1, abs=1e-3)
