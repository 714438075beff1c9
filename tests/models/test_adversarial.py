"""The options of adversarial architectures."""

from __future__ import annotations

import pytest

from ser.conversion.registry import CONVERSION_ARCHITECTURES
from ser.errors import SerError
from ser.models.registry import ARCHITECTURES

ADVERSARIAL = ("acgan", "gan-translate", "pix2pix-mel")


@pytest.mark.parametrize("name", ADVERSARIAL)
@pytest.mark.parametrize("option", ["d_steps", "g_steps"])
def test_each_side_is_updated_at_least_once(name: str, option: str) -> None:
    kind = {**ARCHITECTURES, **CONVERSION_ARCHITECTURES}[name]
    assert kind.with_options({option: "3"}).hyperparameters()[option] == 3
    with pytest.raises(SerError, match=f"{option}=0: must be 1 to 65536"):
        kind.with_options({option: "0"})


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_balance_is_a_choice(name: str) -> None:
    kind = {**ARCHITECTURES, **CONVERSION_ARCHITECTURES}[name]
    assert kind.options()["balance"].choices == ("epochs", "loss")
    with pytest.raises(SerError, match="balance=both: is not a choice"):
        kind.with_options({"balance": "both"})
