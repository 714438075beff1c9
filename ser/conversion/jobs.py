"""Conversion of whole recordings: from a file or samples, with a model that is opened by its path.

`convert_speech` is for one recording in memory, `convert_files` for many files in several
processes. Both run `convert_blocks`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ser.arrays import Channels, Samples
from ser.audio import reader
from ser.audio.selection import DEFAULT, Selection
from ser.audio.writer import bit_depth, open_sound_file
from ser.conversion.converter import EngineName, open_converter
from ser.conversion.knobs import ADJUSTED, NEUTRAL, AdjustedConverter, Knobs, PhraseReport
from ser.conversion.loudness import Loudness, check_loudness
from ser.conversion.modification import MAX_INTENSITY, Converter, check_emotion
from ser.conversion.source_emotion import SourceEmotion, open_source_classifier
from ser.conversion.tasks import ConversionTask
from ser.errors import AudioError, ParameterError, SerError, failure_of
from ser.labels import canonical
from ser.models.backend import Device
from ser.parallel import pool
from ser.pretrained import DEFAULT_TRANSLATOR, SMALL_MODEL, find_model

AUTO = "auto"
"""The source emotion is recognized by a classifier, phrase by phrase."""

# Longer recordings are converted as a stream. Shorter ones are converted in one piece, so that all
# of a recording can be turned down where a part of it would be too loud.
_MAX_SECONDS_IN_MEMORY = 120.0


class ConversionResult(NamedTuple):
    """The outcome of a task.

    Attributes:
        seconds: Seconds of the recording that were decoded.
        error: Why there is no output file, or None.
        phrases: What was done to each phrase.
    """

    seconds: float = 0.0
    error: SerError | None = None
    phrases: tuple[PhraseReport, ...] = ()


@dataclass(frozen=True, slots=True)
class ConversionConfig:
    """How recordings are converted; small and picklable, for worker processes.

    Attributes:
        model: The path of the conversion model.
        engine: ``network``, ``rules``, or ``auto``: the network where the model has one.
        device: Where networks run.
        intensity: From 0, which changes nothing, to `MAX_INTENSITY`.
        source: The emotion of the recordings, `AUTO` to recognize that of each phrase, or None
            where it is not known.
        classifier: The path of the classifier for `AUTO`.
        selection: Which track of each recording is converted, and of its channels one; ``mix``
            for all channels.
        loudness: How loud results are; see `ser.conversion.loudness.Loudness`.
        knobs: What is changed beside the emotion, or, for `ser.conversion.knobs.ADJUSTED`, alone.
    """

    model: str = str(DEFAULT_TRANSLATOR)
    engine: EngineName = "auto"
    device: Device = "auto"
    intensity: float = 1.0
    source: str | None = None
    classifier: str = str(SMALL_MODEL)
    selection: Selection = DEFAULT
    loudness: Loudness = "keep"
    knobs: Knobs = NEUTRAL

    def __post_init__(self) -> None:
        """Checks the intensity and the loudness.

        Raises:
            ParameterError: One is out of its range.
        """
        check_loudness(self.loudness)
        if not 0 <= self.intensity <= MAX_INTENSITY:
            cause = f"must be from 0 to {MAX_INTENSITY}"
            raise ParameterError("intensity", cause, value=self.intensity)

    def open_converter(self) -> Converter:
        """Opens the engine, or gives the one that this process has opened before.

        Raises:
            SerError: It cannot be opened.
        """
        return _cached_converter(self.model, self.engine, self.device)

    def open_source_emotion(self) -> SourceEmotion:
        """Gives the emotion of the recordings, or the classifier that recognizes it.

        Raises:
            SerError: The classifier cannot be opened.
        """
        return _cached_classifier(self.classifier) if self.source == AUTO else self.source


def convert_speech(
    source: reader.Source,
    to: str | None,
    *,
    intensity: float = 1.0,
    source_emotion: str | None = None,
    engine: EngineName = "auto",
    model: str | Path | None = None,
    device: Device = "auto",
    classifier: str | Path | None = None,
    loudness: Loudness = "keep",
    knobs: Knobs = NEUTRAL,
) -> tuple[Samples, int]:
    """Converts a recording to another emotion; words, voice, sample rate and channels stay.

    The result is synthetic speech.

    Args:
        source: A path, a URL, an open file, or ``(samples, sample_rate)``; see
            `ser.audio.reader.Source`.
        to: The target emotion, such as ``"angry"``: one that the model makes; None for none, where
            knobs alone change the voice.
        intensity: 0 changes nothing, 0.4 is an actor's normal recording, 1 a strong one, and 1.5
            the most.
        source_emotion: The emotion of the recording, where it is known. ``"auto"``: a classifier
            recognizes it in each phrase. Phrases that have the target emotion stay as they are.
            None takes recordings for more or less neutral.
        engine: ``"network"``, ``"rules"``, or ``"auto"``: the network where the model has one.
        model: The path of a conversion model; None for the one that comes with the package.
        device: Where networks run: ``"cpu"``, ``"gpu"`` or ``"auto"``.
        classifier: The path of the classifier for ``"auto"``; None for the one that comes with the
            package.
        loudness: ``"keep"`` for the source's loudness, ``"actor"`` for the change of level that
            actors make, or LUFS (ITU-R BS.1770), such as -23.
        knobs: What is changed beside the emotion.

    Returns:
        The samples, float32 within -1 to 1, shape (samples,) for a recording of one channel and
        (samples, channels) otherwise; and their rate in hertz, which is that of the source.

    Raises:
        AudioError: The recording cannot be read.
        ArtifactError: The model is no conversion model.
        LabelError: An emotion is unknown.
        ParameterError: The model does not make the emotion, or the intensity is out of its range.
    """
    config = ConversionConfig(
        str(model or DEFAULT_TRANSLATOR),
        engine,
        device,
        intensity,
        source_emotion if source_emotion in (None, AUTO) else canonical(str(source_emotion)),
        str(find_model(classifier or SMALL_MODEL)),
        loudness=loudness,
        knobs=knobs,
    )
    emotion = ADJUSTED
    if to is not None:
        emotion = canonical(to)
        check_emotion(emotion, config.open_converter().emotions)
    decoded = reader.channels(source)
    first, rate = next(decoded)
    blocks = itertools.chain([first], (block for block, _ in decoded))
    samples = np.concatenate(list(convert_blocks(blocks, rate, emotion, config)))
    return (samples[:, 0] if samples.shape[1] == 1 else samples), rate


def write_speech(target: Path, samples: Samples, rate: int, emotion: str) -> None:
    """Writes the result of `convert_speech`, with a comment that says that it is synthetic.

    Args:
        target: A name that ends in ``.wav`` or ``.flac``.
        samples: Shape (samples,) or (samples, channels).
        rate: Hertz.
        emotion: The target emotion, for the comment.

    Raises:
        AudioError: The suffix is unknown, or the file cannot be written.
    """
    channels = samples[:, None] if samples.ndim == 1 else samples
    comment = synthetic_comment(emotion)
    with open_sound_file(target, rate, channels.shape[1], comment=comment) as write:
        write(channels)


def convert_blocks(
    blocks: Iterator[Channels],
    rate: int,
    to: str,
    config: ConversionConfig,
    on_phrase: Callable[[PhraseReport], None] = lambda report: None,
) -> Iterator[Channels]:
    """Converts a recording that arrives in blocks.

    Args:
        blocks: Shape (samples, channels) each.
        rate: Hertz.
        to: The target emotion.
        config: How to convert.
        on_phrase: Called with what was done to each phrase.

    Yields:
        The result in blocks, of other lengths; one block for recordings of up to two minutes.

    Raises:
        SerError: The model cannot be opened, or does not make the emotion.
    """
    if _keeps(to, config):
        yield from blocks
        return
    # Imported here: recordings that stay as they are do not need it.
    from ser.conversion import pipeline

    converter = None if to == ADJUSTED else config.open_converter()
    if converter is None or not config.knobs.is_neutral:
        converter = AdjustedConverter(config.knobs, converter)
    arguments = (
        rate,
        converter,
        to,
        config.intensity,
        config.open_source_emotion(),
        config.loudness,
        config.knobs,
        on_phrase,
    )
    beginning, ended = _take(blocks, round(_MAX_SECONDS_IN_MEMORY * rate))
    if ended:
        yield pipeline.convert(np.concatenate(beginning), *arguments)
    else:
        yield from pipeline.convert_stream(itertools.chain(beginning, blocks), *arguments)


def convert_file(
    task: ConversionTask,
    config: ConversionConfig,
    on_seconds: Callable[[float], None] = lambda seconds: None,
) -> ConversionResult:
    """Writes the output file of a task, completely or not at all.

    Args:
        task: What to convert.
        config: How.
        on_seconds: Called with the seconds decoded since the last call.
    """
    seconds = 0.0
    phrases: list[PhraseReport] = []

    def count(blocks: Iterator[tuple[Channels, int]]) -> Iterator[Channels]:
        nonlocal seconds
        for block, rate in blocks:
            seconds += len(block) / rate
            yield block
            on_seconds(len(block) / rate)

    try:
        decoded = reader.channels(task.recording.path, selection=config.selection)
        first, rate = next(decoded)
        blocks = count(itertools.chain([(first, rate)], decoded))
        with open_sound_file(
            task.target,
            rate,
            first.shape[1],
            bit_depth(task.recording.path),
            "" if _keeps(task.emotion, config) else synthetic_comment(task.emotion),
        ) as write:
            for block in convert_blocks(blocks, rate, task.emotion, config, phrases.append):
                write(block)
    except AudioError as error:
        # What is read may be a temporary copy, whose name the user does not know.
        from_source = error.subject == str(task.recording.path)
        shown = task.recording.shown if from_source else error.subject
        return ConversionResult(seconds, AudioError(shown, error.cause, error.cure))
    except Exception as error:
        return ConversionResult(seconds, failure_of(task.recording.shown, error))
    return ConversionResult(seconds, None, tuple(phrases))


def convert_files(
    tasks: Sequence[ConversionTask],
    config: ConversionConfig,
    jobs: int = 1,
    on_seconds: Callable[[float], None] = lambda seconds: None,
) -> Iterator[tuple[ConversionTask, ConversionResult]]:
    """Performs many tasks, several at a time.

    Args:
        tasks: What to convert.
        config: How.
        jobs: Number of processes.
        on_seconds: Called with the seconds of sound converted since the last call.

    Yields:
        Each task with its outcome, as they are done.
    """
    if not pool.needs_processes(jobs, len(tasks), 1):
        for task in tasks:
            yield task, convert_file(task, config, on_seconds)
        return
    work = functools.partial(convert_file, config=config)
    results = pool.map_items(
        work, tasks, jobs, _crashed, batch=1, in_order=False, preload=[import_conversion]
    )
    for number, result in results:
        on_seconds(result.seconds)
        yield tasks[number], result


def import_conversion() -> None:
    """Imports what conversion needs, for worker processes."""
    import soundfile  # noqa: F401
    import soxr  # noqa: F401

    from ser.conversion import pipeline  # noqa: F401


def synthetic_comment(emotion: str) -> str:
    """Gives the comment that says in a file that its sound is synthetic."""
    return f"synthetic speech: made {emotion} by ser-translate"


def _keeps(to: str, config: ConversionConfig) -> bool:
    """Whether recordings stay as they are."""
    same = to == ADJUSTED or not config.intensity or config.source == to
    return same and config.knobs.is_neutral


def _take(blocks: Iterator[Channels], samples: int) -> tuple[list[Channels], bool]:
    """Takes blocks until there are more than so many samples; says whether these are all."""
    taken: list[Channels] = []
    count = 0
    for block in blocks:
        taken.append(block)
        count += len(block)
        if count > samples:
            return taken, False
    return taken, True


def _crashed(task: ConversionTask) -> ConversionResult:
    return ConversionResult(
        error=SerError(
            task.recording.shown,
            "ended the process that translated it",
            "check that there is memory enough, or take fewer --jobs",
        )
    )


@functools.lru_cache(maxsize=1)
def _cached_converter(model: str, engine: EngineName, device: Device) -> Converter:
    return open_converter(model, engine, device)


@functools.lru_cache(maxsize=1)
def _cached_classifier(model: str) -> SourceEmotion:
    return open_source_classifier(model)
