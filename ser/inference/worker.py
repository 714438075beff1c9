"""What is done with one recording of a batch, in this process, in another, or elsewhere."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple, Protocol

from ser.arrays import Samples
from ser.audio.causes import IncompleteError
from ser.errors import (
    ArtifactError,
    DependencyError,
    SerError,
    cannot_write,
    ends_all,
    failure_of,
    took_process_down,
)
from ser.inference.classifier import Classifier, open_classifier
from ser.inference.config import AnalysisConfig
from ser.inference.consumers import (
    Consumer,
    DurationMeter,
    RemarkList,
    SummaryMaker,
    WindowList,
    WindowWriter,
)
from ser.inference.engine import EngineName
from ser.inference.jobs import Job
from ser.inference.recognizer import Recognizer, analyze
from ser.io.remote import OutputFolder
from ser.models.backend import Device
from ser.models.prior import Prior
from ser.pretrained import DEFAULT_MODEL
from ser.timeline.summary import Summary
from ser.timeline.window import Window
from ser.timeline.writers.base import PLAIN, MultiWriter, Writer, WriterOptions
from ser.timeline.writers.registry import ENDINGS, make_writer


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A classifier that every worker opens for itself, once.

    Attributes:
        path: The artifact; empty for the one that ships with the package.
        digest: What `digest_of` gave for it, so that no other file is taken for it; empty where it
            cannot be another.
        engine: What runs the network.
        device: Where Keras runs.
        prior: How frequent emotions are: ``alike``, or pairs of emotion and share; None where
            nobody knows.
    """

    path: str
    digest: str
    engine: EngineName
    device: Device
    prior: Prior | None = None

    def open(self) -> Classifier:
        """Opens it, or gives what this process has opened before.

        Raises:
            SerError: It cannot be opened, or is another than was meant.
        """
        return _open_once(self)


# One of them is in use, and long-lived workers should not gather those of last week.
@functools.lru_cache(maxsize=1)
def _open_once(model: ModelReference) -> Classifier:
    path = Path(model.path) if model.path else DEFAULT_MODEL
    if model.digest and digest_of(path) != model.digest:
        raise ArtifactError(
            path,
            "is another file here than where the batch was started",
            "put the model into a folder that all machines share, and the same ser on all of them",
        )
    prior = model.prior
    known = prior if prior is None or isinstance(prior, str) else dict(prior)
    return open_classifier(path, model.engine, model.device, known)


def digest_of(path: Path) -> str:
    """Gives the SHA-256 digest of a file's bytes in hexadecimal digits.

    Raises:
        ArtifactError: It cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise ArtifactError(
            path,
            f"cannot be read ({error.strerror or error})",
            "put the model where every worker can read it",
        ) from error


class Drawing(Protocol):
    """Gathers the picture of one recording while it is analyzed."""

    def add_block(self, samples: Samples) -> None:
        """Takes the next samples."""

    def add_window(self, window: Window) -> None:
        """Takes the next window."""

    def save(self, target: Path, recording: str) -> None:
        """Draws the picture to a file, titled with the recording's name."""


class Picture(Protocol):
    """A request for a picture of each recording, which can be sent to other processes."""

    @property
    def suffix(self) -> str:
        """The ending of the pictures' names."""

    def begin(self, sample_rate: int, model: str) -> Drawing:
        """Begins the picture of one recording."""


