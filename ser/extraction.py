"""From many clips to one feature table: planned, in parallel, in constant memory."""

from __future__ import annotations

import collections
import itertools
import math
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import numpy as np

from ser import audio
from ser.corpora.base import Clip
from ser.errors import AudioError, SerError
from ser.features import banks
from ser.features.extract import Extractor, fit_frames
from ser.features.shorttime import Matrix
from ser.features.spec import FeatureSpec
from ser.files import STANDARD
from ser.table import Table, TableWriter, record_dtype

# Clips handed to a worker at a time, and batches waiting per worker: enough to keep every core
# busy, few enough that what is in memory does not depend on the corpus.
_BATCH = 8
_WAITING = 3

# A table gives every record the frames of the longest clip; beyond this the padding would be
# nearly all of it, and the user surely meant to cut.
LONGEST_UNCUT_SECONDS = 120.0

# These call compiled functions of librosa, which numba caches on disk. Two processes that compile
# the same one at the same time can leave a cache that crashes every later process.
_COMPILED = ("contrast", "tonnetz", "f0", "chroma")


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
    extractor = Extractor(spec, _bank(spec))
    failures = 0

    def fail(error: SerError) -> None:
        nonlocal failures
        failures += 1
        on_error(error)

    pieces, seconds = _plan(clips, spec, cut, fail)
    if not pieces:
        raise AudioError(target, "no table was written: none of the inputs can be read")
    dtype = record_dtype(spec, extractor.frames(seconds), extractor.coefficients, _widths(pieces))
    cut_short = 0
    with TableWriter(target, dtype, resume=resume) as writer:
        done = set(
            zip(
                writer.existing()["path"].tolist(), writer.existing()["start"].tolist(), strict=True
            )
        )
        todo = [p for p in pieces if (str(p.path), p.start + spec.offset) not in done]
        begin(len(todo))
        frames = dtype["x"].shape[0]
        for piece, outcome in _results(todo, extractor, jobs):
            if isinstance(outcome, SerError):
                fail(outcome)
            else:
                cut_short += len(outcome.matrix) > frames
                writer.append(_record(piece, outcome, spec, dtype))
            progress(1)
        if not writer.count:
            writer.keep_part = False
            raise AudioError(target, "no table was written: none of the inputs can be read")
    return Report(writer.count, writer.kept, failures, cut_short)


@dataclass(frozen=True, slots=True)
class _Outcome:
    matrix: Matrix
    seconds: float


def _plan(
    clips: Sequence[Clip],
    spec: FeatureSpec,
    cut: Cut | None,
    fail: Callable[[SerError], None],
) -> tuple[list[Clip], float]:
    """Decides the records, and how many seconds the longest has."""
    # Lengths are read from headers, and only where they matter.
    if cut is None and (spec.duration is not None or spec.pool != "none"):
        return list(clips), spec.duration or 0.0
    pieces: list[Clip] = []
    longest = 0.0
    for clip in clips:
        try:
            seconds = clip.duration or _length(clip) - clip.start
        except SerError as error:
            fail(error)
            continue
        seconds = max(seconds - spec.offset, 0.0)
        if cut is None:
            pieces.append(clip)
            longest = max(longest, seconds)
        else:
            pieces += _windows(clip, seconds, cut)
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


def _length(clip: Clip) -> float:
    if str(clip.path) == STANDARD:
        raise AudioError(STANDARD, "has no known length", "give --duration, or name the file")
    return audio.length(clip.path)


def _windows(clip: Clip, seconds: float, cut: Cut) -> Iterator[Clip]:
    # A last window less than half full would be mostly padding.
    count = max(1, 1 + math.floor((seconds - cut.window / 2) / cut.hop + 1e-9))
    for index in range(count):
        start = index * cut.hop
        yield replace(
            clip, start=clip.start + start, duration=min(cut.window, max(seconds - start, 0.0))
        )


