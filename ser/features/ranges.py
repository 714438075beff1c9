"""The numbers that a feature specification may hold: types and ranges.

A specification comes with every table and model, from whoever made them. Beyond these ranges lies
no analysis of speech, but memory and time without end.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral, Real
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`.

    Attributes:
        low: The lowest.
        high: The highest.
        whole: Only whole numbers.
        optional: None is allowed too.
    """

    low: float
    high: float
    whole: bool = True
    optional: bool = False

    def type_problem(self, value: object) -> str | None:
        """Says that a value is no such number, or None where it is one."""
        if value is None and self.optional:
            return None
        # NumPy's numbers are numbers too; Python's booleans are not.
        kind = Integral if self.whole else Real
        if isinstance(value, bool) or not isinstance(value, kind):
            return f"is no {'whole ' if self.whole else ''}number"
        return None

    def problem(self, value: Any) -> str | None:
        """Says what is wrong with a value, or None where nothing is."""
        wrong = self.type_problem(value)
        if wrong is not None or value is None:
            return wrong
        if not self.low <= value <= self.high:
            return f"is not from {self.low:.15g} to {self.high:.15g}"
        return None


DAY = 86_400.0
"""Seconds."""

RANGES: Mapping[str, Range] = MappingProxyType(
    {
        "sample_rate": Range(1_000, 1_000_000),
        "n_fft": Range(2, 65_536),
        "win_length": Range(2, 65_536),
        "hop_length": Range(1, 1_000_000),
        "fmin": Range(0, 500_000, whole=False),
        "fmax": Range(0, 500_000, whole=False, optional=True),
        "n_mels": Range(1, 4_096),
        "n_mfcc": Range(1, 4_096),
        "n_chroma": Range(1, 4_096),
        "deltas": Range(0, 2),
        "offset": Range(0, 1_000 * DAY, whole=False),
        "duration": Range(0, DAY, whole=False, optional=True),
        "trim": Range(0, 1_000, whole=False, optional=True),
        "highpass": Range(0, 500_000, whole=False),
    }
)
"""The range of each number; `FeatureSpec` has closer ones for what belongs together."""

# Spectra of a second hold the transform's length times the frames: 1.6 million numbers at 16 kHz
# with 2048 samples every 20. Ten times as many are for no purpose, and take a gigabyte.
_MOST_POINTS = 1 << 24
_MOST_BANK = 1 << 25


def find_problem(
    values: Mapping[str, object], *, types_only: bool = False
) -> tuple[str, str] | None:
    """Finds a number of a specification that it cannot have.

    Args:
        values: The specification's fields, by name.
        types_only: Look for what is no number at all.

    Returns:
        The field, and what is wrong with it; None where nothing is.
    """
    for name, allowed in RANGES.items():
        look = allowed.type_problem if types_only else allowed.problem
        problem = look(values[name])
        if problem is not None:
            return name, problem
    return None


def find_excess(sample_rate: int, n_fft: int, hop_length: int, n_mels: int) -> str | None:
    """Says which of these numbers together need too much memory, or None."""
    points = math.ceil(sample_rate / hop_length) * n_fft
    if points > _MOST_POINTS:
        return f"makes {points} numbers of each second with a transform of {n_fft} samples"
    if n_mels * n_fft > _MOST_BANK:
        return f"makes a filter bank of {n_mels} bands for a transform of {n_fft} samples"
    return None
