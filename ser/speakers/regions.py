"""The speech of a recording and its embeddings, found as the recording is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ser.arrays import Array, Mask, Samples
from ser.speakers.encoder import RATE, WINDOW_SECONDS, SpeakerEncoder
from ser.vad.track import SECONDS, SpeechTrack

HOP_SECONDS = 0.5
"""From one embedding to the next, at most."""

# A pause shorter than this does not end a region; a region shorter than that is no speech. Regions
# are cut where they get long, so that memory does not grow.
_PAUSE_SECONDS, _LEAST_SECONDS, _MOST_SECONDS = 0.3, 0.15, 20.0

# The detector hears speech late and lets it go early.
_PAD_SECONDS = 0.08


@dataclass(frozen=True, slots=True)
class Region:
    """A stretch of speech without a pause.

    Attributes:
        start: Seconds from the start of the sound.
        end: Likewise.
        times: The middle of each embedding, in seconds, shape (n,).
        embeddings: Shape (n, `ser.speakers.encoder.SIZE`), each of length 1.
    """

    start: float
    end: float
    times: Array
    embeddings: Array


def find_regions(blocks: Iterable[Samples], encoder: SpeakerEncoder) -> list[Region]:
    """Finds the speech of a recording, and how the voice sounds every half second of it.

    Of the sound itself no more than a region is kept; the embeddings of an hour of speech need 1.4
    MB.

    Args:
        blocks: Samples at `ser.speakers.encoder.RATE`, each of shape (samples,).
        encoder: Makes the embeddings.

    Returns:
        Regions in order.

    Raises:
        SerError: The recording cannot be decoded, or the detector's weights are missing.
    """
    finder = _Finder(encoder)
    track = SpeechTrack(RATE)
    for block in blocks:
        finder.hear(block)
        finder.decide(track.add(block))
    finder.decide(track.finish())
    return finder.finish()


class _Finder:
    """Joins chunks of speech to regions."""

    def __init__(self, encoder: SpeakerEncoder) -> None:
        self._encoder = encoder
        self._regions: list[Region] = []
        self._sound = np.zeros(0, np.float32)
        # Of the first sample that is kept, of the next chunk, of the open region.
        self._position = 0
        self._chunk = 0
        self._first: int | None = None
        self._last = 0
        # Regions that wait for their embeddings, which are computed together.
        self._clips: list[list[Samples]] = []
        self._spans: list[tuple[float, float, list[float]]] = []

    def hear(self, block: Samples) -> None:
        self._sound = np.concatenate([self._sound, block])

    def decide(self, spoken: Mask) -> None:
        for speech in spoken.tolist():
            if speech:
                if self._first is None:
                    self._first = self._chunk
                self._last = self._chunk + 1
            elif (
                self._first is not None
                and (self._chunk + 1 - self._last) * SECONDS > _PAUSE_SECONDS
            ):
                self._end()
            if self._first is not None and (self._chunk - self._first) * SECONDS > _MOST_SECONDS:
                self._end()
            self._chunk += 1
        first = self._chunk if self._first is None else self._first
        keep = round(first * SECONDS * RATE)
        if keep > self._position:
            self._sound = self._sound[keep - self._position :]
            self._position = keep

    def finish(self) -> list[Region]:
        self._end()
        self._embed()
        return self._regions

    def _end(self) -> None:
        first, self._first = self._first, None
        if first is None or (self._last - first) * SECONDS < _LEAST_SECONDS:
            return
        start, end = first * SECONDS, self._last * SECONDS
        begins = window_starts(start, end)
        length = round(WINDOW_SECONDS * RATE)
        clips = []
        for begin in begins:
            at = round(begin * RATE) - self._position
            stop = min(at + length, round(end * RATE) - self._position)
            clips.append(self._sound[at:stop].copy())
        half = min(WINDOW_SECONDS, end - start) / 2
        self._clips.append(clips)
        self._spans.append((start, end, [begin + half for begin in begins]))
        if sum(map(len, self._clips)) >= 256:
            self._embed()

    def _embed(self) -> None:
        found = self._encoder.embed([clip for clips in self._clips for clip in clips])
        at = 0
        for (start, end, times), clips in zip(self._spans, self._clips, strict=True):
            own = found[at : at + len(clips)]
            padded = max(0.0, start - _PAD_SECONDS), end + _PAD_SECONDS
            self._regions.append(Region(*padded, np.array(times, np.float32), own))
            at += len(clips)
        self._clips, self._spans = [], []


def window_starts(start: float, end: float) -> list[float]:
    """Gives where the windows of a region begin: evenly, the last one ends with the region.

    Examples:
        >>> window_starts(10.0, 12.0)
        [10.0, 10.5, 11.0]
        >>> window_starts(1.0, 1.5)
        [1.0]
    """
    left = end - start - WINDOW_SECONDS
    if left <= 0:
        return [start]
    count = 1 + int(np.ceil(left / HOP_SECONDS - 1e-6))
    starts: list[float] = np.linspace(start, start + left, count).tolist()
    return starts
