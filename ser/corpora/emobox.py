"""Lists of EmoBox: a JSON object per line, one for each recording or part of one.

Ma et al., "EmoBox: Multilingual Multi-corpus Speech Emotion Recognition Toolkit and Benchmark",
Interspeech 2024, https://github.com/emo-box/EmoBox. A line has ``wav``, a path from the folder in
which EmoBox lies, ``emo``, ``dataset``, ``key``, and perhaps ``start_time`` and ``end_time`` in
seconds. ``label_map.json`` beside the list, or a folder above it, says what the letters in ``emo``
mean. Nothing says who speaks: where ser knows the corpus, its reader finds that in the name.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ser.corpora.base import Clip
from ser.corpora.manifest import MOST_SECONDS, BadRow, Manifest, read_text
from ser.errors import CorpusError
from ser.io.jsontext import parse_json
from ser.labels import canonical

EXTENSION = ".jsonl"
_LABELS = "label_map.json"
# A list lies in data/DATASET/fold_1 at the deepest.
_LEVELS = 4


def is_emobox(path: Path) -> bool:
    """Tells by the extension whether a file given by name is a list of EmoBox."""
    return path.suffix.lower() == EXTENSION


def read_emobox(path: Path) -> Manifest:
    """Reads a list of EmoBox.

    Args:
        path: The list.

    Returns:
        Clips, and the errors of invalid lines, which do not affect the others.

    Raises:
        CorpusError: The list or its labels cannot be read.
    """
    labels = _labels(path)
    clips: list[Clip] = []
    errors: list[CorpusError] = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            clips.append(_clip(path, labels, line))
        except BadRow as problem:
            errors.append(CorpusError(f"{path}, line {number}", problem.cause, problem.cure))
    return Manifest(tuple(clips), tuple(errors), ())


def _labels(path: Path) -> dict[str, str]:
    for folder in (path.parent, path.parent.parent):
        name = folder / _LABELS
        if name.is_file():
            try:
                found = parse_json(read_text(name))
            except ValueError as error:
                cause = f"is no JSON ({error})"
                raise CorpusError(name, cause, "take the one that EmoBox has") from error
            if not isinstance(found, dict):
                raise CorpusError(name, "is no JSON object", "take the one that EmoBox has")
            return {key: value for key, value in found.items() if isinstance(value, str)}
    return {}


def _clip(listing: Path, labels: dict[str, str], line: str) -> Clip:
    try:
        record = parse_json(line)
    except ValueError as error:
        raise BadRow(f"is no JSON ({error})", "write a JSON object per line") from error
    if not isinstance(record, dict) or not isinstance(record.get("wav"), str):
        raise BadRow("has no wav", "name the audio file")
    emotion = record.get("emo", "")
    dataset = record.get("dataset", "")
    if not isinstance(emotion, str) or not isinstance(dataset, str):
        raise BadRow("has an emo or a dataset that is no text", "write words")
    start, end = _seconds(record, "start_time"), _seconds(record, "end_time")
    if end is not None and end <= (start or 0.0):
        raise BadRow("ends before it begins", "give seconds")
    return Clip(
        _find(listing, record["wav"]),
        emotion=canonical(labels.get(emotion, emotion), strict=False),
        corpus=dataset or "manifest",
        start=start or 0.0,
        duration=None if end is None else end - (start or 0.0),
    )


def _find(listing: Path, wav: str) -> Path:
    """Finds a recording, whose path is from one of the folders above the list."""
    folder = listing.absolute().parent
    for base in (folder, *folder.parents[:_LEVELS]):
        path = base / wav
        try:
            if path.is_file():
                return path
        except (OSError, ValueError):
            break
    raise BadRow(
        f"names {wav}, which does not exist", "put the recordings where EmoBox expects them"
    )


def _seconds(record: dict[str, Any], name: str) -> float | None:
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRow(f"has a {name} that is no number", "give seconds, such as 1.5")
    if not 0 <= value <= MOST_SECONDS:
        raise BadRow(f"has the {name} {value!r}", "give seconds, such as 1.5")
    return float(value)
