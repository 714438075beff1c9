"""Merges feature tables: one specification, one set of labels, every clip once."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from ser.dataset.groups import take_keys
from ser.dataset.table import (
    TEXT_WIDTHS,
    FeatureTable,
    Table,
    clip_hashes,
    iter_blocks,
    record_dtype,
    release_pages,
    source_keys,
    speaker_keys,
    spec_of,
)
from ser.dataset.writer import TableWriter
from ser.errors import TableError, nearest
from ser.features.spec import FeatureSpec
from ser.labels import COMMON, SPECIFIC, canonical

# Large enough that Python's share is small, small enough for any machine.
_BLOCK_BYTES = 8 << 20

# What `source_keys` gives: corpus, path and start of a clip.
_Source = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """Which records a merge keeps, and under which labels.

    Attributes:
        mapping: Old emotion names to new ones, both canonical; applied once and first.
        keep: Emotions to keep, or empty for all; compared after `mapping`.
        drop: Emotions to leave out; compared after `mapping`.
        unlabelled: Keep records whose emotion is not known.
        duplicates: Keep records whose features equal those of an earlier record.
    """

    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    keep: frozenset[str] = frozenset()
    drop: frozenset[str] = frozenset()
    unlabelled: bool = True
    duplicates: bool = False

    def wanted(self, emotion: str) -> bool:
        """Says whether a record with this label, mapped already, stays."""
        if not emotion:
            return self.unlabelled
        return emotion not in self.drop and (not self.keep or emotion in self.keep)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two identical clips with different labels.

    Attributes:
        kept: Path of the clip that came first.
        kept_label: Its emotion.
        other: Path of the later clip.
        other_label: Its emotion.
    """

    kept: str
    kept_label: str
    other: str
    other_label: str


@dataclass(slots=True)
class MergeReport:
    """Counts of a merge.

    Attributes:
        read: Records read.
        written: Records written.
        filtered: Records left out by their label.
        duplicates: Records with the same features as an earlier one, left out or not.
        orphans: Augmented copies left out with their clip, which is a duplicate.
        doubled: Files written that hold a take which an earlier file holds, too, under other
            features: as video has the sound of audio. A split keeps them together.
        unlabelled: Records written whose emotion is not known.
        conflicts: Identical clips whose labels disagree.
        emotions: Emotions that records have, before and after renaming.
        unused: Emotions named in the configuration that no record has.
        added: Emotions that renaming makes and the vocabulary of `ser.labels` does not have.
        counts: Records written by (corpus, emotion).
        speakers: The speaker keys (``corpus/speaker``) of each corpus.
    """

    read: int = 0
    written: int = 0
    filtered: int = 0
    duplicates: int = 0
    orphans: int = 0
    doubled: int = 0
    unlabelled: int = 0
    conflicts: list[Conflict] = field(default_factory=list)
    emotions: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    speakers: dict[str, set[str]] = field(default_factory=dict)


