"""The recordings of a batch, and what the result of each is called.

A name depends on how the recording was given and on nothing else, so that a batch can be resumed,
or cut into lists for several machines, without a result being looked for under another name:

- what is found in a folder has its path within that folder;
- what is named itself has the path that it was named by, as with ``cp --parents``;
- the name keeps the recording's own ending, ``talk.wav.jsonl``: ``talk.wav`` and ``talk.mp3`` have
  different results, today and when the second one comes along next week.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import NamedTuple

from ser.audio.selection import Remark, ignore
from ser.errors import AudioError, SerError
from ser.io.files import STANDARD, is_special
from ser.io.listing import PassedOver, is_folder, result_name, walk
from ser.io.remote import RemoteFile, find_audio, is_url, url_or_path


class Job(NamedTuple):
    """One recording of a batch. Plain and small, because it is sent to other processes.

    Attributes:
        file: The recording's name as the user gave it, and in the results.
        source: Where to read it: an absolute path or a URL.
        name: The results' name up to their endings: a path with ``/`` that leads out of no folder.
        size: Bytes, for the progress of the batch; 0 where that is not known.
    """

    file: str
    source: str
    name: str
    size: int


def find_jobs(
    inputs: Sequence[Path],
    on_error: Callable[[SerError], None] = lambda error: None,
    *,
    named: bool = True,
    remark: Remark = ignore,
) -> list[Job]:
    """Lists the recordings of inputs, in the order given.

    Args:
        inputs: Files, folders (walked, sorted) and URLs.
        on_error: Called for each input that has nothing to read.
        named: Each recording has a result of its own, which needs a name; one that is given twice
            has one result.
        remark: Told, for each folder, what was passed over in it.

    Raises:
        SerError: Two recordings would have the same result, or one comes through a pipe.
    """
    if not named:
        return [job for path in inputs for job in _jobs_of(path, on_error, remark)]
    jobs: dict[str, Job] = {}
    for path in inputs:
        for job in _jobs_of(path, on_error, remark):
            other = jobs.setdefault(job.name, job)
            if other.source != job.source:
                raise SerError(
                    f"{other.file} and {job.file}",
                    f"would both have the result {job.name}",
                    "name the folder that holds both, or write to two folders",
                )
    return list(jobs.values())


def _jobs_of(path: Path, on_error: Callable[[SerError], None], remark: Remark) -> Iterator[Job]:
    given = url_or_path(path)
    if is_url(given):
        try:
            for found in find_audio(given):
                yield _remote(found, given)
        except SerError as error:
            on_error(error)
    elif is_folder(path):
        empty = True
        others = PassedOver()
        for file in walk(path, on_error, others.add):
            empty = False
            yield _local(file, file.relative_to(path))
        said = others.remark()
        if said is not None:
            remark(f"{path}: {said}")
        if empty:
            on_error(AudioError(path, "holds no audio files", "name audio files or a folder"))
    elif str(path) == STANDARD or is_special(path):
        raise SerError(
            given, "has no name that a result could have", "save the recording to a file first"
        )
    else:
        yield _local(path, path)


def _local(path: Path, shown: PurePath) -> Job:
    try:
        size = path.stat().st_size
    except OSError:
        # What is wrong with it is said when its turn comes.
        size = 0
    return Job(str(path), os.path.abspath(path), result_name(shown), size)  # noqa: PTH100


def _remote(found: RemoteFile, given: str) -> Job:
    own = found.url == given
    shown = PurePosixPath(given.partition("://")[2] if own else found.name)
    return Job(found.url, found.url, result_name(shown), found.size)
