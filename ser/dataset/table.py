"""The feature table: one ``.npy`` file, one record per clip, its specification inside.

The field ``x`` carries the feature specification as JSON in its *title*. NumPy keeps a title
through slicing, `numpy.concatenate`, `numpy.save` and `numpy.load`, so a table that a user filters
by hand is still a valid input for every command.
"""

from __future__ import annotations

import hashlib
import mmap
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from ser.arrays import Array, Indices, Records, Strings
from ser.dataset.damage import find_damage
from ser.dataset.writer import TableWriter
from ser.errors import ParameterError, TableError, missing_package
from ser.features.layout import coefficient_names, functional_count, functional_names
from ser.features.spec import FeatureSpec
from ser.io.files import STANDARD
from ser.io.npy import array_from_bytes, map_array
from ser.wording import counted

Table = Records
"""A structured array as `record_dtype` describes it, a `FeatureTable` or not."""

FeatureChoice = Literal["auto", "functionals", "x"]
"""Which features of a table: statistics of each clip, the features themselves, or what there is."""

# Fields with several numbers per record.
_WIDE = ("x", "functionals")

TEXT_WIDTHS: Mapping[str, int] = MappingProxyType(
    {
        "y": 16,
        "speaker": 32,
        "corpus": 24,
        "path": 128,
        "text": 64,
        "intensity": 16,
        "gender": 8,
        "augment": 64,
    }
)
"""Default widths of the text fields in characters; a writer widens them to what it has to hold."""


def record_dtype(
    spec: FeatureSpec,
    frames: int,
    coefficients: int,
    widths: Mapping[str, int] | None = None,
) -> np.dtype[Any]:
    """Describes one record of a feature table.

    Args:
        spec: The feature specification, stored as the title of ``x``.
        frames: Frames per record; shorter clips are padded with zeros.
        coefficients: Coefficients per frame.
        widths: Widths of text fields in characters where they exceed `TEXT_WIDTHS`.

    Returns:
        A structured dtype with the fields ``x`` float32 (frames, coefficients), ``frames`` (how
        many are real), ``y``, ``speaker``, ``corpus``, ``path``, ``start`` and ``duration`` in
        seconds, ``text``, ``intensity``, ``gender`` and ``augment``; and ``functionals`` float32
        (n,) behind ``x`` where the specification asks for them.
    """
    width = {name: max(size, (widths or {}).get(name, 0)) for name, size in TEXT_WIDTHS.items()}
    count = functional_count(spec)
    functionals = [("functionals", "<f4", (count,))] if count else []
    return np.dtype(
        [
            ((spec.to_json(), "x"), "<f4", (frames, coefficients)),
            *functionals,
            ("frames", "<i4"),
            ("y", f"<U{width['y']}"),
            ("speaker", f"<U{width['speaker']}"),
            ("corpus", f"<U{width['corpus']}"),
            ("path", f"<U{width['path']}"),
            ("start", "<f8"),
            ("duration", "<f8"),
            ("text", f"<U{width['text']}"),
            ("intensity", f"<U{width['intensity']}"),
            ("gender", f"<U{width['gender']}"),
            ("augment", f"<U{width['augment']}"),
        ]
    )


def spec_of(table: Table, name: object = "table") -> FeatureSpec:
    """Reads the feature specification that a table carries.

    Args:
        table: A feature table.
        name: What to call it in an error, usually its path.

    Raises:
        TableError: The array has no ``x`` field with a specification as its title.
        SpecError: The title is not a valid specification.
    """
    fields = table.dtype.fields
    if not fields or "x" not in fields:
        raise TableError(name, "is not a feature table", "make one with ser-extract")
    if len(fields["x"]) < 3:
        raise TableError(
            name,
            "has lost its feature specification (the title of field x)",
            "extract it again with ser-extract",
        )
    return FeatureSpec.from_json(str(fields["x"][2]))


