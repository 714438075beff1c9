"""Mel spectrograms of converted recordings, as a feature table."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from ser.arrays import Matrix, Samples
from ser.audio import reader
from ser.conversion.contours import HOP, SPEC, Contours, extract_contours
from ser.conversion.tasks import ConversionTask
from ser.dataset.table import record_dtype
from ser.dataset.writer import TableWriter
from ser.features.extract import Extractor
from ser.features.layout import width
from ser.features.spec import FeatureSpec
from ser.io.files import Closeable
from ser.labels import ordered

SPECTROGRAMS: FeatureSpec = SPEC.with_changes(families=("logmel",))
"""The features of the table: the mel bands of those that conversion uses."""

CONVERTED = "translated"
"""The value of the field ``augment`` of synthetic records."""

# Frames computed at a time, and frames of context on either side.
_BATCH_SIZE = 3000
_CONTEXT = -(-SPECTROGRAMS.n_fft // 2 // SPECTROGRAMS.hop_length)

MAX_PLOT_SECONDS = 60.0
"""Seconds of a recording that a plot shows."""


def read_contours(path: Path) -> Contours:
    """Computes the contours of the beginning of a recording, as much as a plot shows.

    Raises:
        AudioError: It cannot be read.
    """
    return extract_contours(reader.read(path, SPEC.sample_rate, duration=MAX_PLOT_SECONDS))


class _StoredSpectrogram(NamedTuple):
    task: ConversionTask
    frames: int
    position: int


class SpectrogramTable(Closeable):
    """Collects spectrograms of results and writes them as a table; a context manager.

    They are stored in a temporary file until the number of frames of the longest one is known.
    """

    def __init__(self) -> None:
        self._stream: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._stored: list[_StoredSpectrogram] = []
        self._extract = Extractor(SPECTROGRAMS)

    def close(self) -> None:
        """Removes the temporary file."""
        self._stream.close()

    def add(self, task: ConversionTask) -> None:
        """Adds the output file of a task.

        Raises:
            AudioError: It cannot be read.
        """
        frames, position = 0, self._stream.tell()
        blocks = reader.stream(task.target, SPECTROGRAMS.sample_rate)
        for part in _matrices(blocks, self._extract):
            self._stream.write(part.tobytes())
            frames += len(part)
        self._stored.append(_StoredSpectrogram(task, frames, position))

    def write(self, target: str) -> int:
        """Writes the table, a record for each result, ordered by recording and emotion.

        Args:
            target: A path, or ``-``.

        Returns:
            The number of records.

        Raises:
            TableError: It cannot be written.
        """
        bands = width(SPECTROGRAMS)
        longest = max((stored.frames for stored in self._stored), default=1)
        widest = max((len(stored.task.recording.shown) for stored in self._stored), default=1)
        dtype = record_dtype(SPECTROGRAMS, longest, bands, {"path": widest})
        emotions = ordered({stored.task.emotion for stored in self._stored})
        order = sorted(
            self._stored,
            key=lambda stored: (stored.task.recording, emotions.index(stored.task.emotion)),
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
                record["augment"] = CONVERTED
                writer.append(record)
        return len(order)


def _matrices(blocks: Iterable[Samples], extract: Extractor) -> Iterator[Matrix]:
    """Computes the features of a recording in parts, each with context around it."""
    hop = SPECTROGRAMS.hop_length
    waiting: list[Samples] = []
    count, before = 0, 0
    enough = (_BATCH_SIZE + 2 * _CONTEXT) * hop
    for block in blocks:
        waiting.append(block)
        count += len(block)
        while count >= enough:
            samples = np.concatenate(waiting)
            yield extract(samples[:enough])[before : before + _BATCH_SIZE]
            rest = samples[(before + _BATCH_SIZE - _CONTEXT) * hop :]
            waiting, count, before = [rest], len(rest), _CONTEXT
    if count:
        yield extract(np.concatenate(waiting))[before:]
