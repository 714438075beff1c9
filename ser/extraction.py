"""From many clips to one feature table: planned, in parallel, in constant memory."""

from __future__ import annotations

import collections
import contextlib
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ser import audio, parallel
from ser.corpora.base import Clip
from ser.errors import AudioError, SerError
from ser.features.extract import Extractor, fit_frames
from ser.features.shorttime import Matrix
from ser.features.spec import FeatureSpec
from ser.files import STANDARD, is_special
from ser.table import Table, TableWriter, record_dtype

# A table gives every record the frames of the longest clip; beyond this the padding would be
# nearly all of it, and the user surely meant to cut.
LONGEST_UNCUT_SECONDS = 120.0

# Headers may be off by a codec's frame or two; less than this is not worth a word.
_TOLERATED_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Cut:
    """How long recordings become several records.

    Attributes:
        window: Length of each in seconds.
        hop: Seconds from the start of one to the next.
    """

    window: float
    hop: float


@dataclass(frozen=True, slots=True)
class Report:
    """What became of the clips.

    Attributes:
        records: Records in the table.
        kept: How many of them an interrupted run had left.
        failures: How many clips could not be read.
        cut_short: How many were longer than their headers say, and were cut.
    """

    records: int
    kept: int
    failures: int
    cut_short: int


def extract_table(
    clips: Sequence[Clip],
    spec: FeatureSpec,
    target: str | Path,
    *,
    cut: Cut | None = None,
    jobs: int = 1,
    resume: bool = False,
    progress: Callable[[int], None] = lambda n: None,
    begin: Callable[[int], None] = lambda n: None,
    on_error: Callable[[SerError], None] = lambda error: None,
) -> Report:
    """Computes the features of clips and writes them as a table, in the order of the clips.

    Args:
        clips: What to read.
        spec: What to compute. Without a duration the table is as wide as the longest clip.
        target: The table's path, or ``-``.
        cut: Cut recordings into windows; the specification's duration becomes the window.
        jobs: Worker processes.
        resume: Continue an interrupted run with the same clips and options.
        progress: Called with the number of records finished since the last call.
        begin: Called once with the number of records still to make.
        on_error: Called for each clip that cannot be read; the others go on.

    Returns:
        Counts.

    Raises:
        SerError: No clip can be read at all, the longest one is too long for a table without a
            duration, the table cannot be written, or a worker dies.
    """
    if cut is not None:
        spec = spec.with_changes(duration=cut.window)
    if parallel.pays(jobs, len(clips)) or (jobs > 1 and cut is not None):
        parallel.prepare(*parallel.SOUND_WORK)
    extractor = Extractor(spec, transform=_transform)
    failures = 0

    def fail(error: SerError) -> None:
        nonlocal failures
        failures += 1
        on_error(error)

    with contextlib.ExitStack() as stack:
        pieces, seconds = _plan(_sources(clips, stack), spec, cut, fail)
        if not pieces:
            raise AudioError(target, "no table was written: none of the inputs can be read")
        dtype = record_dtype(
            spec, extractor.frames(seconds), extractor.coefficients, _widths(pieces)
        )
        frames = dtype["x"].shape[0]
        cut_short = 0
        writer = stack.enter_context(TableWriter(target, dtype, resume=resume))
        todo = _missing(pieces, writer.existing(), spec)
        begin(len(todo))
        if not parallel.pays(jobs, len(todo)):
            stack.enter_context(parallel.one_thread())
        outcomes = parallel.ordered(
            partial(_compute, extractor), [piece.task(spec) for piece in todo], jobs, _crashed
        )
        # Closed before the table is, so that no worker outlives an error.
        stack.enter_context(contextlib.closing(outcomes))
        for piece, outcome in zip(todo, outcomes, strict=True):
            if isinstance(outcome, SerError):
                fail(piece.named(outcome))
            else:
                missed = (len(outcome[0]) - frames) * spec.hop_length / spec.sample_rate
                cut_short += missed > _TOLERATED_SECONDS
                writer.append(_record(piece.clip, *outcome, spec, dtype))
            progress(1)
        if not writer.count:
            writer.keep_part = False
            raise AudioError(target, "no table was written: none of the inputs can be read")
    return Report(writer.count, writer.kept, failures, cut_short)


# What crosses the border to a worker and back is plain: a file, where to begin and how many seconds
# to read; the features and how many seconds they are of.
_Task = tuple[str, float, float | None]
_Outcome = tuple[Matrix, float] | SerError


@dataclass(frozen=True, slots=True)
class _Piece:
    """What becomes one record: a clip, and the file to read it from, which may be a copy."""

    clip: Clip
    file: Path

    def named(self, error: SerError) -> SerError:
        """Gives an error about the copy the name that the user knows."""
        if self.file == self.clip.path:
            return error
        return AudioError(self.clip.path, error.cause, error.cure)

    def task(self, spec: FeatureSpec) -> _Task:
        """Says what to decode; a clip that is trimmed is shortened afterwards."""
        duration = self.clip.duration
        if duration is not None:
            duration = max(duration - spec.offset, 0.0)
        if spec.trim is None and spec.duration is not None:
            duration = spec.duration if duration is None else min(duration, spec.duration)
        return str(self.file), self.clip.start + spec.offset, duration