class FeatureTable(np.ndarray[Any, np.dtype[Any]]):
    """A feature table: a structured array, shape (n,), one record per clip.

    It is indexed as every structured array is: ``table["y"]`` is a column and an ordinary array,
    ``table[:10]`` and ``table[table["y"] == "sad"]`` are tables again. A table that was read from a
    file is mapped into memory, and so are its slices. Any structured array of this type becomes one
    by ``array.view(FeatureTable)``.

    See Also:
        `record_dtype` for the fields.
    """

    # Above that of other arrays, so that np.concatenate keeps the class.
    __array_priority__ = 1.0

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if isinstance(found, FeatureTable) and "x" not in (found.dtype.names or ()):
            return found.view(np.ndarray)
        return found

    def __repr__(self) -> str:
        if "x" not in (self.dtype.names or ()) or self.ndim != 1:
            return repr(self.view(np.ndarray))
        frames, coefficients = self.dtype["x"].shape
        emotions = counted(len(set(self["y"].tolist()) - {""}), "emotion")
        speakers = counted(len(set(speaker_keys(self)) - {""}), "speaker")
        count = len(self.functional_names)
        functionals = f", {count} functionals" if count else ""
        return (
            f"<FeatureTable: {counted(len(self), 'record')} of {emotions} and {speakers}; "
            f"x is {frames} x {coefficients} ({', '.join(self.spec.families)}){functionals}>"
        )

    __str__ = __repr__

    @property
    def spec(self) -> FeatureSpec:
        """The feature specification: what the numbers mean.

        Raises:
            TableError: The array is no feature table.
        """
        return spec_of(self)

    @property
    def coefficient_names(self) -> tuple[str, ...]:
        """The names of the coefficients, which are the last dimension of ``x``."""
        return coefficient_names(self.spec)

    @property
    def functional_names(self) -> tuple[str, ...]:
        """The names of the functionals; empty where the table holds none."""
        return functional_names(self.spec) if "functionals" in (self.dtype.names or ()) else ()

    def to_pandas(self, *, x: bool = False) -> Any:
        """Makes a data frame: one row per record, one column per field.

        Args:
            x: Add the features, a column for each number of ``x``, named as `feature_names` says.
                A table of frames gets tens of thousands of columns, a pooled one (``--pool``) as
                many as there are coefficients.

        Returns:
            A `pandas.DataFrame`. Functionals have a column each, by their names; ``x`` is left out
            unless it is asked for.

        Raises:
            DependencyError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise missing_package("to_pandas", error.name) from error
        parts = [
            pd.DataFrame({name: self[name] for name in self.dtype.names or () if name not in _WIDE})
        ]
        wide = [("functionals", self.functional_names)] if self.functional_names else []
        if x:
            wide.append(("x", self.feature_names("x")))
        for field, names in wide:
            values = np.asarray(self[field]).reshape(len(self), -1)
            parts.append(pd.DataFrame(values, columns=list(names)))
        return pd.concat(parts, axis=1)

    def feature_names(self, features: FeatureChoice = "auto") -> tuple[str, ...]:
        """Names the columns of the matrix that `to_sklearn` makes.

        Args:
            features: See `to_sklearn`.

        Returns:
            The names of functionals or of coefficients; a coefficient of one of several frames has
            the number of its frame behind it, as in ``mel_3_t12``.

        Raises:
            ParameterError: The table has no such features.
        """
        if self._features(features) == "functionals":
            return self.functional_names
        frames = self.dtype["x"].shape[0]
        names = self.coefficient_names
        if frames == 1:
            return names
        return tuple(f"{name}_t{frame}" for frame in range(frames) for name in names)

    def to_sklearn(self, features: FeatureChoice = "auto") -> tuple[Array, Strings, Strings]:
        """Makes what scikit-learn's estimators and cross-validation take.

        Records without an emotion are left out.

        Args:
            features: ``functionals`` takes statistics of the clip, ``x`` the features themselves,
                with their frames side by side where there are several; ``auto`` takes functionals
                where the table has them.

        Returns:
            X, float32 of shape (n, columns), with a column for each of `feature_names`; y, the
            emotions, shape (n,); groups, the speakers as ``corpus/speaker``, shape (n,). All
            records whose speaker is not known are one group.

        Raises:
            ParameterError: The table has no such features.

        Examples:
            >>> X, y, groups = table.to_sklearn()  # doctest: +SKIP
            >>> cross_val_score(model, X, y, groups=groups, cv=GroupKFold(5))  # doctest: +SKIP
        """
        field = self._features(features)
        labelled = np.flatnonzero(self["y"] != "")
        values = np.asarray(self[field])[labelled].reshape(len(labelled), -1)
        groups = np.array(speaker_keys(self), np.str_)[labelled]
        return np.ascontiguousarray(values), np.asarray(self["y"])[labelled], groups

    def save(self, path: str | Path) -> None:
        """Writes the table to a ``.npy`` file; see `write_table`.

        Raises:
            TableError: The file cannot be written.
        """
        write_table(path, self)

    def _features(self, features: str) -> str:
        has = "functionals" in (self.dtype.names or ())
        if features == "auto":
            return "functionals" if has else "x"
        if features not in ("functionals", "x"):
            raise ParameterError("features", "is unknown", "use auto, functionals or x", features)
        if features == "functionals" and not has:
            raise ParameterError(
                "features",
                "the table holds none",
                "extract with the preset emotion, or use x",
                features,
            )
        return features


def read_table(source: str | Path) -> FeatureTable:
    """Opens a feature table.

    Args:
        source: A path, memory-mapped read-only; or ``-``, read whole from standard input, because
            a pipe cannot be mapped.

    Returns:
        The records, shape (n,).

    Raises:
        TableError: The file is missing, not ``.npy``, cut short, or not a feature table.
    """
    try:
        if str(source) == STANDARD:
            table = array_from_bytes(sys.stdin.buffer.read())
        else:
            table = _load(Path(source))
    except FileNotFoundError as error:
        raise TableError(source, "does not exist", "check the path") from error
    except OSError as error:
        raise TableError(source, f"cannot be read ({error.strerror or error})") from error
    except (ValueError, EOFError) as error:
        raise TableError(
            source, f"is not a readable .npy file ({error})", "make one with ser-extract"
        ) from error
    if not isinstance(table, np.ndarray) or table.ndim != 1 or table.dtype.names is None:
        raise TableError(source, "is not a feature table", "make one with ser-extract")
    missing = [
        n for n in ("x", "frames", *TEXT_WIDTHS, "start", "duration") if n not in table.dtype.names
    ]
    if missing:
        raise TableError(
            source, f"lacks the fields {', '.join(missing)}", "make it with ser-extract"
        )
    spec_of(table, source)
    problem = find_damage(table)
    if problem is not None:
        raise TableError(source, f"is damaged: {problem}", "make it again with ser-extract")
    return table.view(FeatureTable)


def write_table(target: str | Path, table: Table) -> None:
    """Writes a table that is in memory (or mapped) to a file or to standard output.

    Raises:
        TableError: The file cannot be written.
    """
    with TableWriter(target, table.dtype, keep_part=False) as writer:
        for block in iter_blocks(table):
            writer.append(block)
            release_pages(table)


def clip_hashes(table: Table) -> list[bytes]:
    """Hashes the features of each record; equal hashes mean exact duplicates."""
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in table["x"]]


def source_keys(table: Table) -> list[tuple[str, str, float]]:
    """Gives each record's clip as (corpus, path, start): augmented copies share their source's."""
    return list(
        zip(table["corpus"].tolist(), table["path"].tolist(), table["start"].tolist(), strict=True)
    )


def without_features(table: Table, indices: Indices | None = None) -> Table:
    """Copies the fields that describe some records, without their features.

    Args:
        table: Records, usually memory-mapped.
        indices: Their numbers; None for all.

    Returns:
        The same fields but for ``x`` and ``functionals``, shape (n,), small enough for memory.
    """
    fields: Mapping[str, Any] = table.dtype.fields or {}
    names = [name for name in table.dtype.names or () if name not in ("x", "functionals")]
    chosen = slice(None) if indices is None else indices
    columns = {name: np.asarray(table[name])[chosen] for name in names}
    size = len(next(iter(columns.values())))
    result = np.zeros(size, np.dtype([(name, fields[name][0]) for name in names]))
    for name, values in columns.items():
        result[name] = values
    return result


def speaker_keys(table: Table) -> list[str]:
    """Names each record's speaker as ``corpus/speaker``, and as `''` where none is known.

    Two corpora may both have a speaker "01"; they are different people.
    """
    return [
        f"{corpus}/{speaker}" if speaker else ""
        for corpus, speaker in zip(table["corpus"].tolist(), table["speaker"].tolist(), strict=True)
    ]


def positions_by_speaker(records: Table) -> dict[str, Indices]:
    """Gives the positions of each speaker's records by `speaker_keys`, in the order of the keys."""
    keys = np.array(speaker_keys(records), object)
    return {key: np.flatnonzero(keys == key) for key in sorted(set(keys.tolist()))}


def iter_blocks(table: Table, size: int = 256) -> Iterator[Table]:
    """Walks through a table in blocks of records, so that a mapped one needs little memory."""
    for start in range(0, len(table), size):
        yield table[start : start + size]


def release_pages(table: Table) -> None:
    """Tells the system that the pages of a mapped table are not needed at the moment.

    They are read again when they are touched. Without this a walk through a large table counts as
    memory of the process, although the system could take it back. Other arrays are left alone.
    """
    base: Any = table
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def mapped_file(table: Table) -> Path | None:
    """Gives the file that a whole table is mapped from; None for other tables and for parts."""
    mapping: Any = table.base if isinstance(table, FeatureTable) else table
    if not isinstance(mapping, np.memmap) or not isinstance(mapping.base, mmap.mmap):
        # A part of a mapped table has another one for its base.
        return None
    return Path(mapping.filename) if mapping.filename else None


def _load(path: Path) -> Table:
    if not path.is_file():
        # A FIFO or /dev/stdin can be read once, but not mapped.
        return array_from_bytes(path.read_bytes())
    return map_array(path)
