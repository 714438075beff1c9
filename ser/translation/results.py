"""What is to be translated, and what the results are called.

In a folder a result is called as its recording and its emotion, ``talk.angry.wav``: by the path
within the folder that was named, or by its own name where a file was. Names depend on what else is
translated only where two recordings would have the same one: then both keep their own endings,
``talk.mp3.angry.wav``.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from ser.batch.jobs import result_name
from ser.corpora.listing import walk
from ser.errors import AudioError, SerError


class Recording(NamedTuple):
    """Something to translate.

    Attributes:
        shown: What the user calls it.
        path: Where it is read.
        name: What its results are called, with its own ending: a path within their folder.
    """

    shown: str
    path: Path
    name: str


class Task(NamedTuple):
    """One result.

    Attributes:
        recording: What it is made of.
        emotion: What it becomes.
        target: Where it goes.
    """

    recording: Recording
    emotion: str
    target: Path


def find_recordings(
    inputs: Iterable[Path], on_error: Callable[[SerError], None]
) -> list[Recording]:
    """Lists what inputs stand for, each file once.

    Args:
        inputs: Files and folders, which are walked.
        on_error: Called for each folder that has nothing to read.
    """
    found: dict[str, Recording] = {}
    for path in inputs:
        count = len(found)
        files = walk(path, on_error) if path.is_dir() else [path]
        empty = True
        for file in files:
            empty = False
            name = file.relative_to(path) if path.is_dir() else PurePath(file.name)
            found.setdefault(os.path.realpath(file), Recording(str(file), file, result_name(name)))
        if empty and len(found) == count:
            on_error(AudioError(path, "holds no audio files", "name audio files or a folder"))
    return list(found.values())


def name_results(
    recordings: Sequence[Recording], emotions: Sequence[str], folder: Path, suffix: str
) -> list[Task]:
    """Gives every result a name of its own in a folder.

    Args:
        recordings: What is translated.
        emotions: Into what, each.
        folder: Where the results go.
        suffix: Their ending, such as ``.wav``.

    Raises:
        SerError: Two recordings have the same name.
    """
    alike: dict[str, list[Recording]] = defaultdict(list)
    for recording in recordings:
        alike[_without_ending(recording.name)].append(recording)
    names = {}
    for stem, those in alike.items():
        for recording in those:
            names[recording] = stem if len(those) == 1 else recording.name
    owners: dict[str, Recording] = {}
    for recording, name in names.items():
        other = owners.setdefault(name, recording)
        if other != recording:
            raise SerError(
                f"{other.shown} and {recording.shown}",
                f"would both have the result {name}",
                "name the folder that holds both, or write to two folders",
            )
    return [
        Task(recording, emotion, folder / f"{names[recording]}.{_safe(emotion)}{suffix}")
        for recording in recordings
        for emotion in emotions
    ]


def check_overwriting(tasks: Sequence[Task]) -> None:
    """Insists that no result takes the place of something that is read.

    Raises:
        SerError: One does.
    """
    sources = {os.path.realpath(task.recording.path): task.recording.shown for task in tasks}
    for task in tasks:
        source = sources.get(os.path.realpath(task.target))
        if source is not None:
            raise SerError(source, "is to be read, and to be a result", "name another output")


def _without_ending(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + (PurePath(last).stem or last)


def _safe(emotion: str) -> str:
    # Emotions come out of a file, and may be called anything.
    return re.sub(r"[^\w-]", "_", emotion)
