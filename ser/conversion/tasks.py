"""The recordings that are converted, and the names of the results.

In a folder a result is called by its recording and its emotion, ``talk.angry.wav``: by the path
within the folder that was named, or by the file's own name. Where two recordings would have the
same name, both keep their own suffixes: ``talk.mp3.angry.wav``.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path, PurePath
from typing import NamedTuple

from ser.errors import AudioError, SerError
from ser.io.listing import is_folder, result_name, walk


class SourceRecording(NamedTuple):
    """A recording to convert.

    Attributes:
        shown: What the user calls it.
        path: Where it is read.
        name: What its results are named for, with its suffix: a path within the output folder.
    """

    shown: str
    path: Path
    name: str


class ConversionTask(NamedTuple):
    """One result: a recording in an emotion.

    Attributes:
        recording: The source.
        emotion: The target emotion.
        target: The output file.
    """

    recording: SourceRecording
    emotion: str
    target: Path


def find_recordings(
    inputs: Iterable[Path], on_error: Callable[[SerError], None]
) -> list[SourceRecording]:
    """Lists the recordings of files and folders, each file once.

    Args:
        inputs: Files, and folders, which are walked.
        on_error: Called for each folder without a readable file.
    """
    found: dict[str, SourceRecording] = {}
    for path in inputs:
        count = len(found)
        files = walk(path, on_error) if is_folder(path) else [path]
        empty = True
        for file in files:
            empty = False
            name = file.relative_to(path) if is_folder(path) else PurePath(file.name)
            recording = SourceRecording(str(file), file, result_name(name))
            found.setdefault(os.path.realpath(file), recording)
        if empty and len(found) == count:
            on_error(AudioError(path, "holds no audio files", "name audio files or a folder"))
    return list(found.values())


def name_results(
    recordings: Sequence[SourceRecording], emotions: Sequence[str], folder: Path, suffix: str
) -> list[ConversionTask]:
    """Names the results in a folder.

    Args:
        recordings: The sources.
        emotions: The target emotions of each.
        folder: The output folder.
        suffix: Of the output files, such as ``.wav``.

    Raises:
        SerError: Two recordings have the same name.
    """
    by_stem: dict[str, list[SourceRecording]] = defaultdict(list)
    for recording in recordings:
        by_stem[_stem(recording.name)].append(recording)
    names = {}
    for stem, group in by_stem.items():
        for recording in group:
            names[recording] = stem if len(group) == 1 else recording.name
    owners: dict[str, SourceRecording] = {}
    for recording, name in names.items():
        other = owners.setdefault(name, recording)
        if other != recording:
            raise SerError(
                f"{other.shown} and {recording.shown}",
                f"would both have the result {name}",
                "name the folder that holds both, or write to two folders",
            )
    return [
        ConversionTask(recording, emotion, folder / f"{names[recording]}.{_safe(emotion)}{suffix}")
        for recording in recordings
        for emotion in emotions
    ]


def _stem(name: str) -> str:
    folder, slash, last = name.rpartition("/")
    return folder + slash + (PurePath(last).stem or last)


def _safe(emotion: str) -> str:
    # Emotions come out of a model file, and may have any characters.
    return re.sub(r"[^\w-]", "_", emotion)
