"""Extracts the features of many clips into one table: in parallel, in constant memory."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ser.audio.selection import DEFAULT, Remark, Selection, ignore
from ser.augment.copies import Copies
from ser.corpora.base import Clip
from ser.corpora.registry import find_clips
from ser.dataset.clip import (
    ClipExtractor,
    ClipResult,
    ClipTask,
    RecordFeatures,
    report_crash,
    transform,
)
from ser.dataset.plan import (
    PlannedClip,
    RecordWindows,
    find_files,
    plan_clips,
    plan_copies,
    plan_tasks,
)
from ser.dataset.preload import import_extraction
from ser.dataset.table import FeatureTable, Table, record_dtype
from ser.dataset.writer import TableWriter
from ser.errors import AudioError, SerError, renamed
from ser.features.extract import Extractor, fit_frames
from ser.features.spec import FeatureSpec
from ser.io.files import make_folder
from ser.io.remote import OutputFolder, is_url
from ser.parallel import dask, pool
from ser.parallel.forkserver import prepare
from ser.preprocess.registry import package_imports

# Headers may be off by a codec's frame or two; less than this is not worth a word.
_TOLERATED_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ExtractionReport:
    """Counts of an extraction.

    Attributes:
        records: Records in the table.
        kept: How many of them an interrupted run had left.
        failures: How many clips could not be read.
        cut_short: How many were longer than their headers say, and were cut.
        copies: How many of the records are augmented copies.
        silent: The clips that hold nothing but zeros.
    """

    records: int
    kept: int
    failures: int
    cut_short: int
    copies: int = 0
    silent: tuple[str, ...] = ()


def extract_table(
    clips: Sequence[Clip],
    spec: FeatureSpec,
    target: str | Path,
    *,
    windows: RecordWindows | None = None,
    copies: Copies | None = None,
    write_audio: Path | None = None,
    jobs: int = 1,
    cluster: str | None = None,
    resume: bool = False,
    selection: Selection = DEFAULT,
    progress: Callable[[int], None] = lambda n: None,
    begin: Callable[[int], None] = lambda n: None,
    on_error: Callable[[SerError], None] = lambda error: None,
    remark: Remark = ignore,
) -> ExtractionReport:
    """Computes the features of clips and writes them as a table, in the order of the clips.

    Args:
        clips: What to read.
        spec: What to compute. Without a duration the table is as wide as the longest clip.
        target: The table's path, or ``-``, or a URL.
        windows: Cut recordings into windows; the specification's duration becomes the window.
        copies: Augmented copies to make of every clip, or of every window; they stand behind it.
        write_audio: A folder for the sound of every record, as features were computed of it.
        jobs: Worker processes.
        cluster: The address of a Dask scheduler, whose workers do it instead; they must find the
            clips, and `write_audio`, where this machine does. See `ser.parallel.dask`.
        resume: Continue an interrupted run with the same clips and options; not behind a URL.
        selection: Which track of each recording is read, and which channel.
        progress: Called with the number of records finished since the last call.
        begin: Called once with the number of records still to make.
        on_error: Called for each clip that cannot be read; the others go on.
        remark: Told what the user should know of a recording, with its name.

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
                clips, spec, path, windows=windows, copies=copies, write_audio=write_audio,
                jobs=jobs, cluster=cluster, selection=selection, progress=progress, begin=begin,
                on_error=on_error, remark=remark,
            )  # fmt: skip
    if windows is not None:
        spec = spec.with_changes(duration=windows.window)
    encoder = None
    if spec.encoder is not None:
        from ser.models.encoders import open_encoder

        encoder = open_encoder(spec.encoder, transform=transform)
    extractor = Extractor(spec, transform=transform, encoder=encoder)
    if write_audio is not None:
        make_folder(write_audio)
    if cluster is not None:
        jobs = 1
        write_audio = None if write_audio is None else write_audio.absolute()
    elif pool.needs_processes(jobs, len(clips)) or (jobs > 1 and windows is not None):
        prepare(import_extraction, *package_imports(spec.clean))
    failures = 0

    def fail(error: SerError) -> None:
        nonlocal failures
        failures += 1
        on_error(error)

    with contextlib.ExitStack() as stack:
        files = find_files(clips, windows, stack, cluster, fail)
        pieces, seconds = plan_clips(files, spec, windows, fail)
        if not pieces:
            raise AudioError(target, "no table was written: none of the inputs can be read")
        widths = dict(_text_widths(pieces))
        if copies is not None:
            pieces = plan_copies(pieces, copies)
            seconds = copies.recipe.max_duration(seconds)
            widths["augment"] = copies.recipe.max_label_length()
        dtype = record_dtype(spec, extractor.frame_count(seconds), extractor.coefficients, widths)
        frames = dtype["x"].shape[0]
        cut_short = 0
        silent: list[str] = []
        writer = stack.enter_context(TableWriter(target, dtype, resume=resume))
        todo, made = plan_tasks(pieces, writer.existing(), spec, copies, target)
        begin(sum(len(numbers) for _, numbers in todo))
        outcomes = _map_tasks(
            ClipExtractor(extractor, copies, write_audio, selection),
            [piece.task(numbers, spec, named=write_audio is not None) for piece, numbers in todo],
            jobs,
            cluster,
        )
        # Closed before the table is, so that no worker outlives an error.
        stack.enter_context(contextlib.closing(outcomes))
        bad: PlannedClip | None = None
        for (piece, numbers), (_, outcome) in zip(todo, outcomes, strict=True):
            if isinstance(outcome, SerError):
                # The other copies of an unreadable clip come to the same.
                if piece is not bad:
                    fail(piece.rename(outcome))
                bad = piece
                progress(len(numbers))
                continue
            for result in outcome:
                if isinstance(result, SerError):
                    fail(piece.rename(result))
                else:
                    missed = (len(result.matrix) - frames) * spec.hop_length / spec.sample_rate
                    cut_short += missed > _TOLERATED_SECONDS
                    made += bool(result.label)
                    if result.silent:
                        silent.append(piece.clip.name)
                    for text in result.remarks:
                        remark(f"{piece.clip.name}: {text}")
                    writer.append(_record(piece.clip, result, spec, dtype))
                progress(1)
        if not writer.count:
            writer.keep_part = False
            raise AudioError(target, "no table was written: none of the inputs can be read")
    return ExtractionReport(writer.count, writer.kept, failures, cut_short, made, tuple(silent))


