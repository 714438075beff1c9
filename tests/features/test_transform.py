"""The transform is scipy's, with scipy and without."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from conftest import RunPython

from ser.features import transform


@pytest.fixture(autouse=True)
def chosen_anew() -> Iterator[None]:
    transform._fastest.cache_clear()
    yield
    transform._fastest.cache_clear()


@pytest.mark.parametrize("size", [2, 15, 400, 512, 2047, 2048])
@pytest.mark.parametrize("rows", [1, 2, 5, 33])
def test_it_is_scipys(rows: int, size: int) -> None:
    import scipy.fft

    frames = np.random.default_rng(size).normal(size=(rows, size)).astype(np.float32)
    found = transform.rfft(frames)
    assert found.dtype == np.complex64
    assert found.flags.c_contiguous
    expected = scipy.fft.rfft(frames)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_without_scipys_it_is_numpys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "_PLACES", ("moved/elsewhere",))
    frames = np.ones((3, 8), np.float32)
    np.testing.assert_array_equal(transform.rfft(frames), np.fft.rfft(frames))
    assert transform._fastest() is np.fft.rfft


@pytest.mark.parametrize(
    "module",
    [
        type("Other", (), {}),
        type("Other", (), {"r2c": lambda *arguments: np.zeros((3, 9))}),
        type("Other", (), {"r2c": lambda frames: frames}),
    ],
    ids=["no such function", "another meaning", "other arguments"],
)
def test_what_has_changed_is_not_used(module: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transform, "_extension", lambda: module)
    assert transform._fastest() is np.fft.rfft


def test_it_lives_beside_scipys_own(run_python: RunPython) -> None:
    """Loading one extension module under two names must not upset either."""
    for first, second in (("ours", "theirs"), ("theirs", "ours")):
        run_python(
            "import sys, numpy as np\n"
            "from ser.features.transform import rfft\n"
            "frames = np.ones((4, 16), np.float32)\n"
            "def ours(): return rfft(frames)\n"
            "def theirs():\n"
            "    import scipy.fft\n"
            "    return scipy.fft.rfft(frames)\n"
            f"one = {first}(); two = {second}()\n"
            "assert (one == two).all() and (rfft(frames) == one).all()\n"
        )


def test_it_does_not_import_scipy(run_python: RunPython) -> None:
    run_python(
        "import sys, numpy as np\n"
        "from ser.features.transform import rfft\n"
        "rfft(np.ones((1, 8), np.float32))\n"
        "assert not [name for name in sys.modules if name.startswith('scipy')]\n"
    )
