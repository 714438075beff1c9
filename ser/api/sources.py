"""What users have of a recording, brought to what the reader takes."""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy.typing as npt

from ser.audio.reader import Source
from ser.errors import ParameterError

Recording = str | Path | IO[bytes] | tuple[npt.ArrayLike, int] | npt.ArrayLike
"""A path, a URL, an open binary file, samples with their rate in a pair, or samples alone."""


def as_source(recording: Any, sample_rate: int | None = None) -> Source:
    """Brings a recording to the form that `ser.audio.reader` takes.

    Args:
        recording: See `Recording`.
        sample_rate: Of samples that come alone, in hertz.

    Raises:
        ParameterError: Samples come without a rate, or a rate with what has its own.
    """
    has_rate = isinstance(recording, str | Path) or hasattr(recording, "read")
    if isinstance(recording, tuple) and len(recording) == 2 and sample_rate is None:
        has_rate = True
    if has_rate and sample_rate is not None:
        raise ParameterError(
            "sample_rate", "is that of samples in memory", "leave it out: a file has its own"
        )
    if has_rate:
        found: Source = recording
        return found
    if sample_rate is None:
        raise ParameterError("sample_rate", "is missing", "give that of the samples, in hertz")
    return recording, sample_rate
