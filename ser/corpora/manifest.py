"""Manifests: CSV or TSV tables of recordings and their labels.

The first line names the columns, in any order and case. ``path`` is needed, relative to the
manifest's folder, or a URL; ``emotion``, ``speaker``, ``corpus``, ``text``, ``intensity``,
``gender``, ``start``, ``duration`` and ``end`` (seconds) may be there. Emotions may be any words:
known spellings become the names of `ser.labels`, others stay.

``file`` is another name of ``path``, and times may be written ``0 days 00:00:01.5``: so the tables
of an audformat database (``db.emotion.csv``) are manifests as they are
(https://audeering.github.io/audformat/data-format.html).
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ser.corpora.base import Clip
from ser.errors import CorpusError
from ser.io.remote import is_url
from ser.labels import canonical

EXTENSIONS: tuple[str, ...] = (".csv", ".tsv")
COLUMNS: tuple[str, ...] = (
    "path",
    "emotion",
    "speaker",
    "corpus",
    "text",
    "intensity",
    "gender",
    "start",
    "duration",
    "end",
)
"""Every column that is read; others are ignored with a note."""

_NAMES = {"file": "path"}
# How pandas writes a span of time.
_DAYS = re.compile(r"(\d{1,5}) days?(?: (\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?))?")
_GENDERS = {"f": "female", "female": "female", "m": "male", "male": "male"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of a manifest.

    Attributes:
        clips: The clips of the valid rows, in their order.
        errors: One for each invalid row, with its line.
        notes: Notes about columns that are ignored.
    """

    clips: tuple[Clip, ...]
    errors: tuple[CorpusError, ...]
    notes: tuple[str, ...]


def is_manifest(path: Path) -> bool:
    """Tells by the extension whether a file given by name is a manifest."""
    return path.suffix.lower() in EXTENSIONS


def read_manifest(path: Path, *, missing: bool = False) -> Manifest:
    """Reads a manifest.

    Args:
        path: UTF-8 text; columns are parted by commas, semicolons or tabs, whichever the first
            line has most of.
        missing: Files that are not there are clips too, under the names that they have in the
            manifest; otherwise their rows are invalid.

    Returns:
        Clips, and the errors of invalid rows, which do not affect the others. Clips without a
        corpus get the corpus ``manifest``, so that equal names of speakers mean one person in
        every manifest that does not say otherwise.

    Raises:
        CorpusError: The file cannot be read, or its first line has no ``path``.
    """
    text = read_text(path)
    first = text.split("\n", 1)[0]
    # On a tie (a single column) the tab of .tsv or the comma of .csv changes nothing.
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    clips: list[Clip] = []
    errors: list[CorpusError] = []
    notes: list[str] = []
    header: list[str] = []
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if "path" not in header:
            header = [_NAMES.get(name, name) for name in header]
        notes = _check_header(path, header)
        for row in reader:
            if not any(value.strip() for value in row):
                continue
            try:
                clips.append(_clip(path, header, row, missing))
            except BadRow as problem:
                subject = f"{path}, line {reader.line_num}"
                errors.append(CorpusError(subject, problem.cause, problem.cure))
    except csv.Error as error:
        errors.append(
            CorpusError(
                f"{path}, line {reader.line_num}",
                f"is not valid CSV ({error})",
                "check its quotation marks; lines after it were not read",
            )
        )
    return Manifest(tuple(clips), tuple(errors), tuple(notes))


def read_text(path: Path) -> str:
    """Reads a text file.

    Raises:
        CorpusError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CorpusError(path, "is not UTF-8 text", "save it in UTF-8") from error
    except OSError as error:
        cause = f"cannot be read ({error.strerror or error})"
        raise CorpusError(path, cause, "check the path") from error


class BadRow(Exception):  # noqa: N818 - it never leaves the readers of lists
    """A row of a list is invalid; whoever reads the list says which.

    Args:
        cause: What is wrong.
        cure: What the user can do about it.
    """

    def __init__(self, cause: str, cure: str) -> None:
        super().__init__(cause)
        self.cause, self.cure = cause, cure


def _check_header(path: Path, header: list[str]) -> list[str]:
    if "path" not in header:
        shown = ", ".join(name for name in header if name)[:120] or "nothing"
        raise CorpusError(
            path,
            f"is not a manifest: its first line has no column 'path' (it has {shown})",
            f"name the columns there: path and any of {', '.join(COLUMNS[1:])}",
        )
    twice = sorted({name for name in header if name in COLUMNS and header.count(name) > 1})
    if twice:
        raise CorpusError(path, f"has the column {twice[0]!r} twice", "leave one of them")
    ignored = [name for name in header if name and name not in COLUMNS]
    if not ignored:
        return []
    plural = "s" if len(ignored) > 1 else ""
    return [f"{path}: ignored column{plural} {', '.join(ignored)}"]


def _clip(manifest: Path, header: list[str], row: list[str], missing: bool) -> Clip:
    if len(row) > len(header):
        raise BadRow(
            f"has {len(row)} values for {len(header)} columns",
            "put values that hold the delimiter in quotation marks",
        )
    values = {name: value.strip() for name, value in zip(header, row, strict=False)}
    if not values["path"]:
        raise BadRow("has no path", "name the audio file")
    remote = is_url(values["path"])
    named = Path(values["path"])
    path = named if remote else manifest.parent / named.expanduser()
    try:
        # Whether there is something behind a URL is found when it is read.
        found = remote or path.exists()
    except (OSError, ValueError):
        found = False
    if not found and missing:
        path = named
    elif not found:
        raise BadRow(
            f"names {values['path']}, which does not exist",
            "paths are relative to the manifest's folder",
        )
    if path.is_dir():
        raise BadRow(f"names {values['path']}, which is a folder", "name audio files one by one")
    gender = values.get("gender", "").lower()
    if gender and gender not in _GENDERS:
        raise BadRow(f"has the gender {gender!r}", "write female, male, or nothing")
    start, end = _seconds(values, "start") or 0.0, _seconds(values, "end")
    duration = _seconds(values, "duration")
    if duration is None and end is not None:
        if end <= start:
            raise BadRow("ends before it begins", "give seconds, or nothing for the whole file")
        duration = end - start
    if duration == 0:
        raise BadRow("has a duration of 0", "give seconds, or nothing for the whole file")
    return Clip(
        path,
        emotion=canonical(values.get("emotion", ""), strict=False),
        speaker=values.get("speaker", ""),
        corpus=values.get("corpus", "") or "manifest",
        text=values.get("text", ""),
        intensity=values.get("intensity", ""),
        gender=_GENDERS.get(gender, ""),
        start=start,
        duration=duration,
    )


MOST_SECONDS = 1e8
"""No recording is longer than three years."""


def _seconds(values: Mapping[str, str], name: str) -> float | None:
    text = values.get(name, "")
    if text in ("", "NaT"):
        return None
    span = _DAYS.fullmatch(text)
    if span is not None:
        days, hours, minutes, seconds = (float(part or 0) for part in span.groups())
        return days * 86_400 + hours * 3600 + minutes * 60 + seconds
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= MOST_SECONDS:
        raise BadRow(f"has the {name} {text!r}", "give seconds, such as 1.5")
    return number
