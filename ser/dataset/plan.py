"""Plans the records of a feature table: which part of which file, and how many copies of it."""

from __future__ import annotations

import collections
import contextlib
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ser.audio import reader
from ser.augment.copies import Copies, copies_per_clip
from ser.corpora.base import Clip
from ser.dataset.clip import ClipTask, sound_name
from ser.dataset.table import Table
from ser.errors import AudioError, ParameterError, SerError, TableError, failure_of, renamed
from ser.features.ranges import DAY
from ser.features.spec import FeatureSpec
from ser.io.files import STANDARD, is_special
from ser.io.remote import fetch, is_url

# A table gives every record the frames of the longest clip; beyond this the padding would be
# nearly all of it, and the user surely meant to windows.
LONGEST_UNCUT_SECONDS = 120.0

# Seconds of a window and of a hop; with less there would be more records than a disk has room for.
_SHORTEST = 1e-3

# Records of one clip that are made at a time: few enough for memory not to grow with the copies,
# and enough that decoding the clip again for the next ones does not count.
_RECORDS_PER_TASK = 4


@dataclass(frozen=True, slots=True)
class RecordWindows:
    """How recordings are cut into windows, each of which becomes a record.

    Attributes:
        window: Length of each in seconds.
        hop: Seconds from the start of one to the next.
    """

    window: float
    hop: float

    def __post_init__(self) -> None:
        """Checks the lengths.

        Raises:
            ParameterError: One is not positive, or beyond all use.
        """
        for name, value in (("window", self.window), ("hop", self.hop)):
            if not value > 0:
                raise ParameterError(name, "must be positive seconds", value=f"{value:g}")
            if not _SHORTEST <= value <= DAY:
                cause = f"must be from {_SHORTEST:g} to {DAY:g} seconds"
                raise ParameterError(name, cause, value=f"{value:g}")


@dataclass(frozen=True, slots=True)
class PlannedClip:
    """A clip that becomes one record, or several with copies.

    Attributes:
        clip: The clip, as its corpus describes it.
        file: The path or URL to read it from; a temporary copy of what came through a pipe.
        copies: How many augmented copies are made of it.
    """

    clip: Clip
    file: str
    copies: int = 0

    def rename(self, error: SerError) -> SerError:
        """Gives an error about the copy the name that the user knows."""
        if self.file == self.clip.name or error.subject != self.file:
            return error
        return AudioError(self.clip.name, error.cause, error.cure)

    def task(self, numbers: tuple[int, ...], spec: FeatureSpec, *, named: bool) -> ClipTask:
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
        return ClipTask(self.file, offset, seconds, whole, clip.name, clip.start, numbers, name)


def find_files(
    clips: Sequence[Clip],
    windows: RecordWindows | None,
    stack: contextlib.ExitStack,
    cluster: str | None,
    fail: Callable[[SerError], None],
) -> Iterator[PlannedClip]:
    """Finds the file of each clip; what comes through a pipe is kept on disk for the time.

    So is what is behind a URL, if several records are made of it on this machine.
    """
    times = collections.Counter(clip.path for clip in clips)
    files: dict[Path, str | None] = {}
    for clip in clips:
        path = clip.path
        if path not in files:
            several = windows is not None or times[path] > 1
            try:
                files[path] = _file(clip, stack, cluster, several=several)
            except SerError as error:
                fail(error)
                files[path] = None
        file = files[path]
        if file is not None:
            yield PlannedClip(clip, file)


def _file(clip: Clip, stack: contextlib.ExitStack, cluster: str | None, *, several: bool) -> str:
    path = clip.path
    if str(path) == STANDARD or is_special(path):
        if cluster is not None:
            raise AudioError(
                path, "is a pipe, which other machines cannot read", "save it to a file first"
            )
        return str(_copy(path, stack))
    if is_url(clip.name):
        return stack.enter_context(fetch(clip.name)) if several and not cluster else clip.name
    # Workers have been started in other folders.
    return clip.name if cluster is None else str(path.absolute())


def _copy(path: Path, stack: contextlib.ExitStack) -> Path:
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


def plan_clips(
    sources: Iterator[PlannedClip],
    spec: FeatureSpec,
    windows: RecordWindows | None,
    fail: Callable[[SerError], None],
) -> tuple[list[PlannedClip], float]:
    """Decides the records, and how many seconds the longest has."""
    # Lengths are read from headers, and only where they matter.
    if windows is None and (spec.duration is not None or spec.pool != "none"):
        return list(sources), spec.duration or 0.0
    pieces: list[PlannedClip] = []
    longest = 0.0
    for piece in sources:
        clip = piece.clip
        try:
            with fetch(piece.file) as file, renamed(file, clip.name):
                seconds = clip.duration or reader.length(file) - clip.start
        except Exception as error:
            fail(piece.rename(failure_of(piece.file, error)))
            continue
        seconds = max(seconds - spec.offset, 0.0)
        if windows is None:
            pieces.append(piece)
            longest = max(longest, seconds)
        else:
            cut = _windows(clip, seconds, windows, spec.offset)
            pieces += (replace(piece, clip=window) for window in cut)
    if windows is not None:
        return pieces, windows.window
    if longest > LONGEST_UNCUT_SECONDS:
        raise AudioError(
            "input",
            f"the longest clip has {longest:.0f} s, and every record of the table would",
            "cut with `window` and `hop`, or keep the beginnings with `duration`",
        )
    # One sample more: rates that do not divide round up.
    return pieces, longest + 1.0 / spec.sample_rate


def _windows(clip: Clip, seconds: float, windows: RecordWindows, offset: float) -> Iterator[Clip]:
    """Divides what a clip has behind its offset, which is skipped once, before the first window."""
    # A last window less than half full would be mostly padding.
    count = max(1, 1 + math.floor((seconds - windows.window / 2) / windows.hop + 1e-9))
    for index in range(count):
        start = index * windows.hop
        # Whoever reads a clip skips the offset, so the window has to reach that much further.
        length = offset + min(windows.window, max(seconds - start, 0.0))
        yield replace(clip, start=clip.start + start, duration=length)


def plan_copies(pieces: Sequence[PlannedClip], copies: Copies) -> list[PlannedClip]:
    """Decides how many copies each clip gets."""
    numbers = copies_per_clip(
        [piece.clip.emotion for piece in pieces],
        [f"{piece.clip.name}\0{piece.clip.start!r}" for piece in pieces],
        copies.number,
        balance=copies.balance,
        seed=copies.seed,
    )
    return [replace(piece, copies=number) for piece, number in zip(pieces, numbers, strict=True)]


def plan_tasks(
    pieces: Sequence[PlannedClip],
    existing: Table,
    spec: FeatureSpec,
    copies: Copies | None,
    target: object,
) -> tuple[list[tuple[PlannedClip, tuple[int, ...]]], int]:
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
    todo: list[tuple[PlannedClip, tuple[int, ...]]] = []
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
        for first in range(0, len(missing), _RECORDS_PER_TASK):
            todo.append((piece, tuple(missing[first : first + _RECORDS_PER_TASK])))
    if any(count for (_, _, label), count in done.items() if label):
        raise TableError(
            f"{target}.part",
            "holds copies that were made with other options, of other files or with another --seed",
            "repeat the options of the interrupted run, or start anew without --resume",
        )
    return todo, made
