"""From many clips to one feature table: planned, in parallel, in constant memory."""

from __future__ import annotations

import collections
import contextlib
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Matrix
from ser.audio import reader
from ser.augment.copies import Copies, copies_per_clip
from ser.corpora.base import Clip
from ser.dataset.clip import Outcome, Rendered, Renderer, Task, crashed, sound_name
from ser.dataset.preload import import_extraction
from ser.dataset.table import Table, record_dtype
from ser.dataset.writer import TableWriter
from ser.errors import AudioError, SerError, TableError, renamed
from ser.features.extract import Extractor, fit_frames
from ser.features.spec import FeatureSpec
from ser.io.files import STANDARD, is_special, make_folder
from ser.io.remote import OutputFolder, fetch, is_url
from ser.parallel import dask, pool
from ser.parallel.forkserver import prepare
from ser.parallel.resources import limit_blas_threads
from ser.preprocess.registry import package_imports

# A table gives every record the frames of the longest clip; beyond this the padding would be
# nearly all of it, and the user surely meant to cut.
LONGEST_UNCUT_SECONDS = 120.0

# Headers may be off by a codec's frame or two; less than this is not worth a word.
_TOLERATED_SECONDS = 0.1

# Records of one clip that are made at a time: few enough for memory not to grow with the copies,
# and enough that decoding the clip again for the next ones does not count.
_TOGETHER = 4


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
        copies: How many of the records are augmented copies.
    """

    records: int
    kept: int
    failures: int
    cut_short: int
    copies: int = 0


def extract_table(
    clips: Sequence[Clip],
    spec: FeatureSpec,
    target: str | Path,
    *,
    cut: Cut | None = None,
    copies: Copies | None = None,
    write_audio: Path | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    resume: bool = False,
    progress: Callable[[int], None] = lambda n: None,
    begin: Callable[[int], None] = lambda n: None,
    on_error: Callable[[SerError], None] = lambda error: None,
) -> Report:
    """Computes the features of clips and writes them as a table, in the order of the clips.

    Args:
        clips: What to read.
        spec: What to compute. Without a duration the table is as wide as the longest clip.
        target: The table's path, or ``-``, or a URL.
        cut: Cut recordings into windows; the specification's duration becomes the window.
        copies: Augmented copies to make of every clip, or of every window; they stand behind it.
        write_audio: A folder for the sound of every record, as features were computed of it.
        jobs: Worker processes.
        cluster: The address of a Dask scheduler, whose workers do it instead; they must find the
            clips, and `write_audio`, where this machine does. See `ser.parallel.dask`.
        resume: Continue an interrupted run with the same clips and options; not behind a URL.
        progress: Called with the number of records finished since the last call.
        begin: Called once with the number of records still to make.
        on_error: Called for each clip that cannot be read; the others go on.

    Returns:
        Counts.

    Raises:
        SerError: No clip can be read at all, the longest one is too long for a table without a
            duration, the table or the sound cannot be written, a package that cleaning needs is
            missing, a worker dies, or the cluster is of no use.
    """
    if is_url(str(target)):
        folder, _, name = str(target).rpartition("/")
        place = OutputFolder(folder)
        place.check()
        with place.new_file(name) as path, renamed(path, target):
            return extract_table(
                clips, spec, path, cut=cut, copies=copies, write_audio=write_audio, jobs=jobs,
                cluster=cluster, progress=progress, begin=begin, on_error=on_error,
            )  # fmt: skip
    if cut is not None:
        spec = spec.with_changes(duration=cut.window)
    extractor = Extractor(spec, transform=_transform)
    if write_audio is not None:
        make_folder(write_audio)
    if cluster is not None:
        jobs = 1
        write_audio = None if write_audio is None else write_audio.absolute()
    elif pool.needs_processes(jobs, len(clips)) or (jobs > 1 and cut is not None):
        prepare(import_extraction, *package_imports(spec.clean))
    failures = 0

    def fail(error: SerError) -> None:
        nonlocal failures
        failures += 1
        on_error(error)

    with contextlib.ExitStack() as stack:
        pieces, seconds = _plan(_sources(clips, cut, stack, cluster, fail), spec, cut, fail)
        if not pieces:
            raise AudioError(target, "no table was written: none of the inputs can be read")
        widths = dict(_widths(pieces))
        if copies is not None:
            pieces = _with_copies(pieces, copies)
            seconds = copies.recipe.longest(seconds)
            widths["augment"] = copies.recipe.longest_label()
        dtype = record_dtype(spec, extractor.frames(seconds), extractor.coefficients, widths)
        frames = dtype["x"].shape[0]
        cut_short = 0
        writer = stack.enter_context(TableWriter(target, dtype, resume=resume))
        todo, made = _todo(pieces, writer.existing(), spec, copies, target)
        begin(sum(len(numbers) for _, numbers in todo))
        if not pool.needs_processes(jobs, len(todo)):
            stack.enter_context(limit_blas_threads())
        outcomes = _shared(
            Renderer(extractor, copies, write_audio),
            [piece.task(numbers, spec, named=write_audio is not None) for piece, numbers in todo],
            jobs,
            cluster,
        )
        # Closed before the table is, so that no worker outlives an error.
        stack.enter_context(contextlib.closing(outcomes))
        bad: _Piece | None = None
        for (piece, numbers), outcome in zip(todo, outcomes, strict=True):
            if isinstance(outcome, SerError):
                # The other copies of an unreadable clip come to the same.
                if piece is not bad:
                    fail(piece.named(outcome))
                bad = piece
                progress(len(numbers))
                continue
            for result in outcome:
                if isinstance(result, SerError):
                    fail(piece.named(result))
                else:
                    missed = (len(result.matrix) - frames) * spec.hop_length / spec.sample_rate
                    cut_short += missed > _TOLERATED_SECONDS
                    made += bool(result.label)
                    writer.append(_record(piece.clip, result, spec, dtype))
                progress(1)
        if not writer.count:
            writer.keep_part = False
            raise AudioError(target, "no table was written: none of the inputs can be read")
    return Report(writer.count, writer.kept, failures, cut_short, made)


@dataclass(frozen=True, slots=True)
class _Piece:
    """What becomes one record or, with copies, several: a clip, and the file to read it from.

    The file is a path or a URL; it may be a copy of what came through a pipe.
    """

    clip: Clip
    file: str
    copies: int = 0

    def named(self, error: SerError) -> SerError:
        """Gives an error about the copy the name that the user knows."""
        if self.file == self.clip.name or error.subject != self.file:
            return error
        return AudioError(self.clip.name, error.cause, error.cure)

    def task(self, numbers: tuple[int, ...], spec: FeatureSpec, *, named: bool) -> Task:
        """Says what to decode; what is cleaned, trimmed or changed is shortened afterwards."""
        clip = self.clip
        whole = clip.duration
        if whole is not None:
            whole = max(whole - spec.offset, 0.0)
        seconds = whole
        if spec.trim is None and not spec.clean and spec.duration is not None:
            seconds = spec.duration if whole is None else min(whole, spec.duration)
        name = sound_name(clip) if named else ""
        offset = clip.start + spec.offset
        return Task(self.file, offset, seconds, whole, clip.name, clip.start, numbers, name)


def _shared(
    work: Renderer, tasks: Sequence[Task], jobs: int, cluster: str | None
) -> Generator[Outcome, None, None]:
    """Gives the outcomes of tasks in their order, from this machine or from others."""
    if cluster is None:
        yield from pool.map_ordered(work, tasks, jobs, crashed)
    else:
        yield from dask.map_ordered(work, tasks, cluster, crashed)


def _sources(
    clips: Sequence[Clip],
    cut: Cut | None,
    stack: contextlib.ExitStack,
    cluster: str | None,
    fail: Callable[[SerError], None],
) -> Iterator[_Piece]:
    """Finds the file of each clip; what comes through a pipe is kept on disk for the time.

    So is what is behind a URL, if several records are made of it on this machine.
    """
    times = collections.Counter(clip.path for clip in clips)
    files: dict[Path, str | None] = {}
    for clip in clips:
        path = clip.path
        if path not in files:
            several = cut is not None or times[path] > 1
            try:
                files[path] = _file(clip, stack, cluster, several=several)
            except SerError as error:
                if not is_url(clip.name):
                    raise
                fail(error)
                files[path] = None
        file = files[path]
        if file is not None:
            yield _Piece(clip, file)


def _file(clip: Clip, stack: contextlib.ExitStack, cluster: str | None, *, several: bool) -> str:
    path = clip.path
    if str(path) == STANDARD or is_special(path):
        if cluster is not None:
            raise AudioError(
                path, "is a pipe, which other machines cannot read", "save it to a file first"
            )
        return str(_copied(path, stack))
    if is_url(clip.name):
        return stack.enter_context(fetch(clip.name)) if several and not cluster else clip.name
    # Workers have been started in other folders.
    return clip.name if cluster is None else str(path.absolute())


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
            with fetch(piece.file) as file, renamed(file, clip.name):
                seconds = clip.duration or reader.length(file) - clip.start
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


def _with_copies(pieces: Sequence[_Piece], copies: Copies) -> list[_Piece]:
    numbers = copies_per_clip(
        [piece.clip.emotion for piece in pieces],
        [f"{piece.clip.name}\0{piece.clip.start!r}" for piece in pieces],
        copies.number,
        balance=copies.balance,
        seed=copies.seed,
    )
    return [replace(piece, copies=number) for piece, number in zip(pieces, numbers, strict=True)]


def _todo(
    pieces: Sequence[_Piece],
    existing: Table,
    spec: FeatureSpec,
    copies: Copies | None,
    target: object,
) -> tuple[list[tuple[_Piece, tuple[int, ...]]], int]:
    """Divides the records that are still to make into tasks, and counts the copies that are not.

    Raises:
        TableError: An interrupted run has made copies that are not asked for now.
    """
    # Counted, because a manifest may name two lengths of the same beginning.
    done = collections.Counter(
        zip(*(existing[name].tolist() for name in ("path", "start", "augment")), strict=True)
    )
    begun = {(path, start) for path, start, _ in done}
    made = sum(count for (_, _, label), count in done.items() if label)
    todo: list[tuple[_Piece, tuple[int, ...]]] = []
    for piece in pieces:
        numbers = range(1 + piece.copies)
        source = (piece.clip.name, piece.clip.start + spec.offset)
        missing: Sequence[int] = numbers
        if source in begun:
            missing = []
            for number in numbers:
                label = ""
                if number and copies is not None:
                    label = copies.label(source[0], piece.clip.start, number)
                if done[*source, label]:
                    done[*source, label] -= 1
                else:
                    missing.append(number)
        for first in range(0, len(missing), _TOGETHER):
            todo.append((piece, tuple(missing[first : first + _TOGETHER])))
    if any(count for (_, _, label), count in done.items() if label):
        raise TableError(
            f"{target}.part",
            "holds copies that were made with other options, of other files or with another --seed",
            "repeat the options of the interrupted run, or start anew without --resume",
        )
    return todo, made


def _transform(frames: Matrix) -> Any:
    """Scipy's Fourier transform, however few the clips: a table must not depend on their number."""
    # Imported where it is used: with several jobs, this process does not need it.
    import scipy.fft

    return scipy.fft.rfft(frames)


def _record(clip: Clip, result: Rendered, spec: FeatureSpec, dtype: np.dtype[Any]) -> Table:
    record = np.zeros(1, dtype)
    frames = dtype["x"].shape[0]
    record["x"][0] = fit_frames(result.matrix, frames)
    if len(result.functionals):
        record["functionals"][0] = result.functionals
    record["frames"] = min(len(result.matrix), frames)
    record["start"] = clip.start + spec.offset
    record["duration"] = result.seconds
    record["augment"] = result.label
    for name, value in _texts(clip).items():
        record[name] = value
    return record


def _texts(piece: Clip) -> dict[str, str]:
    return {
        "y": piece.emotion,
        "speaker": piece.speaker,
        "corpus": piece.corpus,
        "path": piece.name,
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
