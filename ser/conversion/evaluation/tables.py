"""Evaluation of conversion models on a feature table, without audio.

Modifications are applied to the contours in the table. So the figures do not include the effects of
synthesis; ``benchmarks/translation.py`` evaluates audio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Indices
from ser.conversion.contours import Contours, check_spec, contours_from_features
from ser.conversion.evaluation.assessment import Assessment, FoldEvaluator
from ser.conversion.evaluation.from_contours import apply_modification, measure_contours
from ser.conversion.evaluation.recordings import (
    ConvertedRecording,
    EvaluationTask,
    ReferenceRecording,
    number_takes,
)
from ser.conversion.evaluation.report import REAL, ConversionReport, summarize
from ser.conversion.modification import Converter
from ser.conversion.pairs import NEUTRAL
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.errors import TableError
from ser.features.spec import FeatureSpec
from ser.parallel.resources import limit_blas_threads

SOURCE = "source"
"""The system that leaves the source as it is."""

GROUP_SIZE = 6
"""Speakers of a group, whose classifiers are trained on each other: as in a fold of RAVDESS."""

_MIN_SPEAKERS = 2
# Neutral recordings of a speaker that are converted.
_SOURCES = 6


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerGroups:
    """The speakers of a table that conversion is evaluated on.

    Attributes:
        groups: The record numbers of each group of speakers.
        speakers: All speakers, as ``corpus/speaker``.
    """

    groups: tuple[Indices, ...]
    speakers: tuple[str, ...]


def choose_speakers(
    table: Table, emotions: Sequence[str], leave_out: Sequence[str] = ()
) -> SpeakerGroups:
    """Chooses speakers to evaluate on, and groups them.

    They have neutral recordings, others in the emotions, and known sentences. A group has up to
    `GROUP_SIZE` speakers of one corpus, with genders balanced as far as possible.

    Args:
        table: Features of the preset ``translate``.
        emotions: Target emotions of the conversion model.
        leave_out: Speakers that are not used, as ``corpus/speaker``.

    Returns:
        Groups of two and more; none where there are not two speakers.

    Raises:
        SerError: The features are others.
    """
    check_spec(spec_of(table))
    keys = np.array(speaker_keys(table), object)
    usable = np.isin(table["y"], [*emotions, NEUTRAL])
    usable &= (np.asarray(table["text"]) != "") & (np.asarray(table["augment"]) == "")
    usable &= (keys != "") & ~np.isin(keys, list(leave_out))
    corpora: dict[str, list[tuple[str, str]]] = {}
    for key in sorted(set(keys[usable].tolist())):
        own = usable & (keys == key)
        found = set(np.asarray(table["y"])[own].tolist())
        if NEUTRAL in found and len(found) > 1:
            first = int(np.flatnonzero(own)[0])
            corpus, gender = (str(table[name][first]) for name in ("corpus", "gender"))
            corpora.setdefault(corpus, []).append((gender, key))
    groups = []
    for speakers in corpora.values():
        # Dealt out in the order of gender, for balanced groups.
        names = [key for _, key in sorted(speakers)]
        count = max(1, round(len(names) / GROUP_SIZE))
        dealt = [names[start::count] for start in range(count)]
        groups += [group for group in dealt if len(group) >= _MIN_SPEAKERS]
    return SpeakerGroups(
        tuple(np.flatnonzero(usable & np.isin(keys, group)) for group in groups),
        tuple(sorted(key for group in groups for key in group)),
    )


def evaluate_table(
    converters: Mapping[str, Converter],
    table: Table,
    chosen: SpeakerGroups,
    *,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> ConversionReport:
    """Evaluates conversion models on a table.

    In comparison with the sources as they are, and with real recordings of the targets.

    Args:
        converters: By name.
        table: Features of the preset ``translate``.
        chosen: The speakers.
        seed: Of the bootstrap.
        progress: Called with 1 for each group done.

    Raises:
        TableError: There are too few speakers.
    """
    if not chosen.groups:
        raise TableError(
            "table",
            "has not two speakers with neutral and other recordings of known sentences",
            "take a corpus such as RAVDESS, TESS, CREMA-D or nEMO",
        )
    assessments: dict[str, list[Assessment]] = {
        SOURCE: [],
        **{name: [] for name in converters},
        REAL: [],
    }
    with limit_blas_threads():
        for group in chosen.groups:
            contours, evaluator = _fold_evaluator(table, group)
            tasks = _tasks(evaluator, converters)
            outputs = {
                SOURCE: evaluator.unconverted(tasks),
                **{
                    name: _outputs(converter, contours, tasks)
                    for name, converter in converters.items()
                },
                REAL: evaluator.real_targets(tasks),
            }
            for name, converted in outputs.items():
                assessments[name] += evaluator.assess(converted)
            if progress is not None:
                progress(1)
    return summarize(assessments, seed=seed)


def _fold_evaluator(table: Table, group: Indices) -> tuple[list[Contours], FoldEvaluator]:
    spec: FeatureSpec = spec_of(table)
    frames = np.asarray(table["frames"])[group].tolist()
    contours = [
        contours_from_features(np.asarray(table["x"][number, :count]), spec)
        for number, count in zip(group.tolist(), frames, strict=True)
    ]
    speakers = speaker_keys(table)
    emotions, intensities, texts = (table[name].tolist() for name in ("y", "intensity", "text"))
    keys = [(speakers[n], emotions[n], intensities[n], texts[n]) for n in group.tolist()]
    recordings = [
        ReferenceRecording(*key, take, measure_contours(phrase))
        for key, take, phrase in zip(keys, number_takes(keys), contours, strict=True)
    ]
    return contours, FoldEvaluator(recordings)


def _tasks(evaluator: FoldEvaluator, converters: Mapping[str, Converter]) -> list[EvaluationTask]:
    """Builds tasks that all models can perform, for a few recordings of each speaker."""
    sources: dict[str, list[int]] = {}
    for number, recording in enumerate(evaluator.recordings):
        if recording.emotion == NEUTRAL:
            sources.setdefault(recording.speaker, []).append(number)
    picked = {
        numbers[place]
        for numbers in sources.values()
        for place in np.unique(np.linspace(0, len(numbers) - 1, _SOURCES).round().astype(int))
    }
    return [
        task
        for task in evaluator.tasks()
        if task.source in picked
        and all(task.emotion in converter.emotions for converter in converters.values())
    ]


def _outputs(
    converter: Converter, contours: Sequence[Contours], tasks: Sequence[EvaluationTask]
) -> list[ConvertedRecording]:
    found = []
    for task in tasks:
        source = contours[task.source]
        change = converter(source, task.emotion, task.strength, None)
        found.append(
            ConvertedRecording(
                task, measure_contours(apply_modification(source, change)), (task.source,)
            )
        )
    return found
