"""Stretches of sound with several windows in them: side by side, or over each other.

Windows side by side are clips like those of training, to the sample. Windows that overlap share
what is measured of a frame or of a chunk of 32 ms by itself (`ser.features.overlap`,
`ser.vad.silero`): they begin where a frame of the Fourier transform does, up to one hop of
it before the time they are named by, and what is left of their own is the silence at their ends,
the frames that reach over an end, and all statistics.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ser.arrays import Matrix, Samples, Vector
from ser.features.extract import Extractor
from ser.features.spec import FeatureSpec

Times = list[tuple[float, float]]
"""Start and end of windows in seconds."""

# As `ser.vad.silero` has them, which costs a moment to import.
_CHUNK, _RATE = 512, 16_000

LEAD = _CHUNK
"""Samples that a stretch of overlapping windows has in front of the first, at least; and what its
start is a multiple of, so that the borders of chunks do not depend on where it begins."""


class Sound(Protocol):
    """Windows that are classified together.

    Attributes:
        times: Of each window.
        spans: From where to where in its samples each window goes.
    """

    @property
    def times(self) -> Times:
        """Start and end of each window."""

    @property
    def spans(self) -> list[tuple[int, int]]:
        """From where to where each window goes."""

    def grid(self, spec: FeatureSpec) -> int:
        """Gives what the start of a part of a window must be a multiple of, in samples."""

    def spoken(self, rate: int) -> list[bool]:
        """Says in which windows somebody speaks."""

    def levels(self) -> list[float]:
        """Gives the mean square of each window."""

    def features(
        self, parts: Sequence[tuple[int, int, int]], extractor: Extractor
    ) -> list[tuple[Matrix, Vector]]:
        """Computes features and functionals of parts: number of the window, start and end in it."""


@dataclass(frozen=True, slots=True)
class Apart:
    """Windows that have nothing in common.

    Attributes:
        windows: Samples of each, shape (samples,).
        times: Start and end of each in seconds.
    """

    windows: list[Samples]
    times: Times

    @property
    def spans(self) -> list[tuple[int, int]]:
        """All of each window."""
        return [(0, len(window)) for window in self.windows]

    def grid(self, spec: FeatureSpec) -> int:
        """Anywhere."""
        return 1

    def spoken(self, rate: int) -> list[bool]:
        """Hears each window for itself."""
        from ser.vad.speech import anybody_speaks

        return list(map(bool, anybody_speaks(self.windows, rate)))

    def levels(self) -> list[float]:
        """Gives the mean square of each window."""
        return [float(np.square(window).mean()) for window in self.windows]

    def features(
        self, parts: Sequence[tuple[int, int, int]], extractor: Extractor
    ) -> list[tuple[Matrix, Vector]]:
        """Computes each by itself."""
        return [
            extractor.everything(extractor.prepare(self.windows[number][start:stop]), quick=True)
            for number, start, stop in parts
        ]


@dataclass(frozen=True, slots=True)
class Overlapping:
    """Windows of one signal.

    Attributes:
        signal: Samples, shape (samples,).
        spans: From where to where in it each window goes.
        times: Start and end of each in seconds.
    """

    signal: Samples
    spans: list[tuple[int, int]]
    times: Times

    def grid(self, spec: FeatureSpec) -> int:
        """Where a frame begins."""
        return spec.hop_length

    def spoken(self, rate: int) -> list[bool]:
        """Hears what windows share once, where the signal needs no resampling first."""
        from ser.vad.speech import anybody_speaks, anybody_speaks_in

        if rate != _RATE:
            windows = [self.signal[start:stop] for start, stop in self.spans]
            return list(map(bool, anybody_speaks(windows, rate)))
        spans = np.array(self.spans)
        lengths = spans[:, 1] - spans[:, 0]
        return list(map(bool, anybody_speaks_in(self.signal, spans[:, 0], lengths)))

    def levels(self) -> list[float]:
        """Gives the mean square of each window."""
        return [float(np.square(self.signal[a:b]).mean()) for a, b in self.spans]

    def features(
        self, parts: Sequence[tuple[int, int, int]], extractor: Extractor
    ) -> list[tuple[Matrix, Vector]]:
        """Computes frames that several have in common once."""
        return extractor.windows(
            self.signal,
            [
                (self.spans[number][0] + start, self.spans[number][0] + stop)
                for number, start, stop in parts
            ],
        )
