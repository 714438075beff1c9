"""Makes the records of one clip: reads it, makes copies, cleans them and computes features."""

from __future__ import annotations

import functools
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ser.arrays import Matrix, Samples, Vector
from ser.audio import reader
from ser.audio.selection import DEFAULT, Selection
from ser.audio.writer import write_sound
from ser.augment.copies import Copies
from ser.corpora.base import Clip
from ser.errors import AudioError, SerError, failure_of, renamed, took_process_down
from ser.features.extract import Extractor
from ser.io.remote import fetch

# Longest part of a file name that comes from the clip's own.
_STEM = 80


class ClipTask(NamedTuple):
    """What a worker is to do; small, for it is sent to another process.

    Attributes:
        file: What to read: a path or a URL.
        offset: Seconds to skip in it.
        seconds: How many to read for the record of the clip itself; None reads to the end.
        whole: How many to read for copies, which may be cut off later than the clip.
        path: What the recording is called in the table.
        start: Where in it the clip begins, in seconds.
        numbers: Which records to make: 0 is the clip itself, others are copies.
        name: What the names of saved sounds begin with.
    """

    file: str
    offset: float
    seconds: float | None
    whole: float | None
    path: str
    start: float
    numbers: tuple[int, ...]
    name: str


class RecordFeatures(NamedTuple):
    """One record's features.

    Attributes:
        label: How the copy was changed, `''` for the clip itself.
        matrix: The features, shape (frames, coefficients).
        functionals: Statistics over the clip, shape (n,); of length 0 where there are none.
        seconds: How many seconds they are of.
        remarks: What the user should know of the recording.
        silent: Every sample is zero.
    """

    label: str
    matrix: Matrix
    functionals: Vector
    seconds: float
    remarks: tuple[str, ...] = ()
    silent: bool = False


ClipResult = list[RecordFeatures | SerError] | SerError
"""A result for each of a task's numbers, or what is wrong with the clip."""


@dataclass(frozen=True, slots=True)
class ClipExtractor:
    """Makes the records of clips; sent to every worker once.

    Attributes:
        extractor: Computes the features.
        copies: How copies are made, or None where there are none.
        folder: Where to save the sound of each record, or None.
        selection: Which track of each recording is read, and which channel.
    """

    extractor: Extractor
    copies: Copies | None = None
    folder: Path | None = None
    selection: Selection = DEFAULT

    def __call__(self, task: ClipTask) -> ClipResult:
        """Makes the records that a task asks for.

        Raises:
            SerError: The sound cannot be saved, which is no fault of the clip.
        """
        rate = self.extractor.spec.sample_rate
        remarks: list[str] = []
        try:
            # The clip itself is read as it would be without copies, to the last rounded bit.
            original = task.seconds if 0 in task.numbers else task.whole
            with fetch(task.file) as file, renamed(file, task.file):
                read = functools.partial(
                    reader.read, file, rate, offset=task.offset, selection=self.selection
                )
                samples = read(duration=original, remark=remarks.append)
                whole = samples
                if task.whole != original and any(task.numbers):
                    whole = read(duration=task.whole)
        except Exception as error:
            return failure_of(task.file, error)
        records = [
            self._record(task, number, whole if number else samples) for number in task.numbers
        ]
        if records and isinstance(records[0], RecordFeatures):
            records[0] = records[0]._replace(remarks=tuple(remarks), silent=not np.any(samples))
        return records

    def _record(self, task: ClipTask, number: int, samples: Samples) -> RecordFeatures | SerError:
        rate = self.extractor.spec.sample_rate
        label = ""
        try:
            if number and self.copies is not None:
                label, samples = self.copies.make(samples, rate, task.path, task.start, number)
            samples = self.extractor.prepare(samples)
            matrix, functionals = self.extractor.compute_all(samples)
        except Exception as error:
            return failure_of(task.file, error)
        if not (np.isfinite(matrix).all() and np.isfinite(functionals).all()):
            return AudioError(task.file, "gives features that are not numbers", "check its samples")
        if self.folder is not None:
            write_sound(self.folder / _file_name(task.name, number, label), samples, rate)
        return RecordFeatures(label, matrix, functionals, len(samples) / rate)


def transform(frames: Matrix) -> Any:
    """Computes SciPy's Fourier transform, however few the clips.

    A table must not depend on their number.
    """
    # Imported where it is used: with several jobs, the process that shares them out needs none.
    import scipy.fft

    return scipy.fft.rfft(frames)


def report_crash(task: ClipTask) -> ClipResult:
    """Gives the outcome of a task that takes its process down."""
    return took_process_down(task.file)


def sound_name(clip: Clip) -> str:
    """Gives what the names of a clip's sounds begin with: emotion, file name, and a unique number.

    Nothing in it leads out of a folder, and no two clips share it.
    """
    key = f"{clip.corpus}\0{clip.path}\0{clip.start!r}\0{clip.duration!r}"
    digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    place = f"_{clip.start:g}s" if clip.start else ""
    stem = f"{clip.path.stem[:_STEM]}{place}"
    return _plain(f"{clip.emotion or 'unlabelled'}_{stem}_{digest}").lstrip("-.")


def _file_name(name: str, number: int, label: str) -> str:
    return f"{name}_{number}_{_plain(label or 'original')}.wav"


def _plain(text: str) -> str:
    """Replaces what is special to shells and file systems, or not written everywhere."""
    return re.sub(r"[^A-Za-z0-9.=+,_-]", "-", text)
