"""Conversions of a fold: from audio files to converted recordings with their measures."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.conversion.conversions import (
    MINIMAL,
    ConversionJob,
    ConversionMeasures,
    ConversionTarget,
    cache_key,
    read_results,
    run_job,
)
from benchmarks.conversion.measures import SAMPLE_RATE, measure_samples
from benchmarks.conversion.quality import SpeechQuality
from ser.audio import reader
from ser.conversion.evaluation.assessment import FoldEvaluator
from ser.conversion.evaluation.measures import ClipMeasures
from ser.conversion.evaluation.recordings import (
    ConvertedRecording,
    ReferenceRecording,
    find_targets,
    number_takes,
)
from ser.conversion.pairs import NEUTRAL
from ser.corpora.base import Clip
from ser.dataset.preload import import_extraction
from ser.errors import SerError
from ser.parallel import pool

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class FoldOutputs:
    """The conversions of a fold by one system.

    Attributes:
        outputs: One for each task.
        own_emotion: Quality of conversions to the emotion that the source has, which is not told.
        zero_intensity: Quality of conversions with intensity 0.
    """

    outputs: tuple[ConvertedRecording, ...]
    own_emotion: tuple[SpeechQuality, ...]
    zero_intensity: tuple[SpeechQuality, ...] = ()


def measure_clips(
    clips: Sequence[Clip], jobs: int = 1, progress: Progress | None = None
) -> list[ClipMeasures]:
    """Measures real recordings.

    Args:
        clips: The recordings.
        jobs: Processes.
        progress: Called with 1 for each.

    Raises:
        AudioError: One cannot be read.
    """
    found = []
    for _, measures in pool.map_items(
        _measure_clip, clips, jobs, _clip_crashed, preload=[import_extraction]
    ):
        found.append(measures)
        if progress is not None:
            progress(1)
    return found


def reference_recordings(
    clips: Sequence[Clip], measures: Sequence[ClipMeasures]
) -> list[ReferenceRecording]:
    """Joins the metadata of clips with their measures."""
    takes = number_takes(
        (clip.corpus, clip.speaker, clip.emotion, clip.intensity, clip.text) for clip in clips
    )
    return [
        ReferenceRecording(clip.speaker, clip.emotion, clip.intensity, clip.text, take, measured)
        for clip, take, measured in zip(clips, takes, measures, strict=True)
    ]


def convert_sources(
    evaluator: FoldEvaluator,
    paths: Sequence[Path],
    model: Path,
    folder: Path,
    *,
    engine: str = "auto",
    jobs: int = 1,
    sounds: Path | None = None,
    progress: Progress | None = None,
) -> FoldOutputs:
    """Performs the tasks of a fold with a conversion model, which is not told the source emotion.

    Args:
        evaluator: Of the fold.
        paths: The audio files of its recordings.
        model: The path of the model.
        folder: Where measures are stored; an interrupted run continues there.
        engine: ``network``, ``rules`` or ``auto``.
        jobs: Processes.
        sounds: A folder for the results as WAV files.
        progress: Called with 1 for each source recording.

    Raises:
        SerError: The model cannot perform a task.
    """
    tasks = evaluator.tasks()
    first = tasks[0].source
    first_tasks = [task for task in tasks if task.source == first]
    targets = [
        ConversionTarget(task.emotion, task.strength, task.emotion == NEUTRAL)
        for task in first_tasks
    ]
    # Intensity 0, of an emotion with large changes.
    emotion = next((task.emotion for task in first_tasks if task.emotion == "angry"), NEUTRAL)
    targets.append(ConversionTarget(emotion, 0.0, True))
    sources = sorted({task.source for task in tasks})
    results = convert_all(
        [paths[source] for source in sources], targets, str(model), engine, folder, jobs, sounds,
        progress,
    )  # fmt: skip
    outputs: list[ConvertedRecording] = []
    own_emotion, zero_intensity = [], []
    for source, found in zip(sources, results, strict=True):
        source_tasks = [task for task in tasks if task.source == source]
        outputs += [
            ConvertedRecording(task, result.measures, (source,))
            for task, result in zip(source_tasks, found[:-1], strict=True)
        ]
        own_emotion += [result.quality for result in found[:-1] if result.quality]
        zero_intensity += [result.quality for result in found[-1:] if result.quality]
    return FoldOutputs(tuple(outputs), tuple(own_emotion), tuple(zero_intensity))


def resynthesize_targets(
    evaluator: FoldEvaluator,
    paths: Sequence[Path],
    folder: Path,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> FoldOutputs:
    """Passes the real recordings of the targets through synthesis with minimal changes.

    Args:
        evaluator: As in `convert_sources`.
        paths: As in `convert_sources`.
        folder: As in `convert_sources`.
        jobs: As in `convert_sources`.
        progress: As in `convert_sources`.
    """
    found = [(task, find_targets(evaluator.recordings, task)) for task in evaluator.tasks()]
    first_targets = [(task, targets[0]) for task, targets in found if targets]
    targets = sorted({target for _, target in first_targets})
    results = convert_all(
        [paths[target] for target in targets], [ConversionTarget("", 1.0, True)], MINIMAL, "auto",
        folder, jobs, None, progress,
    )  # fmt: skip
    by_target = dict(zip(targets, results, strict=True))
    return FoldOutputs(
        tuple(
            ConvertedRecording(task, by_target[target][0].measures, (target,))
            for task, target in first_targets
        ),
        tuple(result.quality for group in results for result in group if result.quality),
    )


def convert_all(
    paths: Sequence[Path],
    targets: Sequence[ConversionTarget],
    model: str,
    engine: str,
    folder: Path,
    jobs: int = 1,
    sounds: Path | None = None,
    progress: Progress | None = None,
) -> list[list[ConversionMeasures]]:
    """Converts many recordings to the same targets, or reads stored results.

    Args:
        paths: The recordings.
        targets: The targets of each.
        model: The path of the model, or `MINIMAL`.
        engine: As in `convert_sources`.
        folder: As in `convert_sources`.
        jobs: As in `convert_sources`.
        sounds: As in `convert_sources`.
        progress: As in `convert_sources`.

    Returns:
        For each recording a result per target.

    Raises:
        SerError: A recording cannot be read, or the model does not make an emotion.
    """
    store = folder / cache_key(model, engine, targets)
    todo = [
        ConversionJob(
            str(path), tuple(targets), model, engine, str(store / _store_name(path)),
            str(sounds or ""),
        )
        for path in paths
    ]  # fmt: skip
    found = []
    done = pool.map_items(run_job, todo, jobs, _job_crashed, batch=1, preload=[import_extraction])
    for job, _ in zip(todo, done, strict=True):
        found.append(read_results(job))
        if progress is not None:
            progress(1)
    return found


def _store_name(path: Path) -> str:
    # Files in different folders may have the same name.
    return f"{path.stem}-{hashlib.blake2b(bytes(path), digest_size=4).hexdigest()}.npz"


def _measure_clip(clip: Clip) -> ClipMeasures:
    samples = reader.read(clip.path, SAMPLE_RATE, offset=clip.start, duration=clip.duration)
    return measure_samples(samples)


def _clip_crashed(clip: Clip) -> ClipMeasures:
    raise SerError(clip.path, "ended the process that measured it", "check that it is sound")


def _job_crashed(job: ConversionJob) -> str:
    raise SerError(job.path, "ended the process that converted it", "check that there is memory")
