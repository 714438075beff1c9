"""One recording into one emotion: decoded, changed and written as it goes by."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ser import audio, parallel
from ser.errors import AudioError, SerError
from ser.models.backend import Device
from ser.pretrained import DEFAULT_MODEL
from ser.soundwriter import depth_of, open_sound
from ser.translation.change import Converter
from ser.translation.engines import EngineName, open_converter
from ser.translation.origin import Origin, open_recogniser
from ser.translation.results import Task

MODULES = ("ser.translation.work", "ser.translation.whole", "soundfile", "soxr")
"""What workers import; for `ser.parallel.prepare`."""

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

        def pass_on(blocks: Iterator[tuple[audio.Channels, int]]) -> Iterator[audio.Channels]:
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
        pass_on: Callable[[Iterator[tuple[audio.Channels, int]]], Iterator[audio.Channels]],
    ) -> None:
        path = task.recording.path
        decoded = audio.channels(path)
        first = next(decoded)
        block, rate = first
        blocks = pass_on(itertools.chain([first], decoded))
        comment = ""
        if self.intensity and self.source != task.emotion:
            # It takes a moment to import, and what stays as it is needs none of it.
            from ser.translation import whole

            comment = f"synthetic speech: made {task.emotion} by ser-translate"
            wanted = (rate, self.open(), task.emotion, self.intensity, self.origin())
            begun, ended = _beginning(blocks, round(_WHOLE_SECONDS * rate))
            blocks = (
                iter([whole.translate(np.concatenate(begun), *wanted)])
                if ended
                else whole.stream(itertools.chain(begun, blocks), *wanted)
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
    if not parallel.pays(jobs, len(tasks), 1):
        for task in tasks:
            yield task, translation(task, heard)
        return
    parallel.prepare(*MODULES)
    found = parallel.finished(translation, tasks, jobs, _crashed, batch=1)
    for number, outcome in found:
        heard(outcome.seconds)
        yield tasks[number], outcome


def _beginning(blocks: Iterator[audio.Channels], samples: int) -> tuple[list[audio.Channels], bool]:
    """Takes blocks until there are so many samples; says whether these are all."""
    begun: list[audio.Channels] = []
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
