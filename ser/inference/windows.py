"""Batches of windows that are classified together: without overlap, or with it.

Windows without overlap are treated as the clips of the training, to the sample. Windows that
overlap share what is measured of a frame or of a chunk of 32 ms alone (`ser.features.overlap`,
`ser.vad.silero`): they begin where a frame of the Fourier transform does, up to one hop of it
before their nominal time. Each computes for itself what is left: the silence at its ends, the
frames that reach over an end, and all statistics.
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
"""Samples that a batch of overlapping windows has in front of the first window, at least; and what
its start is a multiple of, so that the borders of chunks do not depend on where it begins."""


class WindowBatch(Protocol):
    """Windows that are classified together."""

    @property
    def times(self) -> Times:
        """Start and end of each window in seconds."""

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Start and end of each window in the batch's samples."""

    def grid(self, spec: FeatureSpec) -> int:
        """Gives what the start of a part of a window must be a multiple of, in samples."""

    def speech(self, rate: int) -> list[bool]:
        """Detects speech: whether each window holds enough of it, see `ser.vad.speech`."""

    def power(self) -> list[float]:
        """Gives the mean square of each window."""

    def features(
        self, parts: Sequence[tuple[int, int, int]], extractor: Extractor
    ) -> list[tuple[Matrix, Vector]]:
        """Computes features and functionals of parts of windows.

        Args:
            parts: Number of the window, start and end within it in samples.
            extractor: Computes them.

        Returns:
            Features (frames, coefficients) and functionals (n,) of each part.
        """


@dataclass(frozen=True, slots=True)
class SeparateWindows:
    """Windows that have no samples in common; see `WindowBatch`.

    Attributes:
        windows: Samples of each, shape (samples,), behind the high-pass filter.
        times: Start and end of each in seconds.
    """

    windows: list[Samples]
    times: Times

    @property
    def spans(self) -> list[tuple[int, int]]:
        """All of each window."""
        return [(0, len(window)) for window in self.windows]

    def grid(self, spec: FeatureSpec) -> int:
        """A part may begin at any sample."""
        return 1

    def speech(self, rate: int) -> list[bool]:
        """Detects speech in each window by itself."""
        from ser.vad.speech import detect_speech

        return list(map(bool, detect_speech(self.windows, rate)))

    def power(self) -> list[float]:
        """Gives the mean square of each window."""
        return [float(np.square(window).mean()) for window in self.windows]

    def features(
        self, parts: Sequence[tuple[int, int, int]], extractor: Extractor
    ) -> list[tuple[Matrix, Vector]]:
        """Computes each part by itself."""
        clips = [
            extractor.prepare(self.windows[number][start:stop], part=True)
            for number, start, stop in parts
        ]
        return extractor.compute_batch(clips, quick=True)


@dataclass(frozen=True, slots=True)
class OverlappingWindows:
    """Windows of one signal; see `WindowBatch`.

    Attributes:
        signal: Samples, shape (samples,), behind the high-pass filter.
        spans: Start and end of each window in the signal.
        times: Start and end of each window in seconds.
    """

    signal: Samples
    spans: list[tuple[int, int]]
    times: Times

    def grid(self, spec: FeatureSpec) -> int:
        """A part begins where a frame does."""
        return spec.hop_length

    def speech(self, rate: int) -> list[bool]:
        """Detects speech; chunks that windows share are looked at once, where the rate allows."""
        from ser.vad.speech import detect_speech, detect_speech_in_signal

        if rate != _RATE:
            windows = [self.signal[start:stop] for start, stop in self.spans]
            return list(map(bool, detect_speech(windows, rate)))
        spans = np.array(self.spans)
        lengths = spans[:, 1] - spans[:, 0]
        return list(map(bool, detect_speech_in_signal(self.signal, spans[:, 0], lengths)))

    def power(self) -> list[float]:
        """Gives the mean square of each window."""
        return [float(np.square(self.signal[a:b]).mean()) for a, b in self.spans]

    def features(
        self, parts: Sequence[tuple[int, int, int]], extractor: Extractor
    ) -> list[tuple[Matrix, Vector]]:
        """Computes frames that several windows have in common once."""
        return extractor.compute_windows(
            self.signal,
            [
                (self.spans[number][0] + start, self.spans[number][0] + stop)
                for number, start, stop in parts
            ],
        )