def extract(
    inputs: str | Path | Sequence[str | Path],
    spec: FeatureSpec,
    *,
    corpus: str = "auto",
    vocal_channel: Literal["speech", "song", "both"] = "both",
    selection: Selection = DEFAULT,
    windows: RecordWindows | None = None,
    copies: Copies | None = None,
    jobs: int = 1,
    begin: Callable[[int], None] = lambda n: None,
    progress: Callable[[int], None] = lambda n: None,
    on_error: Callable[[SerError], None] | None = None,
) -> FeatureTable:
    """Computes the features of recordings into a table in memory.

    Args:
        inputs: Audio files, folders and manifests, as `ser.corpora.registry.find_clips` takes them;
            one or several.
        spec: What to compute, such as ``PRESETS["emotion"]`` of `ser.features.spec`.
        corpus: How file names say the emotion; see `find_clips`.
        vocal_channel: Which recordings of RAVDESS to take.
        selection: Which track of each recording is read, and which channel.
        windows: Cut recordings into windows; the specification's duration becomes the window.
        copies: Augmented copies to make of every clip; they stand behind it.
        jobs: Worker processes.
        begin: Called once with the number of records to make.
        progress: Called with the number of records finished since the last call.
        on_error: Called for each recording that cannot be read; the others go on. None raises the
            first of these errors.

    Returns:
        The table, in the order of the clips.

    Raises:
        CorpusError: There is no corpus of this name.
        SerError: A recording cannot be read and `on_error` is None, or none can.
    """

    def fail(error: SerError) -> None:
        if on_error is None:
            raise error
        on_error(error)

    paths = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    listing = find_clips([Path(path) for path in paths], corpus, channel=vocal_channel)
    for error in listing.missing:
        fail(error)
    if not listing.clips:
        named = ", ".join(map(str, paths[:3])) or "inputs"
        raise AudioError(named, "hold no clip to extract", "check the paths and `corpus`")
    with tempfile.TemporaryDirectory(prefix="ser-") as folder:
        target = Path(folder, "table.npy")
        extract_table(
            listing.clips, spec, target, windows=windows, copies=copies, jobs=jobs,
            selection=selection, begin=begin, progress=progress, on_error=fail,
        )  # fmt: skip
        table: FeatureTable = np.load(target, allow_pickle=False).view(FeatureTable)
    return table


def _map_tasks(
    work: ClipExtractor, tasks: Sequence[ClipTask], jobs: int, cluster: str | None
) -> Generator[tuple[int, ClipResult], None, None]:
    """Gives the numbers and outcomes of tasks in order, from this machine or from others."""
    if cluster is None:
        return pool.map_items(work, tasks, jobs, report_crash)
    return dask.map_items(work, tasks, cluster, report_crash)


def _record(clip: Clip, result: RecordFeatures, spec: FeatureSpec, dtype: np.dtype[Any]) -> Table:
    record = np.zeros(1, dtype)
    frames = dtype["x"].shape[0]
    record["x"][0] = fit_frames(result.matrix, frames)
    if len(result.functionals):
        record["functionals"][0] = result.functionals
    record["frames"] = min(len(result.matrix), frames)
    record["start"] = clip.start + spec.offset
    record["duration"] = result.seconds
    record["augment"] = result.label
    for name, value in _text_fields(clip).items():
        record[name] = value
    return record


def _text_fields(piece: Clip) -> dict[str, str]:
    return {
        "y": piece.emotion,
        "speaker": piece.speaker,
        "corpus": piece.corpus,
        "path": piece.name,
        "text": piece.text,
        "intensity": piece.intensity,
        "gender": piece.gender,
    }


def _text_widths(pieces: Sequence[PlannedClip]) -> Mapping[str, int]:
    widths: dict[str, int] = {}
    for piece in pieces:
        for name, value in _text_fields(piece.clip).items():
            widths[name] = max(widths.get(name, 0), len(value))
    return widths
