"""The evaluation of a translator on a feature table, without audio.

What the translator asks for is done to the contours in the table, and the panel hears the result.
So the renderer has no part in it: the figures say what a network wants, and
``benchmarks/translation.py`` says what comes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Indices
from ser.conversion.contours import Contours, check_spec, contours_from_features
from ser.conversion.evaluation.from_contours import apply_modification, measure_contours
from ser.conversion.evaluation.panel import Assessment, FoldEvaluator
from ser.conversion.evaluation.recordings import (
    ConvertedRecording,
    EvaluationTask,
    ReferenceRecording,
)
from ser.conversion.evaluation.report import REAL, ConversionReport, summarize
from ser.conversion.modification import Converter
from ser.conversion.pairs import NEUTRAL
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.errors import TableError
from ser.features.spec import FeatureSpec
from ser.parallel.resources import limit_blas_threads

SOURCE = "source"
"""The row of who does nothing."""

GROUP = 6
"""Speakers who judge each other: as many as in a fold of RAVDESS."""

_FEWEST = 2
# Neutral recordings of a speaker that are translated.
_SOURCES = 6


@dataclass(frozen=True, slots=True, eq=False)
class SpeakerGroups:
    """Whom a table allows to judge.

    Attributes:
        groups: Record numbers of the speakers who judge each other.
        speakers: All of them, as ``corpus/speaker``.
    """

    groups: tuple[Indices, ...]
    speakers: tuple[str, ...]


def choose(table: Table, emotions: Sequence[str], leave_out: Sequence[str] = ()) -> SpeakerGroups:
    """Chooses speakers who can be translated and predicted_emotions, and puts them into groups.

    They have neutral recordings, others in the emotions, and known sentences. A group has up to
    `GROUP` of them, of one corpus and, as far as it goes, of both genders alike.

    Args:
        table: Features of the preset ``translate``.
        emotions: What the translator makes.
        leave_out: SpeakerClassifier that may not judge, as ``corpus/speaker``.

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
    for people in corpora.values():
        # Dealt around in the order of gender, every group gets some of each.
        names = [key for _, key in sorted(people)]
        count = max(1, round(len(names) / GROUP))
        dealt = [names[start::count] for start in range(count)]
        groups += [some for some in dealt if len(some) >= _FEWEST]
    return SpeakerGroups(
        tuple(np.flatnonzero(usable & np.isin(keys, some)) for some in groups),
        tuple(sorted(key for some in groups for key in some)),
    )


def evaluate_table(
    converters: Mapping[str, Converter],
    table: Table,
    chosen: SpeakerGroups,
    *,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> ConversionReport:
    """Says how well translators do on a table.

    Beside them stand the sources as they are, and the real recordings of what was asked for.

    Args:
        converters: By name.
        table: Features of the preset ``translate``.
        chosen: Who judges.
        seed: Of the bootstrap.
        progress: Called with 1 for each group done.

    Raises:
        TableError: Nobody can judge.
    """
    if not chosen.groups:
        raise TableError(
            "table",
            "has not two speakers with neutral and other recordings of known sentences",
            "take a corpus such as RAVDESS, TESS, CREMA-D or nEMO",
        )
    answers: dict[str, list[Assessment]] = {
        SOURCE: [],
        **{name: [] for name in converters},
        REAL: [],
    }
    with limit_blas_threads():
        for group in chosen.groups:
            contours, panel = _panel(table, group)
            tasks = _tasks(panel, converters)
            outputs = {
                SOURCE: panel.untouched(tasks),
                **{
                    name: _outputs(converter, contours, tasks)
                    for name, converter in converters.items()
                },
                REAL: panel.real(tasks),
            }
            for name, some in outputs.items():
                answers[name] += panel.answer(some)
            if progress is not None:
                progress(1)
    return summarize(answers, seed=seed)


def _panel(table: Table, group: Indices) -> tuple[list[Contours], FoldEvaluator]:
    spec: FeatureSpec = spec_of(table)
    frames = np.asarray(table["frames"])[group].tolist()
    contours = [
        contours_from_features(np.asarray(table["x"][number, :count]), spec)
        for number, count in zip(group.tolist(), frames, strict=True)
    ]
    keys = np.array(speaker_keys(table), object)[group]
    seen: dict[tuple[str, ...], int] = {}
    recordings = []
    for place, number in enumerate(group.tolist()):
        emotion, intensity, text = (str(table[n][number]) for n in ("y", "intensity", "text"))
        key = (keys[place], emotion, intensity, text)
        take = seen[key] = seen.get(key, -1) + 1
        heard = measure_contours(contours[place])
        recordings.append(ReferenceRecording(keys[place], emotion, intensity, text, take, heard))
    return contours, FoldEvaluator(recordings)


def _tasks(panel: FoldEvaluator, converters: Mapping[str, Converter]) -> list[EvaluationTask]:
    """Asks for what all translators can make, of a few recordings of each speaker."""
    sources: dict[str, list[int]] = {}
    for number, recording in enumerate(panel.recordings):
        if recording.emotion == NEUTRAL:
            sources.setdefault(recording.speaker, []).append(number)
    picked = {
        some[place]
        for some in sources.values()
        for place in np.unique(np.linspace(0, len(some) - 1, _SOURCES).round().astype(int))
    }
    return [
        task
        for task in panel.tasks()
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