class AnalysisOutcome(NamedTuple):
    """What became of one recording.

    Attributes:
        seconds: How much of its sound was analyzed.
        error: Why there is no result, or why it ends too early; None where all is well.
        windows: The windows, where they were asked for.
        summaries: The summary of the recording, or of each channel, where that was asked for.
        remarks: What the user should know of it.
    """

    seconds: float = 0.0
    error: SerError | None = None
    windows: tuple[Window, ...] = ()
    summaries: tuple[Summary, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisTask:
    """What is done with each recording of a batch.

    Attributes:
        model: The classifier.
        config: How it is used.
        summary: A summary of each recording is wanted, and no windows.
    """

    model: ModelReference
    config: AnalysisConfig
    summary: bool

    def run(self, job: Job, consumers: Sequence[Consumer]) -> None:
        """Analyzes a recording under the name that the user knows.

        Raises:
            SerError: It cannot be read.
        """
        recognizer = Recognizer(self.model.open(), self.config)
        analyze(recognizer, job.source, consumers, name=job.file)

    def writer(self, job: Job, labels: Sequence[str], writer: Writer) -> Consumer:
        """Gives what writes the windows of a recording, or its summary."""
        return SummaryMaker(job.file, labels, writer) if self.summary else WindowWriter(writer)


class DrawingConsumer(Consumer):
    """Passes an analysis on to a drawing.

    Args:
        drawing: What gathers the picture.
    """

    def __init__(self, drawing: Drawing) -> None:
        self._drawing = drawing

    def add_block(self, samples: Samples) -> None:
        """Takes the next samples."""
        self._drawing.add_block(samples)

    def add_window(self, window: Window) -> None:
        """Takes the next window."""
        self._drawing.add_window(window)


@dataclass(frozen=True, slots=True)
class WriteResults:
    """Analyzes a recording and writes its results into a folder: all of them whole, or none.

    Attributes:
        task: What is done.
        place: The folder.
        formats: A file in each of these formats.
        picture: Asks for a picture of each recording as well; None for none.
        options: How the results look.
        token: Tells temporary files of this batch from those of others.
    """

    task: AnalysisTask
    place: OutputFolder
    formats: tuple[str, ...]
    picture: Picture | None = None
    options: WriterOptions = PLAIN
    token: str = ""

    def names(self, job: Job) -> list[str]:
        """Gives the names of a recording's results, within the folder."""
        endings = [ENDINGS[name] for name in self.formats]
        if self.picture is not None:
            endings.append(self.picture.suffix)
        return [job.name + ending for ending in endings]

    def __call__(self, job: Job) -> AnalysisOutcome:
        """Makes the results of one recording.

        Raises:
            SerError: Nothing can be written there any more, whatever the recording, or the model
                cannot be opened.
        """
        self.task.model.open()
        try:
            return self._write(job)
        except OSError as error:
            # Reading turns them into errors of its own: this is the folder.
            unwritable = cannot_write(f"{self.place.location}/{job.name}", error, SerError)
            if ends_all(error):
                raise unwritable from error
            return AnalysisOutcome(error=unwritable)
        except DependencyError:
            raise
        except Exception as error:
            return AnalysisOutcome(error=failure_of(job.file, error))

    def _write(self, job: Job) -> AnalysisOutcome:
        classifier = self.task.model.open()
        drawing = None
        if self.picture is not None:
            drawing = self.picture.begin(classifier.spec.sample_rate, classifier.path.stem)
        options = self.options
        turns = self.task.config.turns
        if turns is not None:
            options = replace(options, annotation=turns.annotation(job.file))
        with contextlib.ExitStack() as stack:
            writers = []
            for name in self.formats:
                path = stack.enter_context(
                    self.place.new_file(job.name + ENDINGS[name], self.token)
                )
                stream = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                writers.append(make_writer(name, stream, classifier.labels, options))
            writer = MultiWriter(writers)
            writer.begin(summaries=self.task.summary)
            meter = DurationMeter(classifier.spec.sample_rate)
            said = RemarkList()
            consumers = [meter, said, self.task.writer(job, classifier.labels, writer)]
            if drawing is not None:
                consumers.append(DrawingConsumer(drawing))
            incomplete: IncompleteError | None = None
            try:
                self.task.run(job, consumers)
            except IncompleteError as error:
                # What is there has its result, and the failure is said.
                incomplete = error
            except OSError as error:
                # A decoder's, unless no other recording can be written either.
                raise failure_of(job.file, error) from error
            writer.end()
            if drawing is not None and self.picture is not None:
                name = job.name + self.picture.suffix
                path = stack.enter_context(self.place.new_file(name, self.token))
                drawing.save(path, job.file)
        return AnalysisOutcome(meter.seconds, incomplete, remarks=tuple(said.remarks))


@dataclass(frozen=True, slots=True)
class ReturnResults:
    """Analyzes a recording and returns its windows, or its summary.

    Attributes:
        task: What is done.
    """

    task: AnalysisTask

    def __call__(self, job: Job) -> AnalysisOutcome:
        """Analyzes one recording; what was found before a defect is returned too.

        Raises:
            SerError: The model cannot be opened.
        """
        classifier = self.task.model.open()
        meter = DurationMeter(classifier.spec.sample_rate)
        found = WindowList()
        maker = SummaryMaker(job.file, classifier.labels)
        said = RemarkList()
        try:
            self.task.run(job, [meter, said, maker if self.task.summary else found])
        except DependencyError:
            raise
        except Exception as error:
            return AnalysisOutcome(
                meter.seconds,
                failure_of(job.file, error),
                tuple(found.windows),
                maker.summaries,
                tuple(said.remarks),
            )
        return AnalysisOutcome(
            meter.seconds, None, tuple(found.windows), maker.summaries, tuple(said.remarks)
        )


def crashed(job: Job) -> AnalysisOutcome:
    """Gives the outcome of a recording that takes its process down."""
    return AnalysisOutcome(error=took_process_down(job.file))
