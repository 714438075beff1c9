"""Interruptions come out of compiled code as what they are."""

from __future__ import annotations

import pytest

from ser.features.compiled import _interruptible


def wrapped(levels: int, error: BaseException) -> None:
    """Raises as numba does: each level in a SystemError of its own."""
    if not levels:
        raise error
    try:
        wrapped(levels - 1, error)
    except BaseException as cause:
        raise SystemError("returned a result with an exception set") from cause


@pytest.mark.parametrize("levels", [0, 1, 2, 5])
def test_interruptions_pass(levels: int) -> None:
    error = KeyboardInterrupt("now")
    with pytest.raises(KeyboardInterrupt) as caught:
        _interruptible(wrapped)(levels, error)
    assert caught.value is error


def test_other_errors_stay() -> None:
    with pytest.raises(SystemError):
        _interruptible(wrapped)(2, ValueError("bad"))
    with pytest.raises(ValueError, match="bad"):
        _interruptible(wrapped)(0, ValueError("bad"))
    assert _interruptible(max)(3, 4) == 4