def _sources(clips: Sequence[Clip], stack: contextlib.ExitStack) -> Iterator[_Piece]:
    """Finds the file of each clip; what comes through a pipe is kept on disk for the time."""
    copies: dict[Path, Path] = {}
    for clip in clips:
        path = clip.path
        if path not in copies:
            piped = str(path) == STANDARD or is_special(path)
            copies[path] = _copied(path, stack) if piped else path
        yield _Piece(clip, copies[path])


def _copied(path: Path, stack: contextlib.ExitStack) -> Path:
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ser-")), "input")
    try:
        with copy.open("wb") as sink:
            if str(path) == STANDARD:
                shutil.copyfileobj(sys.stdin.buffer, sink, 1 << 20)
            else:
                with path.open("rb") as pipe:
                    shutil.copyfileobj(pipe, sink, 1 << 20)
    except OSError as error:
        raise AudioError(
            path,
            f"cannot be kept in {tempfile.gettempdir()} ({error.strerror or error})",
            "set TMPDIR to a folder with space",
        ) from error
    return copy


def _plan(
    sources: Iterator[_Piece],
    spec: FeatureSpec,
    cut: Cut | None,
    fail: Callable[[SerError], None],
) -> tuple[list[_Piece], float]:
    """Decides the records, and how many seconds the longest has."""
    # Lengths are read from headers, and only where they matter.
    if cut is None and (spec.duration is not None or spec.pool != "none"):
        return list(sources), spec.duration or 0.0
    pieces: list[_Piece] = []
    longest = 0.0
    for piece in sources:
        clip = piece.clip
        try:
            seconds = clip.duration or audio.length(piece.file) - clip.start
        except SerError as error:
            fail(piece.named(error))
            continue
        seconds = max(seconds - spec.offset, 0.0)
        if cut is None:
            pieces.append(piece)
            longest = max(longest, seconds)
        else:
            pieces += (
                replace(piece, clip=window) for window in _windows(clip, seconds, cut, spec.offset)
            )
    if cut is not None:
        return pieces, cut.window
    if longest > LONGEST_UNCUT_SECONDS:
        raise AudioError(
            "input",
            f"the longest clip has {longest:.0f} s, and every record of the table would",
            "cut with --window and --hop, or keep the beginnings with --duration",
        )
    # One sample more: rates that do not divide round up.
    return pieces, longest + 1.0 / spec.sample_rate


def _windows(clip: Clip, seconds: float, cut: Cut, offset: float) -> Iterator[Clip]:
    """Divides what a clip has behind its offset, which is skipped once, before the first window."""
    # A last window less than half full would be mostly padding.
    count = max(1, 1 + math.floor((seconds - cut.window / 2) / cut.hop + 1e-9))
    for index in range(count):
        start = index * cut.hop
        # Whoever reads a clip skips the offset, so the window has to reach that much further.
        length = offset + min(cut.window, max(seconds - start, 0.0))
        yield replace(clip, start=clip.start + start, duration=length)


def _missing(pieces: Sequence[_Piece], existing: Table, spec: FeatureSpec) -> Sequence[_Piece]:
    """Leaves out what an interrupted run has done."""
    # Counted, because a manifest may name two lengths of the same beginning.
    done = collections.Counter(
        zip(existing["path"].tolist(), existing["start"].tolist(), strict=True)
    )
    if not done:
        return pieces
    missing = []
    for piece in pieces:
        key = (str(piece.clip.path), piece.clip.start + spec.offset)
        if done[key]:
            done[key] -= 1
        else:
            missing.append(piece)
    return missing


def _transform(frames: Matrix) -> Any:
    """Scipy's Fourier transform, however few the clips: a table must not depend on their number."""
    # Imported where it is used: with several jobs, this process does not need it.
    import scipy.fft

    return scipy.fft.rfft(frames)


def _compute(extractor: Extractor, task: _Task) -> _Outcome:
    path, offset, duration = task
    rate = extractor.spec.sample_rate
    try:
        samples = extractor.prepare(audio.read(path, rate, offset=offset, duration=duration))
        matrix = extractor.compute(samples)
    except SerError as error:
        return error
    except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
        # One strange recording must not end the work on a corpus.
        return AudioError(path, f"cannot be analysed ({type(error).__name__}: {error})")
    if not np.isfinite(matrix).all():
        return AudioError(path, "gives features that are not numbers", "check its samples")
    return matrix, len(samples) / rate


def _crashed(task: _Task) -> _Outcome:
    return AudioError(
        task[0],
        "took its worker process down, by a fault in its decoder or for want of memory",
        "convert it to WAV, or use fewer --jobs",
    )


def _record(
    clip: Clip, matrix: Matrix, seconds: float, spec: FeatureSpec, dtype: np.dtype[Any]
) -> Table:
    record = np.zeros(1, dtype)
    frames = dtype["x"].shape[0]
    record["x"][0] = fit_frames(matrix, frames)
    record["frames"] = min(len(matrix), frames)
    record["start"] = clip.start + spec.offset
    record["duration"] = seconds
    for name, value in _texts(clip).items():
        record[name] = value
    return record


def _texts(piece: Clip) -> dict[str, str]:
    return {
        "y": piece.emotion,
        "speaker": piece.speaker,
        "corpus": piece.corpus,
        "path": str(piece.path),
        "text": piece.text,
        "intensity": piece.intensity,
        "gender": piece.gender,
    }


def _widths(pieces: Sequence[_Piece]) -> Mapping[str, int]:
    widths: dict[str, int] = {}
    for piece in pieces:
        for name, value in _texts(piece.clip).items():
            widths[name] = max(widths.get(name, 0), len(value))
    return widths
