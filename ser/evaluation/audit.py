"""Audits a table: what gives emotions away besides speech, and what is in it twice."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Counts, Doubles, Indices, Strings
from ser.dataset.cues import measure_cues
from ser.dataset.folds import Folds, read_folds
from ser.dataset.groups import By, groups, originals, take_keys
from ser.dataset.merge import MergeConfig, merge
from ser.dataset.near_duplicates import NearDuplicate, near_duplicates
from ser.dataset.sides import SharedSides, compare_sides
from ser.dataset.split import make_folds
from ser.dataset.stats import record_names
from ser.dataset.table import (
    Table,
    clip_hashes,
    iter_blocks,
    read_table,
    release_pages,
    speaker_keys,
)
from ser.errors import require
from ser.evaluation.shortcuts import Cue, Shortcut, score_shortcuts
from ser.labels import ordered

TOGETHER = "length, level and silence"
"""The cue that has all three."""

_FOLDS = 5
# A length that fewer clips of an emotion share is chance.
_COMMON_LENGTH = 0.1
_LENGTHS_SHOWN = 3
# How far the progress goes for a fold that is fitted: about as long as so many clips take.
_FIT_STEPS = 200


@dataclass(frozen=True, slots=True)
class EmotionCues:
    """Length, level and silence of the clips of one emotion.

    Attributes:
        clips: How many there are.
        medians: Medians by cue: seconds, decibels, and the silent share of the clip.
        lengths: The commonest lengths in seconds, to the hundredth, and the share of the clips that
            have them; those of a tenth and more, three at most.
    """

    clips: int
    medians: Mapping[str, float]
    lengths: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class NearPair:
    """Two clips that hold the same sound, though nothing but the sound says so.

    Attributes:
        first: The name of a record.
        second: The name of the other.
        similarity: Their correlation, at most 1.
        speakers: The speaker of each.
        emotions: The emotion of each.
    """

    first: str
    second: str
    similarity: float
    speakers: tuple[str, str]
    emotions: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Audit:
    """What an audit of a table has found.

    Attributes:
        records: Records, copies among them.
        clips: Original clips whose emotion is known: those that are scored.
        majority: The accuracy of always naming the commonest emotion.
        emotions: Cues by emotion.
        shortcuts: How well each cue alone tells emotions.
        sentences: How many sentences the table names, among those with two clips and more.
        single_label: Those that are spoken in one emotion only, and that emotion.
        single_label_clips: Clips of such sentences.
        takes: Takes that are in several files, by their files.
        duplicates: Groups of records with equal features.
        near: Pairs of clips that sound the same and are neither of these.
        sides: What the test side of each fold shares with its training side; empty without a split.
        split: What the split is called; empty without one.
        notes: What could not be found out, and why.
        seed: The seed of the folds, the forests and the bootstrap.
    """

    records: int
    clips: int
    majority: float
    emotions: Mapping[str, EmotionCues]
    shortcuts: tuple[Shortcut, ...]
    sentences: int
    single_label: Mapping[str, str]
    single_label_clips: int
    takes: tuple[tuple[str, ...], ...]
    duplicates: tuple[tuple[str, ...], ...]
    near: tuple[NearPair, ...]
    sides: tuple[SharedSides, ...]
    split: str
    notes: tuple[str, ...]
    seed: int

    def to_dict(self) -> dict[str, Any]:
        """Gives everything as plain JSON types."""
        return asdict(self)


def audit_table(
    table: Table,
    split: str | Path | Table | None = None,
    *,
    seed: int = 0,
    name: object = "table",
    begin: Callable[[int], object] = lambda n: None,
    progress: Callable[[int], object] = lambda n: None,
) -> Audit:
    """Looks for what makes figures better than a model is.

    Args:
        table: A feature table, shape (n,). What its features do not hold, such as a level that was
            normalized away, cannot be found; features as recorded tell most.
        split: The folds to audit too: a fold file, the name of published folds, or the table of the
            test side (or its path, which ends in ``.npy``), whose training side `table` is then.
        seed: The seed of the folds, the forests and the bootstrap.
        name: What to call the table in an error, usually its path.
        begin: Called once with the number of steps.
        progress: Called with the number of steps done since the last call.

    Raises:
        DependencyError: scikit-learn is not installed.
        TableError: The split does not fit the table.
        SerError: The fold file cannot be read.
    """
    require("audit", "sklearn")
    folds, called = None, ""
    if isinstance(split, str | Path) and Path(split).suffix == ".npy":
        split = read_table(split)
    if isinstance(split, np.ndarray):
        table, folds = _join(table, split)
        called = "test table"
    elif split is not None:
        folds = read_folds(table, split, name=name, parameter="split", disjoint=False)
        called = folds.name
    recorded = originals(table, np.arange(len(table)))
    labelled = recorded[np.asarray(table["y"])[recorded] != ""]
    emotions = np.asarray(table["y"])[labelled]
    protocols, notes = _protocols(table, labelled, folds, seed)
    if len(set(emotions.tolist())) < 2:
        protocols = {}
        notes.append("there are less than two emotions, and nothing to tell apart")
    fits = sum(map(len, protocols.values())) * 6
    begin(len(table) + 2 * len(recorded) + fits * _FIT_STEPS)

    cues = measure_cues(table, progress)
    notes += cues.notes
    numbers = {cue: values[labelled] for cue, values in cues.values.items()}
    scored = _cues(table, labelled, numbers)
    speakers = np.array(speaker_keys(table), object)
    shortcuts = score_shortcuts(
        scored,
        emotions,
        speakers[labelled].tolist(),
        protocols,
        seed=seed,
        progress=lambda n: progress(n * _FIT_STEPS),
    )
    near = near_duplicates(table, recorded, groups(table, "clip"), progress)
    hashes = [digest for block in iter_blocks(table) for digest in clip_hashes(block)]
    release_pages(table)
    sentences, single, single_clips = _sentences(table, labelled)
    names = record_names(table)
    return Audit(
        records=len(table),
        clips=len(labelled),
        majority=max(Counter(emotions.tolist()).values(), default=0) / max(len(labelled), 1),
        emotions=_by_emotion(emotions, numbers),
        shortcuts=shortcuts,
        sentences=sentences,
        single_label=single,
        single_label_clips=single_clips,
        takes=_takes(table),
        duplicates=_equal(hashes, names),
        near=tuple(_describe(pair, names, speakers, np.asarray(table["y"])) for pair in near),
        sides=tuple(
            compare_sides(table, test, hashes, near) for test in (folds.tests if folds else ())
        ),
        split=called,
        notes=tuple(notes),
        seed=seed,
    )


def _join(train: Table, test: Table) -> tuple[Table, Folds]:
    whole = merge(train, test, config=MergeConfig(duplicates=True))
    side = np.arange(len(train), len(whole))
    return whole, Folds("clip", 0, (side,), "test table")


def _protocols(
    table: Table, labelled: Indices, folds: Folds | None, seed: int
) -> tuple[dict[str, list[Indices]], list[str]]:
    """Makes the test sets of each protocol, as positions among the labelled clips."""
    place = np.full(len(table), -1, np.intp)
    place[labelled] = np.arange(len(labelled))
    found: dict[str, Sequence[Indices]] = {}
    notes = []
    ways: list[By] = ["clip"]
    if (np.asarray(table["speaker"]) != "").all():
        ways.append("speaker")
    else:
        notes.append("some speakers are not known: nothing is scored with speakers apart")
    for by in ways:
        count = len(set(groups(table, by).tolist()))
        if count < 2:
            notes.append(f"there is one group by {by}: nothing is scored with {by}s apart")
            continue
        found[f"{by}s apart"] = make_folds(table, min(_FOLDS, count), by=by, seed=seed).tests
    if folds is not None:
        found["this split"] = folds.tests
    inside = {
        protocol: [place[test][place[test] >= 0] for test in tests]
        for protocol, tests in found.items()
    }
    return {
        protocol: [test for test in tests if 0 < len(test) < len(labelled)]
        for protocol, tests in inside.items()
        if any(0 < len(test) < len(labelled) for test in tests)
    }, notes


def _cues(table: Table, labelled: Indices, numbers: Mapping[str, Doubles]) -> dict[str, Cue]:
    """Puts the cues together that there are, from who speaks to all of silence."""
    found: dict[str, Cue] = {}
    speakers: Strings = np.array(speaker_keys(table), np.str_)[labelled]
    sentences: Strings = np.array(_sentence_keys(table), np.str_)[labelled]
    for name, values in (("speaker", speakers), ("sentence", sentences)):
        if len(set(values.tolist())) > 1:
            found[name] = values
    found |= numbers
    if len(numbers) > 2:
        found[TOGETHER] = np.concatenate(list(numbers.values()), axis=1)
    return found


def _by_emotion(emotions: Strings, numbers: Mapping[str, Doubles]) -> dict[str, EmotionCues]:
    found = {}
    for emotion in ordered(emotions.tolist()):
        own = {cue: values[emotions == emotion, 0] for cue, values in numbers.items()}
        lengths: Counts = np.rint(own["length"] * 100).astype(np.int64)
        common = Counter(lengths.tolist()).most_common(_LENGTHS_SHOWN)
        found[emotion] = EmotionCues(
            len(lengths),
            {cue: float(np.median(values)) for cue, values in own.items()},
            tuple(
                (length / 100, times / len(lengths))
                for length, times in common
                if times >= max(2, _COMMON_LENGTH * len(lengths))
            ),
        )
    return found


def _sentence_keys(table: Table) -> list[str]:
    texts = zip(table["corpus"].tolist(), table["text"].tolist(), strict=True)
    return [f"{corpus}/{text}" if text else "" for corpus, text in texts]


def _sentences(table: Table, labelled: Indices) -> tuple[int, dict[str, str], int]:
    keys, emotions = _sentence_keys(table), table["y"].tolist()
    spoken: dict[str, list[str]] = defaultdict(list)
    for i in labelled.tolist():
        if keys[i]:
            spoken[keys[i]].append(emotions[i])
    several = {key: found for key, found in spoken.items() if len(found) > 1}
    single = {key: found[0] for key, found in several.items() if len(set(found)) == 1}
    return len(several), dict(sorted(single.items())), sum(len(several[key]) for key in single)


def _takes(table: Table) -> tuple[tuple[str, ...], ...]:
    files: dict[tuple[str, str], dict[str, None]] = {}
    for take, path in zip(take_keys(table), table["path"].tolist(), strict=True):
        files.setdefault(take, {})[path] = None
    return tuple(tuple(paths) for paths in files.values() if len(paths) > 1)


def _equal(hashes: Sequence[bytes], names: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    alike: dict[bytes, list[str]] = {}
    for digest, name in zip(hashes, names, strict=True):
        alike.setdefault(digest, []).append(name)
    return tuple(tuple(group) for group in alike.values() if len(group) > 1)


def _describe(
    pair: NearDuplicate, names: Sequence[str], speakers: Any, emotions: Strings
) -> NearPair:
    both = (pair.first, pair.second)
    return NearPair(
        names[pair.first],
        names[pair.second],
        pair.similarity,
        (str(speakers[both[0]]), str(speakers[both[1]])),
        (str(emotions[both[0]]), str(emotions[both[1]])),
    )
