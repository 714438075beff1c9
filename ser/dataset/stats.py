"""What is in a feature table: counts, durations, duplicates, values that are not numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ser.arrays import Records
from ser.augment.recipe import transform_names
from ser.dataset.table import Table, clip_hashes, iter_blocks, speaker_keys
from ser.labels import ordered

# The share of zeros in means and deviations over time of a record in which nothing changes.
_ZEROS = 0.5


@dataclass(frozen=True, slots=True)
class Durations:
    """Lengths of clips in seconds."""

    total: float
    min: float
    median: float
    max: float


@dataclass(frozen=True, slots=True)
class TableStatistics:
    """The contents of one table.

    Attributes:
        records: Records, augmented copies among them.
        frames: Frames that each record has room for.
        coefficients: Coefficients per frame.
        emotions: Records per emotion, in the common order; ``''`` counts those without.
        corpora: Records per corpus and emotion.
        speakers: Records per speaker, as ``corpus/speaker``.
        genders: Records per gender; ``''`` counts those without.
        augmented: Copies per augmentation, whatever its strength; originals are not among them.
        durations: Lengths of the originals; None for an empty table.
        duplicates: Groups of two and more records with the same features, each record as its path
            and, for a part of a file, ``@`` and its start.
        non_finite: Records that hold NaN or infinity.
        silent: Records in which nothing changes, as where a recording holds nothing but zeros.
    """

    records: int
    frames: int
    coefficients: int
    emotions: Mapping[str, int]
    corpora: Mapping[str, Mapping[str, int]]
    speakers: Mapping[str, int]
    genders: Mapping[str, int]
    augmented: Mapping[str, int]
    durations: Durations | None
    duplicates: tuple[tuple[str, ...], ...]
    non_finite: tuple[str, ...]
    silent: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Gives everything as plain JSON types."""
        result = asdict(self)
        result["duplicates"] = [list(group) for group in self.duplicates]
        result["non_finite"] = list(self.non_finite)
        result["silent"] = list(self.silent)
        return result


def table_statistics(
    table: Table, progress: Callable[[int], object] | None = None
) -> TableStatistics:
    """Counts what a table holds, block by block.

    Args:
        table: Records, usually memory-mapped: the features are read once and not kept.
        progress: Called with the number of records after each block.
    """
    corpora: dict[str, Counter[str]] = {}
    speakers: Counter[str] = Counter()
    genders: Counter[str] = Counter()
    augmented: Counter[str] = Counter()
    durations: list[float] = []
    alike: dict[bytes, list[str]] = {}
    non_finite: list[str] = []
    silent: list[str] = []
    for block in iter_blocks(table):
        for corpus, emotion in zip(block["corpus"].tolist(), block["y"].tolist(), strict=True):
            corpora.setdefault(corpus, Counter())[emotion] += 1
        speakers.update(speaker_keys(block))
        genders.update(block["gender"].tolist())
        augmented.update(transform_names(label) for label in block["augment"].tolist() if label)
        durations += block["duration"][block["augment"] == ""].tolist()
        names = record_names(block)
        for name, digest in zip(names, clip_hashes(block), strict=True):
            alike.setdefault(digest, []).append(name)
        broken = ~np.isfinite(block["x"]).all(axis=(1, 2))
        non_finite += [name for name, bad in zip(names, broken, strict=True) if bad]
        silent += [name for name, same in zip(names, _unchanging(block), strict=True) if same]
        if progress is not None:
            progress(len(block))
    emotions: Counter[str] = sum(corpora.values(), Counter())
    frames, coefficients = table.dtype["x"].shape
    return TableStatistics(
        records=len(table),
        frames=frames,
        coefficients=coefficients,
        emotions={name: emotions[name] for name in _ordered(emotions)},
        corpora={c: {e: n[e] for e in _ordered(n)} for c, n in sorted(corpora.items())},
        speakers=dict(sorted(speakers.items())),
        genders=dict(sorted(genders.items())),
        augmented=dict(sorted(augmented.items())),
        durations=_durations(durations),
        duplicates=tuple(tuple(group) for group in alike.values() if len(group) > 1),
        non_finite=tuple(non_finite),
        silent=tuple(silent),
    )


def _unchanging(block: Records) -> list[bool]:
    """Says of each record whether nothing changes in it."""
    found = []
    for features, frames in zip(block["x"], block["frames"].tolist(), strict=True):
        own = features[: max(1, frames)]
        # Of statistics over time, deviations are 0 then.
        same = (own == own[0]).all() if len(own) > 1 else np.mean(own == 0) >= _ZEROS
        found.append(bool(same))
    return found


def record_names(table: Table) -> list[str]:
    """Names each record by its path, its start in the file, and how a copy was changed."""
    fields = (table[name].tolist() for name in ("path", "start", "augment"))
    return [
        f"{path}{f'@{start:g}' if start else ''}{f' ({copy})' if copy else ''}"
        for path, start, copy in zip(*fields, strict=True)
    ]


def _ordered(counts: Mapping[str, int]) -> list[str]:
    known = ordered(name for name in counts if name)
    return known + ([""] if "" in counts else [])


def _durations(values: list[float]) -> Durations | None:
    if not values:
        return None
    array = np.array(values)
    return Durations(
        float(array.sum()), float(array.min()), float(np.median(array)), float(array.max())
    )
