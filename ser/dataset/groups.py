"""Groups of records that a split must not divide: speakers, copies, takes, duplicates."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from ser.arrays import Indices
from ser.corpora.registry import CORPORA
from ser.dataset.table import (
    Table,
    clip_hashes,
    iter_blocks,
    release_pages,
    source_keys,
    speaker_keys,
)
from ser.errors import ParameterError, TableError, choose_from

By = Literal["speaker", "clip", "corpus"]
"""What the sides of a split do not share."""

# Windows cut back to back touch, but for rounding.
_TOUCH_SECONDS = 1e-3


def groups(table: Table, by: By, *, name: object = "table") -> Indices:
    """Numbers the groups that a split must not divide.

    Whatever `by` says, the augmented copies of a clip, windows that overlap in one take and exact
    duplicates belong together; identical clips of two speakers tie these speakers together. Files
    of one take, such as the audio and the video of RAVDESS, count as one file.

    Args:
        table: A feature table.
        by: ``speaker`` keeps all clips of a speaker together, ``corpus`` those of a corpus, and
            ``clip`` only what sounds the same.
        name: What to call the table in an error, usually its path.

    Returns:
        A group number per record, counted from 0 in the order of appearance.

    Raises:
        TableError: `by` is ``speaker`` and a record has none.
    """
    sets = _DisjointSets(len(table))
    if by != "clip":
        sets.join(group_names(table, by, name=name))
    sets.join(source_keys(table))
    sets.join(_overlaps(table))
    sets.join(digest for block in iter_blocks(table) for digest in clip_hashes(block))
    release_pages(table)
    return sets.numbers()


def take_keys(table: Table) -> list[tuple[str, str]]:
    """Names each record's take as (corpus, take): files that hold the same sound share it.

    A take is what was recorded at one time. The corpus's reader finds it in the file's name
    (`ser.corpora.base.Corpus.take`); where it does not, the path stands for it.
    """
    known: dict[tuple[str, str], tuple[str, str]] = {}
    keys = list(zip(table["corpus"].tolist(), table["path"].tolist(), strict=True))
    for corpus, path in keys:
        if (corpus, path) not in known:
            reader = CORPORA.get(corpus)
            take = reader.take(Path(path)) if reader else ""
            known[corpus, path] = (corpus, take or path)
    return [known[key] for key in keys]


def group_names(table: Table, by: By, *, name: object = "table") -> list[str]:
    """Names what each record is split by, for fold files and summaries.

    Args:
        table: A feature table.
        by: See `groups`.
        name: What to call the table in an error.

    Returns:
        Per record ``corpus/speaker``, the corpus, or ``corpus/path@start``.

    Raises:
        TableError: `by` is ``speaker`` and a record has none.
    """
    if by == "corpus":
        return [str(corpus) for corpus in table["corpus"].tolist()]
    if by == "clip":
        return [f"{corpus}/{path}@{start:.10g}" for corpus, path, start in source_keys(table)]
    speakers = speaker_keys(table)
    unknown = speakers.count("")
    if unknown:
        raise TableError(
            name,
            f"has {unknown} of {len(speakers)} records without a speaker",
            "split by clip, or extract it with a corpus that names its speakers",
        )
    return speakers


def train_indices(size: int, test: Indices) -> Indices:
    """Gives the record numbers under `size` that are not in `test`, sorted."""
    chosen = np.ones(size, dtype=bool)
    chosen[test] = False
    return np.flatnonzero(chosen)


def originals(table: Table, indices: Indices) -> Indices:
    """Leaves out augmented copies, so that a side of a split can be scored with what was recorded.

    Args:
        table: A feature table.
        indices: Record numbers.

    Returns:
        Those of original clips; all of them where there is none among them, for then the copies
        are what somebody wants to score.
    """
    found = indices[np.asarray(table["augment"])[indices] == ""]
    return found if len(found) else indices


def match_names(
    wanted: Sequence[str], present: set[str], *, name: object, parameter: str | None = None
) -> list[str]:
    """Finds the groups of a table that a user or a file names.

    Args:
        wanted: Names with or without ``corpus/`` and leading zeros.
        present: The names in the table.
        name: What to call the table in an error.
        parameter: The parameter that names them, where names that the table does not have are an
            error; None skips them.

    Raises:
        ParameterError: A name fits no group.
        TableError: A name fits groups of several corpora.
    """
    found = []
    for text in wanted:
        fits = sorted(key for key in present if key and _fits(text, key))
        if len(fits) > 1:
            raise TableError(
                name, f"has several groups named {text}", f"write one of {', '.join(fits[:5])}"
            )
        if not fits and parameter is not None:
            known = sorted(filter(None, present))
            raise ParameterError(
                parameter, f"{name} has none of this name", choose_from(text, known), text
            )
        found += fits
    return found


def check_disjoint(table: Table, test: Indices, *, name: object) -> None:
    """Checks that no clip, copy or duplicate of a test record is outside of the test side.

    Raises:
        TableError: There is one; the message names both.
    """
    numbers = groups(table, "clip", name=name)
    outside = train_indices(len(table), test)
    shared = np.intersect1d(numbers[test], numbers[outside])
    if len(shared):
        inner = test[np.argmax(numbers[test] == shared[0])]
        outer = outside[np.argmax(numbers[outside] == shared[0])]
        raise TableError(
            name,
            f"would have the same sound on both sides: {table['path'][inner]} and "
            f"{table['path'][outer]}",
            "ser-merge leaves out exact duplicates, and new folds keep takes together",
        )


class _DisjointSets:
    """Union-find over record numbers (Galler and Fischer 1964)."""

    def __init__(self, size: int) -> None:
        self._parent = list(range(size))

    def join(self, keys: Iterable[Hashable]) -> None:
        """Joins all records whose keys are equal; one key per record."""
        first: dict[Hashable, int] = {}
        for i, key in enumerate(keys):
            self._union(first.setdefault(key, i), i)

    def numbers(self) -> Indices:
        """Numbers the sets in the order of their first records."""
        numbers: dict[int, int] = {}
        return np.array(
            [numbers.setdefault(self._find(i), len(numbers)) for i in range(len(self._parent))],
            dtype=np.intp,
        )

    def _find(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def _union(self, i: int, j: int) -> None:
        i, j = self._find(i), self._find(j)
        self._parent[max(i, j)] = min(i, j)


def _overlaps(table: Table) -> list[int]:
    # Equal numbers for windows of one take that share sound.
    starts, ends = table["start"].tolist(), table["duration"].tolist()
    takes = take_keys(table)
    sources, copy = source_keys(table), (np.asarray(table["augment"]) != "").tolist()
    recorded = {source for source, changed in zip(sources, copy, strict=True) if not changed}
    result = [0] * len(table)
    chain = 0
    before: tuple[str, str] | None = None
    end = 0.0
    for i in sorted(range(len(table)), key=lambda i: (takes[i], starts[i])):
        if copy[i] and sources[i] in recorded:
            # A stretched copy is longer than its clip, and the clip says where the sound is from.
            result[i] = -1 - i
            continue
        if takes[i] != before or starts[i] > end - _TOUCH_SECONDS:
            chain += 1
            before, end = takes[i], starts[i]
        end = max(end, starts[i] + ends[i])
        result[i] = chain
    return result


def _fits(text: str, key: str) -> bool:
    wanted, have = _plain(text), _plain(key)
    return wanted == have or ("/" not in text and wanted[-1] == have[-1] and "/" in key)


def _plain(text: str) -> tuple[str, ...]:
    corpus, slash, speaker = text.strip().casefold().rpartition("/")
    short = speaker.removeprefix("actor_").lstrip("0") or "0"
    return (corpus, short) if slash else (short,)