def _results(
    pieces: Sequence[Clip], extractor: Extractor, jobs: int
) -> Iterator[tuple[Clip, _Outcome | SerError]]:
    """Computes pieces in their order, a bounded number ahead of the writer."""
    standard_input = any(str(piece.path) == STANDARD for piece in pieces)
    if jobs <= 1 or len(pieces) <= _BATCH or standard_input:
        for piece in pieces:
            yield piece, _compute(piece, extractor)
        return
    batches = (list(batch) for batch in _batched(pieces, _BATCH))
    # Forked workers would inherit the locks of whatever threads the caller runs.
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    pool = ProcessPoolExecutor(jobs, context, initializer=_start_worker, initargs=(extractor,))
    waiting: collections.deque[tuple[list[Clip], Future[list[_Outcome | SerError]]]]
    waiting = collections.deque()
    try:
        for batch in itertools.islice(batches, jobs * _WAITING):
            waiting.append((batch, pool.submit(_work, batch)))
        while waiting:
            batch, future = waiting.popleft()
            outcomes = future.result()
            for following in itertools.islice(batches, 1):
                waiting.append((following, pool.submit(_work, following)))
            yield from zip(batch, outcomes, strict=True)
    except BrokenProcessPool as error:
        raise SerError(
            "worker process",
            "died, perhaps for want of memory",
            "continue with --resume and fewer --jobs",
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _batched(pieces: Sequence[Clip], size: int) -> Iterator[Sequence[Clip]]:
    for start in range(0, len(pieces), size):
        yield pieces[start : start + size]


_worker_extractor: Extractor | None = None


def _start_worker(extractor: Extractor) -> None:
    global _worker_extractor
    _worker_extractor = extractor
    # Ctrl-C reaches the whole process group; the parent alone decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    # A parent that was killed cannot tell its workers, and they would wait for ever.
    wait([sentinel])
    os._exit(1)


def _work(pieces: list[Clip]) -> list[_Outcome | SerError]:
    if _worker_extractor is None:
        raise RuntimeError("the worker was not started by _start_worker")
    return [_compute(piece, _worker_extractor) for piece in pieces]


def _compute(piece: Clip, extractor: Extractor) -> _Outcome | SerError:
    try:
        samples = read_clip(piece, extractor.spec)
        prepared = extractor.prepare(samples)
        matrix = extractor(samples)
    except SerError as error:
        return error
    except (ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
        # One strange recording must not end the work on a corpus.
        return AudioError(piece.path, f"cannot be analysed ({type(error).__name__}: {error})")
    if not np.isfinite(matrix).all():
        return AudioError(piece.path, "gives features that are not numbers", "check its samples")
    return _Outcome(matrix, len(prepared) / extractor.spec.sample_rate)


def read_clip(clip: Clip, spec: FeatureSpec) -> audio.Samples:
    """Decodes what a specification needs of a clip.

    Args:
        clip: The file, and the part of it.
        spec: Its sample rate and offset are applied. Its duration is where nothing is trimmed;
            otherwise whoever trims shortens afterwards.

    Returns:
        Samples, shape (samples,).

    Raises:
        AudioError: The clip cannot be read.
    """
    duration = None if clip.duration is None else max(clip.duration - spec.offset, 0.0)
    if spec.trim is None and spec.duration is not None:
        duration = spec.duration if duration is None else min(duration, spec.duration)
    offset = clip.start + spec.offset
    if str(clip.path) == STANDARD:
        blocks = list(audio.stream(STANDARD, spec.sample_rate))
        samples = np.concatenate(blocks)[round(offset * spec.sample_rate) :]
        return samples if duration is None else samples[: round(duration * spec.sample_rate)]
    return audio.read(clip.path, spec.sample_rate, offset=offset, duration=duration)


def _record(piece: Clip, outcome: _Outcome, spec: FeatureSpec, dtype: np.dtype[Any]) -> Table:
    record = np.zeros(1, dtype)
    frames = dtype["x"].shape[0]
    record["x"][0] = fit_frames(outcome.matrix, frames)
    record["frames"] = min(len(outcome.matrix), frames)
    record["start"] = piece.start + spec.offset
    record["duration"] = outcome.seconds
    for name, value in _texts(piece).items():
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


def _widths(pieces: Sequence[Clip]) -> Mapping[str, int]:
    widths: dict[str, int] = {}
    for piece in pieces:
        for name, value in _texts(piece).items():
            widths[name] = max(widths.get(name, 0), len(value))
    return widths


def _bank(spec: FeatureSpec) -> banks.Bank | None:
    """Prepares in this process what workers must not each prepare."""
    if set(spec.families) & set(_COMPILED):
        noise = np.random.default_rng(0).normal(size=spec.sample_rate).astype(np.float32)
        Extractor(spec.with_changes(pool="none"))(noise)
    if {"mel", "logmel", "mfcc"} & set(spec.families):
        return banks.mel_bank(spec)
    return None
