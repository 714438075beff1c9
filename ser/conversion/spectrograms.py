"""Mel spectrograms of what was made, as a feature table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from ser.arrays import Matrix, Samples
from ser.audio import reader
from ser.conversion.contours import HOP, SPEC, Contours, contours_of
from ser.conversion.jobs import Task
from ser.dataset.table import TableWriter, record_dtype
from ser.features.extract import Extractor
from ser.features.layout import width
from ser.features.spec import FeatureSpec
from ser.io.files import Closing
from ser.labels import ordered

SPECTROGRAMS: FeatureSpec = SPEC.with_changes(families=("logmel",))
"""What a table of spectrograms holds: of the features that translation works on the mel bands."""

TRANSLATED = "translated"
"""What the field ``augment`` says of records that nobody spoke so."""

# Frames computed together, and those on either side that reach into them.
_TOGETHER = 3000
_CONTEXT = -(-SPECTROGRAMS.n_fft // 2 // SPECTROGRAMS.hop_length)


DRAWN_SECONDS = 60.0
"""How much of a recording a picture shows."""


def contours_in(path: Path) -> Contours:
    """Describes the beginning of a recording, as much of it as a picture shows.

    Raises:
        AudioError: It cannot be read.
    """
    return contours_of(reader.read(path, SPEC.sample_rate, duration=DRAWN_SECONDS))


class _Kept(NamedTuple):
    task: Task
    frames: int
    position: int


class Spectrograms(Closing):
    """Gathers spectrograms of results and writes them as a table; a context manager.

    They wait in a temporary file: how many frames the longest one has is known at the end.
    """

    def __init__(self) -> None:
        self._stream: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._kept: list[_Kept] = []
        self._extract = Extractor(SPECTROGRAMS)

    def close(self) -> None:
        """Removes the temporary file."""
        self._stream.close()

    def add(self, task: Task) -> None:
        """Takes a result that is there.

        Raises:
            AudioError: It cannot be read.
        """
        frames, position = 0, self._stream.tell()
        blocks = reader.stream(task.target, SPECTROGRAMS.sample_rate)
        for part in _matrices(blocks, self._extract):
            self._stream.write(part.tobytes())
            frames += len(part)
        self._kept.append(_Kept(task, frames, position))

    def write(self, target: str) -> int:
        """Writes the table: a record for each result, by recording and emotion.

        Args:
            target: A path, or ``-``.

        Returns:
            The number of records.

        Raises:
            TableError: It cannot be written.
        """
        bands = width(SPECTROGRAMS)
        longest = max((kept.frames for kept in self._kept), default=1)
        widest = max((len(kept.task.recording.shown) for kept in self._kept), default=1)
        dtype = record_dtype(SPECTROGRAMS, longest, bands, {"path": widest})
        emotions = ordered({kept.task.emotion for kept in self._kept})
        order = sorted(
            self._kept, key=lambda kept: (kept.task.recording, emotions.index(kept.task.emotion))
        )
        with TableWriter(target, dtype, keep_part=False) as writer:
            for task, frames, position in order:
                record = np.zeros(1, dtype)
                self._stream.seek(position)
                data = self._stream.read(frames * bands * 4)
                record["x"][0, :frames] = np.frombuffer(data, np.float32).reshape(frames, bands)
                record["frames"] = frames
                record["y"] = task.emotion
                # NumPy cannot hold what is not UTF-8.
                record["path"] = task.recording.shown.encode("utf-8", "replace").decode()
                record["duration"] = frames * HOP
                record["augment"] = TRANSLATED
                writer.append(record)
        return len(order)


def _matrices(blocks: Iterable[Samples], extract: Extractor) -> Iterator[Matrix]:
    """Computes the features of a whole recording in parts, each with what lies around it."""
    hop = SPECTROGRAMS.hop_length
    waiting: list[Samples] = []
    count, before = 0, 0
    enough = (_TOGETHER + 2 * _CONTEXT) * hop
    for block in blocks:
        waiting.append(block)
        count += len(block)
        while count >= enough:
            samples = np.concatenate(waiting)
            yield extract(samples[:enough])[before : before + _TOGETHER]
            rest = samples[(before + _TOGETHER - _CONTEXT) * hop :]
            waiting, count, before = [rest], len(rest), _CONTEXT
    if count:
        yield extract(np.concatenate(waiting))[before:]
