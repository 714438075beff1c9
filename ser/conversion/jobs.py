"""One recording into one emotion: decoded, changed and written as it goes by."""

from __future__ import annotations

import functools
import itertools
import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import NamedTuple

import numpy as np

from ser.arrays import Channels
from ser.audio import reader
from ser.audio.writer import depth_of, open_sound
from ser.conversion.converter import EngineName, open_converter
from ser.conversion.modification import Converter
from ser.conversion.source_emotion import Origin, open_recogniser
from ser.errors import AudioError, SerError
from ser.io.listing import result_name, walk
from ser.models.backend import Device
from ser.parallel import pool
from ser.pretrained import DEFAULT_MODEL

# What is to be translated, and what the results are called.
#
# In a folder a result is called as its recording and its emotion, ``talk.angry.wav``: by the path
# within the folder that was named, or by its own name where a file was. Names depend on what
# else is translated only where two recordings would have the same one: then both keep their own
# endings,
# ``talk.mp3.angry.wav``.


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


MODULES = ("ser.conversion.jobs", "ser.conversion.pipeline", "soundfile", "soxr")
"""What workers import; for `ser.parallel.pool.prepare`."""

AUTO = "auto"
"""The source's emotion is what a classifier hears, phrase by phrase."""

# Shorter recordings are translated as a whole: if a phrase becomes too loud for a file, all of them
# can be turned down for it, which a stream cannot.
_WHOLE_SECONDS = 120.0


class Outcome(NamedTuple):
    """What became of a task.

    Attributes:
        seconds: How much of the recording was heard.
        error: Why there is no result, or None.
    """

    seconds: float = 0.0
    error: SerError | None = None


@dataclass(frozen=True, slots=True)
class Translation:
    """Everything that decides what a recording becomes; plain and small, for other processes.

    Attributes:
        model: The artifact.
        engine: What decides how the voice changes.
        device: Where networks run.
        intensity: From 0, which changes nothing, to 1.5.
        source: The emotion that recordings have, `AUTO` for what the classifier hears in each
            phrase, or None where it is not known.
        recogniser: The classifier.
    """

    model: str
    engine: EngineName
    device: Device
    intensity: float
    source: str | None
    recogniser: str = str(DEFAULT_MODEL)

    def open(self) -> Converter:
        """Opens the engine, or gives what this process has opened before.

        Raises:
            SerError: It cannot be opened.
        """
        return _opened(self.model, self.engine, self.device)

    def origin(self) -> Origin:
        """Gives the emotion of recordings, or what says it of their phrases.

        Raises:
            SerError: The classifier cannot be opened.
        """
        return _listening(self.recogniser) if self.source == AUTO else self.source

    def __call__(
        self, task: Task, heard: Callable[[float], None] = lambda seconds: None
    ) -> Outcome:
        """Makes a result, whole or not at all.

        Args:
            task: What is to be made.
            heard: Called with the seconds decoded since the last call.
        """
        seconds = 0.0

        def pass_on(blocks: Iterator[tuple[Channels, int]]) -> Iterator[Channels]:
            nonlocal seconds
            for block, rate in blocks:
                seconds += len(block) / rate
                yield block
                heard(len(block) / rate)

        try:
            self._translate(task, pass_on)
        except AudioError as error:
            # What is read may be a copy, of a name that nobody has heard of.
            own = error.subject == str(task.recording.path)
            shown = task.recording.shown if own else error.subject
            return Outcome(seconds, AudioError(shown, error.cause, error.cure))
        except SerError as error:
            return Outcome(seconds, error)
        return Outcome(seconds)

    def _translate(
        self,
        task: Task,
        pass_on: Callable[[Iterator[tuple[Channels, int]]], Iterator[Channels]],
    ) -> None:
        path = task.recording.path
        decoded = reader.channels(path)
        first = next(decoded)
        block, rate = first
        blocks = pass_on(itertools.chain([first], decoded))
        comment = ""
        if self.intensity and self.source != task.emotion:
            # It takes a moment to import, and what stays as it is needs none of it.
            from ser.conversion import pipeline

            comment = f"synthetic speech: made {task.emotion} by ser-translate"
            wanted = (rate, self.open(), task.emotion, self.intensity, self.origin())
            begun, ended = _beginning(blocks, round(_WHOLE_SECONDS * rate))
            blocks = (
                iter([pipeline.translate(np.concatenate(begun), *wanted)])
                if ended
                else pipeline.stream(itertools.chain(begun, blocks), *wanted)
            )
        with open_sound(task.target, rate, block.shape[1], depth_of(path), comment) as write:
            for changed in blocks:
                write(changed)


def translate_all(
    tasks: Sequence[Task],
    translation: Translation,
    jobs: int = 1,
    heard: Callable[[float], None] = lambda seconds: None,
) -> Iterator[tuple[Task, Outcome]]:
    """Makes many results, several at a time.

    Args:
        tasks: What is to be made.
        translation: How.
        jobs: Number of processes.
        heard: Called with the seconds of sound done with since the last call.

    Yields:
        Each task with what became of it, as they are done.
    """
    if not pool.pays(jobs, len(tasks), 1):
        for task in tasks:
            yield task, translation(task, heard)
        return
    pool.prepare(*MODULES)
    found = pool.finished(translation, tasks, jobs, _crashed, batch=1)
    for number, outcome in found:
        heard(outcome.seconds)
        yield tasks[number], outcome


def _beginning(blocks: Iterator[Channels], samples: int) -> tuple[list[Channels], bool]:
    """Takes blocks until there are so many samples; says whether these are all."""
    begun: list[Channels] = []
    count = 0
    for block in blocks:
        begun.append(block)
        count += len(block)
        if count > samples:
            return begun, False
    return begun, True


def _crashed(task: Task) -> Outcome:
    return Outcome(
        error=SerError(
            task.recording.shown,
            "ended the process that translated it",
            "check that there is memory enough, or take fewer --jobs",
        )
    )


@functools.lru_cache(maxsize=1)
def _opened(model: str, engine: EngineName, device: Device) -> Converter:
    return open_converter(model, engine, device)


@functools.lru_cache(maxsize=1)
def _listening(model: str) -> Origin:
    return open_recogniser(model)
