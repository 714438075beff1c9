"""Arguments: unknown names are answered with the nearest, and one thing is as good as a list."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser.api.arguments import check_choice, check_names, several
from ser.errors import ParameterError


def test_choices() -> None:
    check_choice("engine", "keras", ("auto", "keras"))
    with pytest.raises(ParameterError, match=r"^engine=kears: is unknown; did you mean keras\?"):
        check_choice("engine", "kears", ("auto", "keras"))
    with pytest.raises(ParameterError, match=r"^engine=3: is unknown; use one of auto, keras$"):
        check_choice("engine", 3, ("auto", "keras"))


def test_names() -> None:
    check_names("extract", {"n_mels": 40}, ["n_mels", "n_fft"])
    message = r"^extract\(\) got an unexpected keyword argument 'nmels'; did you mean n_mels\?"
    with pytest.raises(TypeError, match=message):
        check_names("extract", {"n_fft": 512, "nmels": 40}, ["n_mels", "n_fft"])


def test_one_or_several() -> None:
    table = np.zeros(2)
    assert several("01") == ["01"]
    assert several(Path("a.npy")) == [Path("a.npy")]
    assert several(table)[0] is table
    assert several(["01", "02"]) == ["01", "02"]
    assert several(0.2) == 0.2