def merged_dtype(
    tables: Sequence[Table], names: Sequence[object], mapping: Mapping[str, str] | None = None
) -> np.dtype[Any]:
    """Finds the record type that holds the records of every table.

    Args:
        tables: At least one table.
        names: What to call each in an error, usually its path.
        mapping: New labels, which have to fit as well.

    Returns:
        The type with the longest padding and the widest text fields of all.

    Raises:
        TableError: Two tables hold different features; the message names the difference.
    """
    first = spec_of(tables[0], names[0])
    coefficients = _shape(tables[0], names[0])[1]
    frames = 0
    widths = dict.fromkeys(TEXT_WIDTHS, 0)
    for table, name in zip(tables, names, strict=True):
        _require_same(first, names[0], spec_of(table, name), name)
        shape = _shape(table, name)
        if shape[1] != coefficients:
            raise TableError(
                name,
                f"has {shape[1]} coefficients per frame against {coefficients} of {names[0]}",
                "extract both with the same options",
            )
        frames = max(frames, shape[0])
        for column in widths:
            widths[column] = max(widths[column], table.dtype[column].itemsize // 4)
    widths["y"] = max([widths["y"], *map(len, (mapping or {}).values())])
    return record_dtype(first, frames, coefficients, widths)


def merge_tables(
    tables: Sequence[Table],
    names: Sequence[object],
    target: str | Path,
    config: MergeConfig | None = None,
    *,
    progress: Callable[[int], object] | None = None,
) -> MergeReport:
    """Writes the records of several tables behind one another.

    Tables are walked in blocks, so mapped ones of any size need little memory. Shorter records
    are padded with zeros to the longest.

    Args:
        tables: Tables of one feature specification.
        names: What to call each in an error, usually its path.
        target: The path of the merged table, or ``-`` for standard output. It may be one of the
            inputs, for it is replaced only when it is whole.
        config: Which records to keep, and under which labels.
        progress: Called with the number of records read since the last call.

    Returns:
        Counts.

    Raises:
        TableError: The tables do not fit each other, no record is left, or the target cannot be
            written.
    """
    merge = _Merge(tables, names, config or MergeConfig())
    with TableWriter(target, merge.dtype, keep_part=False) as writer:
        for records in merge.blocks(progress):
            writer.append(records)
    return merge.report


def merge(*tables: Table, config: MergeConfig | None = None) -> FeatureTable:
    """Merges feature tables in memory.

    Args:
        *tables: Tables of one feature specification.
        config: Which records to keep, and under which labels. By default exact duplicates are left
            out, and labels get their common names. An emotion in it that no record has is a
            warning.

    Returns:
        The records of all, in the order of the tables.

    Raises:
        TableError: The tables do not fit each other, there is none, or no record is left.
    """
    if not tables:
        raise TableError("merge", "got no tables", "give at least one")
    names = [f"table {number}" for number in range(1, len(tables) + 1)]
    merged = _Merge(tables, names, config or MergeConfig())
    blocks = list(merged.blocks())
    for emotion in merged.report.unused:
        guess = nearest(emotion, merged.report.emotions)
        hint = "" if guess is None else f"; did you mean {guess}?"
        # At the call of `ser.merge`.
        warnings.warn(f"no record is labelled {emotion}{hint}", stacklevel=3)
    return np.concatenate(blocks or [np.empty(0, merged.dtype)]).view(FeatureTable)


class _Merge:
    """One merge: its record type, and its records block by block.

    Args:
        tables: Tables of one feature specification.
        names: What to call each in an error.
        config: Which records to keep, and under which labels.

    Attributes:
        dtype: The record type of the merged table.
        report: Counts of what `blocks` has given so far.
    """

    def __init__(
        self, tables: Sequence[Table], names: Sequence[object], config: MergeConfig
    ) -> None:
        self._tables = tables
        self._names = names
        self._config = config
        self._met: set[str] = set()
        self._takes: dict[tuple[str, str], set[str]] = {}
        self.dtype = merged_dtype(tables, names, config.mapping)
        self.report = MergeReport()

    def blocks(self, progress: Callable[[int], object] | None = None) -> Iterator[Table]:
        """Gives the records that stay.

        Raises:
            TableError: None does.
        """
        tables, config, report, dtype = self._tables, self._config, self.report, self.dtype
        seen, leaving = ({}, set()) if config.duplicates else _recorded(tables, dtype, config)
        for number, table in enumerate(tables):
            begin = 0
            for block in iter_blocks(table, max(1, _BLOCK_BYTES // dtype.itemsize)):
                labels = _labels(block, config, self._met)
                chosen = [i for i, label in enumerate(labels) if config.wanted(label)]
                report.filtered += len(block) - len(chosen)
                if leaving:
                    staying = _without_orphans(block, chosen, leaving)
                    report.orphans += len(chosen) - len(staying)
                    chosen = staying
                records = _convert(block, labels, chosen, dtype)
                fresh = []
                for i, digest in enumerate(clip_hashes(records)):
                    earlier = seen.setdefault(digest, (number, begin + chosen[i]))
                    if earlier != (number, begin + chosen[i]):
                        report.duplicates += 1
                        _compare_labels(tables, earlier, records[i], config, report)
                        if not config.duplicates:
                            continue
                    fresh.append(i)
                records = records[fresh]
                _count(records, report)
                for take, path in zip(take_keys(records), records["path"].tolist(), strict=True):
                    self._takes.setdefault(take, set()).add(path)
                yield records
                begin += len(block)
                report.read += len(block)
                release_pages(table)
                if progress:
                    progress(len(block))
        self._finish()

    def _finish(self) -> None:
        config, report, met = self._config, self.report, self._met
        report.emotions = tuple(sorted(met))
        report.doubled = sum(len(paths) - 1 for paths in self._takes.values())
        report.unused = tuple(sorted({*config.mapping, *config.keep, *config.drop} - met))
        report.added = tuple(sorted({*config.mapping.values()} - {*COMMON, *SPECIFIC}))
        if report.read and not report.written:
            first, *others = self._names
            raise TableError(
                f"{first} and {len(others)} more" if others else first,
                "have no record with a wanted emotion",
                f"they have {', '.join(report.emotions) or 'no labels'}",
            )


def _recorded(
    tables: Sequence[Table], dtype: np.dtype[Any], config: MergeConfig
) -> tuple[dict[bytes, tuple[int, int]], set[_Source]]:
    """Finds, where tables hold copies, which recordings stay and which leave as duplicates.

    The copies of those that leave have to go with them: they sound like nothing that stays, so
    that nothing would tell a split that they belong to the clip that stays. And a copy that chance
    has changed by nothing, such as ``pitch=0st``, must not take the place of its clip.

    Returns:
        Table and row of the first recording with each hash of features; and the clips that leave.
    """
    places: dict[bytes, tuple[int, int]] = {}
    if not any((np.asarray(table["augment"]) != "").any() for table in tables):
        return places, set()
    first: dict[bytes, _Source] = {}
    found = set()
    for number, table in enumerate(tables):
        begin = 0
        for block in iter_blocks(table, max(1, _BLOCK_BYTES // dtype.itemsize)):
            labels = _labels(block, config, set())
            recorded = (np.asarray(block["augment"]) == "").tolist()
            chosen = [i for i, label in enumerate(labels) if recorded[i] and config.wanted(label)]
            records = _convert(block, labels, chosen, dtype)
            keys = zip(clip_hashes(records), source_keys(records), chosen, strict=True)
            for digest, source, row in keys:
                places.setdefault(digest, (number, begin + row))
                if first.setdefault(digest, source) != source:
                    found.add(source)
            begin += len(block)
            release_pages(table)
    # A clip that one table has under other features, too, stays.
    return places, found - set(first.values())


def _without_orphans(block: Table, chosen: Sequence[int], leaving: set[_Source]) -> list[int]:
    sources, labels = source_keys(block), block["augment"].tolist()
    return [i for i in chosen if not (labels[i] and sources[i] in leaving)]


def _labels(block: Table, config: MergeConfig, met: set[str]) -> list[str]:
    result = []
    for label in block["y"].tolist():
        name = canonical(label, strict=False)
        mapped = config.mapping.get(name, name)
        met.update(filter(None, (name, mapped)))
        result.append(mapped)
    return result


def _convert(
    block: Table, labels: Sequence[str], chosen: Sequence[int], dtype: np.dtype[Any]
) -> Table:
    # Field by field: NumPy would assign structured arrays by position, not by name.
    records = np.zeros(len(chosen), dtype)
    frames = block["x"].shape[1]
    records["x"][:, :frames] = block["x"][chosen]
    records["y"] = [labels[i] for i in chosen]
    for name in dtype.names or ():
        if name not in ("x", "y"):
            records[name] = block[name][chosen]
    return records


def _compare_labels(
    tables: Sequence[Table],
    earlier: tuple[int, int],
    record: Any,
    config: MergeConfig,
    report: MergeReport,
) -> None:
    first = tables[earlier[0]][earlier[1]]
    label = canonical(str(first["y"]), strict=False)
    label = config.mapping.get(label, label)
    if label != record["y"]:
        report.conflicts.append(
            Conflict(str(first["path"]), label, str(record["path"]), str(record["y"]))
        )


def _count(records: Table, report: MergeReport) -> None:
    report.written += len(records)
    corpora = records["corpus"].tolist()
    emotions = records["y"].tolist()
    report.unlabelled += emotions.count("")
    report.counts.update(zip(corpora, emotions, strict=True))
    for corpus, speaker in zip(corpora, speaker_keys(records), strict=True):
        known = report.speakers.setdefault(corpus, set())
        if speaker:
            known.add(speaker)


def _shape(table: Table, name: object) -> tuple[int, int]:
    shape = table.dtype["x"].shape
    if len(shape) != 2:
        raise TableError(name, f"has features of shape {shape}", "ser-extract makes frames by rows")
    return shape[0], shape[1]


def _require_same(first: FeatureSpec, name: object, other: FeatureSpec, other_name: object) -> None:
    difference = first.difference(other)
    if difference:
        raise TableError(
            other_name,
            f"holds other features than {name}: {difference}",
            "extract both with the same options",
        )
