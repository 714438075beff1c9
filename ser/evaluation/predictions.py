"""Predictions for clips, and the CSV file that holds them.

The file is CSV with comment lines in front::

    # protocol: RAVDESS speech, 5 speaker-independent folds (Luna-Jimenez et al. 2021)
    # seed: 0
    path,start,corpus,speaker,emotion,predicted,fold,p_neutral,p_calm,...
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

import numpy as np

from ser.arrays import Counts, Doubles, Matrix, Records, Strings
from ser.errors import SerError
from ser.io.files import open_output

_FIELDS = ("path", "start", "corpus", "speaker", "emotion", "predicted", "fold")
_PREFIX = "p_"
_ARRAYS = ("path", "start", "corpus", "speaker", "emotion", "fold", "probabilities")


class PredictionsError(SerError):
    """A predictions file is not one or is damaged."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """A model's predictions for labeled clips. All arrays have one entry per clip.

    Attributes:
        labels: Names of the columns of `probabilities`.
        path: The clip's file.
        start: The start of the clip in its file, in seconds.
        corpus: Its corpus.
        speaker: Its speaker within the corpus.
        emotion: The true emotion.
        fold: The number of the fold that the clip was tested in.
        probabilities: Shape (n, labels).
        protocol: Describes corpus, folds, and whether speakers are disjoint.
        seed: The seed of the training; None where there was none.
    """

    labels: tuple[str, ...]
    path: Strings
    start: Doubles
    corpus: Strings
    speaker: Strings
    emotion: Strings
    fold: Counts
    probabilities: Matrix
    protocol: str = ""
    seed: int | None = None

    def __post_init__(self) -> None:
        """Checks that the arrays have equal lengths.

        Raises:
            ValueError: Their lengths differ.
        """
        lengths = {len(getattr(self, name)) for name in _ARRAYS}
        if len(lengths) != 1 or self.probabilities.shape[1:] != (len(self.labels),):
            raise ValueError("the arrays of predictions have different lengths")

    def __len__(self) -> int:
        return len(self.path)

    @property
    def predicted(self) -> Strings:
        """The most probable label of each clip."""
        if not len(self):
            return np.empty(0, np.str_)
        names = np.array(self.labels, np.str_)
        best: Strings = names[self.probabilities.argmax(axis=1)]
        return best

    @property
    def speaker_keys(self) -> list[str]:
        """The speaker of each clip as ``corpus/speaker``; ``''`` where not known."""
        pairs = zip(self.corpus.tolist(), self.speaker.tolist(), strict=True)
        return [f"{corpus}/{speaker}" if speaker else "" for corpus, speaker in pairs]


def from_table(
    table: Records,
    labels: Sequence[str],
    probabilities: Matrix,
    *,
    fold: int = 0,
    protocol: str = "",
    seed: int | None = None,
) -> Predictions:
    """Combines the records of a feature table with a model's probabilities for them.

    Args:
        table: Records as `ser.dataset.table` describes them, (n,).
        labels: The model's labels.
        probabilities: (n, labels).
        fold: The fold's number.
        protocol: See `Predictions`.
        seed: See `Predictions`.
    """
    return Predictions(
        labels=tuple(labels),
        path=np.asarray(table["path"]),
        start=np.asarray(table["start"], np.float64),
        corpus=np.asarray(table["corpus"]),
        speaker=np.asarray(table["speaker"]),
        emotion=np.asarray(table["y"]),
        fold=np.full(len(table), fold, np.int64),
        probabilities=np.asarray(probabilities, np.float32),
        protocol=protocol,
        seed=seed,
    )


def labeled(predictions: Predictions) -> Predictions:
    """Leaves out the clips without an emotion."""
    known = predictions.emotion != ""
    return replace(predictions, **{name: getattr(predictions, name)[known] for name in _ARRAYS})


def pool_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Concatenates the predictions of folds; protocol and seed are those of the first.

    Raises:
        PredictionsError: There are none, or their labels differ.
    """
    if not parts:
        raise PredictionsError("predictions", "are empty", "give at least one fold")
    first = parts[0]
    if any(part.labels != first.labels for part in parts):
        raise PredictionsError(
            "predictions",
            "have different labels",
            "pool folds that were trained on the same labels",
        )
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
    return Predictions(labels=first.labels, protocol=first.protocol, seed=first.seed, **joined)


def write_predictions(target: str | Path, predictions: Predictions) -> None:
    """Writes a predictions file.

    Args:
        target: A path, or ``-``.
        predictions: What to write.

    Raises:
        PredictionsError: The file cannot be written.
    """
    try:
        with open_output(target) as stream:
            for line in _lines(predictions):
                stream.write(line)  # type: ignore[call-overload]  # a text stream: not binary
    except BrokenPipeError:
        raise
    except OSError as error:
        raise PredictionsError(
            target, f"cannot be written ({error.strerror or error})", "check folder and free space"
        ) from error


