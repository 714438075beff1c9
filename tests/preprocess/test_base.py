"""What all preprocessing steps promise."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import RunPython
from recordings import RATE, speech

from ser.preprocess.base import Step
from ser.preprocess.registry import STEPS, package_imports, parse_step

CLIP = speech(RATE, 2.0)
EVERY = [parse_step(name) for name in STEPS]


@pytest.mark.parametrize("step", EVERY, ids=str)
@pytest.mark.parametrize("rate", [1000, 8000, 16_000, 44_100])
@pytest.mark.parametrize("count", [1, 2, 100, 1000, 30_000])
@pytest.mark.parametrize("level", [0.0, 1e-5, 0.1])
def test_any_clip_goes_through(step: Step, rate: int, count: int, level: float) -> None:
    samples = (level * np.random.default_rng(0).normal(size=count)).astype(np.float32)
    before = samples.copy()
    result = step(samples, rate)
    assert 1 <= len(result) <= count
    assert result.dtype == np.float32
    assert np.isfinite(result).all()
    np.testing.assert_array_equal(samples, before)
    if not level:
        assert not result.any()


@pytest.mark.parametrize("step", EVERY, ids=str)
def test_text_there_and_back(step: Step) -> None:
    assert parse_step(str(step)) == step
    assert parse_step(step.name) == step


def test_packages_can_be_imported_before_they_are_used(run_python: RunPython) -> None:
    # Workers are told by name which function to call.
    names = [step.__qualname__ for step in package_imports(("trim", "denoise:0.5"))]
    assert names == ["Step.import_packages", "Denoise.import_packages"]
    done = run_python(
        "import sys\n"
        "from ser.preprocess.registry import package_imports\n"
        "imports = package_imports(('trim', 'denoise:0.5'))\n"
        "print('noisereduce' in sys.modules)\n"
        "for import_packages in imports: import_packages()\n"
        "print('noisereduce' in sys.modules)\n"
    )
    assert done.out == "False\nTrue\n"
