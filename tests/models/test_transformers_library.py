"""What is said where transformers or PyTorch is missing."""

from __future__ import annotations

import sys

import pytest

from ser.errors import DependencyError
from ser.models.transformers_library import CPU_WHEELS, load_transformers


@pytest.mark.parametrize(("package", "more"), [("torch", CPU_WHEELS), ("transformers", "")])
def test_what_is_missing_is_named_with_its_extra(
    package: str, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(DependencyError) as caught:
        load_transformers("this")
    assert caught.value.cause == f"needs the Python package {package}"
    assert "[text]" in caught.value.cure and caught.value.cure.endswith(more)
