"""The preprocessing steps by name, and the parser of their text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from ser.errors import SerError, choose_from
from ser.preprocess.base import Step
from ser.preprocess.denoise import Denoise
from ser.preprocess.loudness import Loudness
from ser.preprocess.silence import Trim

STEPS: Mapping[str, type[Step]] = MappingProxyType(
    {step.name: step for step in (Denoise, Trim, Loudness)}
)
"""Every step by its name on the command line."""


def parse_step(text: str) -> Step:
    """Reads a step as ``trim`` or, with its value, ``trim:30``.

    Raises:
        SerError: There is no such step, or the value is no number or out of its range.
    """
    name, colon, value = text.strip().partition(":")
    step = STEPS.get(name)
    if step is None:
        raise SerError(text, "is not a cleaning step", choose_from(name, STEPS))
    try:
        return step(float(value) if colon else step.default)
    except ValueError as error:
        raise SerError(
            text, f"has no number behind the colon but {value!r}", f"write {name}:{step.default:g}"
        ) from error


def load_steps(steps: Iterable[str]) -> tuple[Step, ...]:
    """Reads the steps of a feature specification, and makes sure that they can be applied.

    Raises:
        SerError: There is no such step, or its value is out of its range.
        DependencyError: A package that a step needs is not installed.
    """
    loaded = tuple(map(parse_step, steps))
    for step in loaded:
        step.require()
    return loaded


def package_imports(steps: Iterable[str]) -> tuple[Callable[[], None], ...]:
    """Gives functions that import what the steps of a specification need."""
    return tuple(parse_step(step).import_packages for step in steps)