# Characters of a column of cells of equal length that any file may have.
_LONGEST = 1 << 20

# Files of others may have fewer digits.
_ROUNDING = 0.02


def read_predictions(source: Path) -> Predictions:
    """Reads a predictions file.

    Raises:
        PredictionsError: The file is missing, or not a predictions file.
    """
    try:
        with source.open(encoding="utf-8", newline="") as stream:
            return _parse(source, stream)
    except FileNotFoundError as error:
        raise PredictionsError(source, "does not exist", "check the path") from error
    except OSError as error:
        raise PredictionsError(source, f"cannot be read ({error.strerror or error})") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise _invalid(source, "it is not text") from error


def is_predictions(head: bytes) -> bool:
    """Recognizes a predictions file.

    Args:
        head: The first bytes of the file.
    """
    return head.startswith((b"# protocol:", ",".join(_FIELDS).encode()))


def _lines(predictions: Predictions) -> Iterator[str]:
    yield f"# protocol: {' '.join(predictions.protocol.split())}\n"
    if predictions.seed is not None:
        yield f"# seed: {predictions.seed}\n"
    yield _row([*_FIELDS, *(_PREFIX + label for label in predictions.labels)])
    columns = (
        predictions.path,
        predictions.start,
        predictions.corpus,
        predictions.speaker,
        predictions.emotion,
        predictions.predicted,
        predictions.fold,
    )
    for *fields, chances in zip(*columns, predictions.probabilities, strict=True):
        # Nine digits represent a float32 exactly.
        yield _row([*map(str, fields), *(f"{chance:.9g}" for chance in chances)])


def _row(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    # File names need not be UTF-8; the file is.
    return text.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")


def _parse(source: Path, stream: IO[str]) -> Predictions:
    notes: dict[str, str] = {}
    line = stream.readline()
    while line.startswith("#"):
        key, _, value = line[1:].partition(":")
        notes[key.strip()] = value.strip()
        line = stream.readline()
    header = next(csv.reader([line]), [])
    named = [name for name in header[len(_FIELDS) :] if name.startswith(_PREFIX)]
    if tuple(header) != (*_FIELDS, *named) or not named:
        raise _invalid(source, f"its columns are not {','.join(_FIELDS)},{_PREFIX}LABEL...")
    rows: list[list[str]] = []
    for row in csv.reader(stream):
        if len(row) != len(header):
            raise _invalid(
                source, f"record {len(rows) + 1} has {len(row)} of {len(header)} columns"
            )
        rows.append(row)
    _check_widths(source, rows)
    columns = list(zip(*rows, strict=True)) or [()] * len(header)
    path, start, corpus, speaker, emotion, _, fold = columns[: len(_FIELDS)]
    try:
        found = Predictions(
            labels=tuple(name.removeprefix(_PREFIX) for name in named),
            path=np.array(path, np.str_),
            start=np.array(start, np.float64),
            corpus=np.array(corpus, np.str_),
            speaker=np.array(speaker, np.str_),
            emotion=np.array(emotion, np.str_),
            fold=np.array(fold, np.int64),
            probabilities=np.array(columns[len(_FIELDS) :], np.float32).T.reshape(-1, len(named)),
            protocol=notes.get("protocol", ""),
            seed=int(notes["seed"]) if "seed" in notes else None,
        )
    except (ValueError, OverflowError) as error:
        raise _invalid(source, f"a number is malformed: {error}") from error
    _check_numbers(source, found)
    return found


def _check_widths(source: Path, rows: list[list[str]]) -> None:
    """Refuses single cells of great length: an array gives every cell the room of the longest."""
    total = sum(len(cell) for row in rows for cell in row)
    for number, row in enumerate(rows, 1):
        longest = max(map(len, row), default=0)
        if longest * len(rows) > _LONGEST + 64 * total:
            raise _invalid(source, f"record {number} has a cell of {longest} characters")


def _check_numbers(source: Path, found: Predictions) -> None:
    chances = found.probabilities
    for what, good in (
        ("probabilities", ((chances >= 0) & (chances <= 1 + _ROUNDING)).all(axis=1)),
        ("probabilities", np.abs(chances.sum(axis=1) - 1) <= _ROUNDING),
        ("times", np.isfinite(found.start)),
    ):
        if not good.all():
            number = int(np.flatnonzero(~good)[0]) + 1
            raise _invalid(source, f"record {number} has impossible {what}")
    if len(set(found.labels)) < len(found.labels):
        raise _invalid(source, "it names a label twice")


def _invalid(source: Path, why: str) -> PredictionsError:
    return PredictionsError(
        source, f"is not a predictions file ({why})", "make one with ser-train --cv"
    )
