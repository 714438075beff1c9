"""Brings together recordings, translators and the panel: from audio files to outputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.conversion.likeness import Likeness
from benchmarks.conversion.making import NOTHING, Job, Result, Wish, key_of, make, results
from ser.audio import reader
from ser.conversion.evaluation.measures import SAMPLE_RATE, ClipMeasures, measure_samples
from ser.conversion.evaluation.panel import FoldEvaluator
from ser.conversion.evaluation.recordings import (
    ConvertedRecording,
    ReferenceRecording,
    find_targets,
    takes,
)
from ser.conversion.pairs import NEUTRAL
from ser.corpora.base import Clip
from ser.dataset.preload import import_extraction
from ser.errors import SerError
from ser.parallel import pool

Progress = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Translated:
    """What a translator made of a fold.

    Attributes:
        outputs: One for each task.
        unchanged: How like their sources those are that should be the same but for the renderer.
        nothing: Likewise of those that were asked for with an intensity of 0.
    """

    outputs: tuple[ConvertedRecording, ...]
    unchanged: tuple[Likeness, ...]
    nothing: tuple[Likeness, ...] = ()


def listen(
    clips: Sequence[Clip], jobs: int = 1, progress: Progress | None = None
) -> list[ClipMeasures]:
    """Measures real recordings.

    Args:
        clips: Which.
        jobs: Processes.
        progress: Called with 1 for each.

    Raises:
        AudioError: One cannot be read.
    """
    found = []
    for heard in pool.map_ordered(_listen, clips, jobs, _crashed, preload=[import_extraction]):
        found.append(heard)
        if progress is not None:
            progress(1)
    return found


def recordings_of(clips: Sequence[Clip], heard: Sequence[ClipMeasures]) -> list[ReferenceRecording]:
    """Puts together what corpora say about clips and what was measured of them."""
    return [
        ReferenceRecording(clip.speaker, clip.emotion, clip.intensity, clip.text, take, numbers)
        for clip, take, numbers in zip(clips, takes(clips), heard, strict=True)
    ]


def translate_sources(
    panel: FoldEvaluator,
    paths: Sequence[Path],
    model: Path,
    folder: Path,
    *,
    engine: str = "auto",
    jobs: int = 1,
    sounds: Path | None = None,
    progress: Progress | None = None,
) -> Translated:
    """Lets a translator do the tasks of a panel. The source's emotion is not told.

    Args:
        panel: Says what is to be done.
        paths: The audio of the panel's recordings.
        model: The artifact.
        folder: Where what is heard is kept; an interrupted run goes on there.
        engine: ``network``, ``rules`` or ``auto``.
        jobs: Processes.
        sounds: Where the outputs are kept as WAV files, if anywhere.
        progress: Called with 1 for each recording done.

    Raises:
        SerError: The translator cannot do it.
    """
    tasks = panel.tasks()
    first = tasks[0].source
    asked = [task for task in tasks if task.source == first]
    wishes = [Wish(task.emotion, task.strength, task.emotion == NEUTRAL) for task in asked]
    # Nothing of an emotion that changes much.
    wishes.append(
        Wish(next((t.emotion for t in asked if t.emotion == "angry"), NEUTRAL), 0.0, True)
    )
    sources = sorted({task.source for task in tasks})
    made = all_made(
        [paths[source] for source in sources], wishes, str(model), engine, folder, jobs, sounds,
        progress,
    )  # fmt: skip
    outputs: list[ConvertedRecording] = []
    unchanged, nothing = [], []
    for source, found in zip(sources, made, strict=True):
        own = [task for task in tasks if task.source == source]
        outputs += [
            ConvertedRecording(task, result.heard, (source,))
            for task, result in zip(own, found[:-1], strict=True)
        ]
        unchanged += [result.likeness for result in found[:-1] if result.likeness]
        nothing += [result.likeness for result in found[-1:] if result.likeness]
    return Translated(tuple(outputs), tuple(unchanged), tuple(nothing))


def render_targets(
    panel: FoldEvaluator,
    paths: Sequence[Path],
    folder: Path,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Translated:
    """Sends the real recordings of what is asked for through the renderer, next to unchanged.

    Args:
        panel: As in `translate_sources`, like the rest.
        paths: As there.
        folder: As there.
        jobs: As there.
        progress: As there.
    """
    found = [(task, find_targets(panel.recordings, task)) for task in panel.tasks()]
    wanted = [(task, targets[0]) for task, targets in found if targets]
    targets = sorted({target for _, target in wanted})
    made = all_made(
        [paths[target] for target in targets], [Wish("", 1.0, True)], NOTHING, "auto", folder, jobs,
        None, progress,
    )  # fmt: skip
    heard = dict(zip(targets, made, strict=True))
    return Translated(
        tuple(
            ConvertedRecording(task, heard[target][0].heard, (target,)) for task, target in wanted
        ),
        tuple(result.likeness for some in made for result in some if result.likeness),
    )


def all_made(
    paths: Sequence[Path],
    wishes: Sequence[Wish],
    model: str,
    engine: str,
    folder: Path,
    jobs: int = 1,
    sounds: Path | None = None,
    progress: Progress | None = None,
) -> list[list[Result]]:
    """Has a translator do the same with many recordings, or reads what it has done before.

    Args:
        paths: The recordings.
        wishes: What is wished of each.
        model: The artifact, or `NOTHING`.
        engine: As in `translate_sources`, like the rest.
        folder: As there.
        jobs: As there.
        sounds: As there.
        progress: As there.

    Returns:
        For each recording a result per wish.

    Raises:
        SerError: A recording cannot be read, or the translator cannot do it.
    """
    place = folder / key_of(model, engine, wishes)
    todo = [
        Job(
            str(path), tuple(wishes), model, engine, str(place / _kept_name(path)),
            str(sounds or ""),
        )
        for path in paths
    ]  # fmt: skip
    found = []
    done = pool.map_ordered(
        make, todo, jobs, _job_crashed, batch=1, preload=[import_extraction]
    )
    for job, _ in zip(todo, done, strict=True):
        found.append(results(job))
        if progress is not None:
            progress(1)
    return found


def _kept_name(path: Path) -> str:
    # Other folders may have files of the same name.
    return f"{path.stem}-{hashlib.blake2b(bytes(path), digest_size=4).hexdigest()}.npz"


def _listen(clip: Clip) -> ClipMeasures:
    return measure_samples(
        reader.read(clip.path, SAMPLE_RATE, offset=clip.start, duration=clip.duration)
    )


def _crashed(clip: Clip) -> ClipMeasures:
    raise SerError(clip.path, "ended the process that listened to it", "check that it is sound")


def _job_crashed(job: Job) -> str:
    raise SerError(job.path, "ended the process that translated it", "check that there is memory")
