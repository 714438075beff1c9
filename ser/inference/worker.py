"""What is done with one recording of a batch; the same in this process, in another, or far away."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ser.arrays import Samples
from ser.errors import (
    ArtifactError,
    AudioError,
    DependencyError,
    SerError,
    cannot_write,
    renamed,
)
from ser.inference.engine import Engine, EngineName, open_engine
from ser.inference.jobs import Job
from ser.inference.settings import Settings
from ser.io.remote import Place, fetched
from ser.models.backend import Device
from ser.pretrained import DEFAULT_MODEL
from ser.timeline.summary import Summariser, Summary
from ser.timeline.window import Window
from ser.timeline.writers.base import Tee
from ser.timeline.writers.registry import ENDINGS, make_writer

MODULES = ("ser.inference.worker", "ser.vad.silero", "soundfile", "soxr")
"""What workers import; for `ser.parallel.pool.prepare`."""

# These say that no other recording of the batch can be written either.
_HOPELESS = frozenset(
    getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS") if hasattr(errno, name)
)


@dataclass(frozen=True, slots=True)
class Model:
    """A classifier that every worker opens for itself, once.

    Attributes:
        path: The artifact; empty for the one that comes along, wherever that is.
        digest: What `digest_of` says of it, so that no other file is taken for it; empty where it
            cannot be another.
        engine: What runs the network.
        device: Where Keras runs.
    """

    path: str
    digest: str
    engine: EngineName
    device: Device

    def open(self) -> Engine:
        """Opens it, or gives what this process has opened before.

        Raises:
            SerError: It cannot be opened, or is another than was meant.
        """
        return _opened(self)


# One of them is in use, and long-lived workers should not gather those of last week.
@functools.lru_cache(maxsize=1)
def _opened(model: Model) -> Engine:
    path = Path(model.path) if model.path else DEFAULT_MODEL
    if model.digest and digest_of(path) != model.digest:
        raise ArtifactError(
            path,
            "is another file here than where the batch was started",
            "put the model into a folder that all machines share, and the same ser on all of them",
        )
    return open_engine(path, model.engine, model.device)


def digest_of(path: Path) -> str:
    """Gives a digest of a file's bytes.

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


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that decides what is found in a recording.

    Attributes:
        model: The classifier.
        settings: How it is used.
        summary: What each recording comes to is wanted, and no windows.
    """

    model: Model
    settings: Settings
    summary: bool


class Outcome(NamedTuple):
    """What became of one recording.

    Attributes:
        seconds: How much of it was heard.
        error: Why there is no result, or that it ends too early; None where all is well.
        windows: The windows, where they were asked for.
        summary: What it comes to, where that was asked for.
    """

    seconds: float = 0.0
    error: SerError | None = None
    windows: tuple[Window, ...] = ()
    summary: Summary | None = None


@dataclass(slots=True)
class _Hearing:
    """An analysis under way."""

    engine: Engine
    windows: Iterator[Window]
    seconds: float = 0.0


@contextlib.contextmanager
def _hearing(
    analysis: Analysis, job: Job, tap: Callable[[Samples], None] = lambda block: None
) -> Iterator[_Hearing]:
    """Analyses a recording under the name that the user knows.

    Raises:
        SerError: It cannot be read; what the library at fault says is in it.
    """
    engine, settings = analysis.model.open(), analysis.settings

    def hear(block: Samples) -> None:
        hearing.seconds += len(block) / engine.spec.sample_rate
        tap(block)

    hearing = _Hearing(engine, iter(()))
    with fetched(job.source) as path, renamed(path, job.file):
        found = settings.recogniser(path, engine)(part=settings.part, tap=hear)
        named = found if path == job.file else (replace(w, file=job.file) for w in found)
        hearing.windows = settings.refine(named)
        yield hearing


@dataclass(frozen=True, slots=True)
class Filer:
    """Writes the results of a recording into a folder: all of them whole, or none.

    Attributes:
        analysis: What is done.
        place: The folder.
        formats: A file in each of them.
        picture: ``.png`` or ``.svg`` for a picture as well, empty for none.
        top: How many of the most probable emotions are shown to people.
        token: Tells temporary files of this batch from others.
    """

    analysis: Analysis
    place: Place
    formats: tuple[str, ...]
    picture: str = ""
    top: int = 1
    token: str = ""

    def names(self, job: Job) -> list[str]:
        """Gives the names of a recording's results, within the folder."""
        endings = [ENDINGS[name] for name in self.formats]
        return [job.name + ending for ending in (*endings, self.picture) if ending]

    def __call__(self, job: Job) -> Outcome:
        """Makes the results of one recording.

        Raises:
            SerError: Nothing can be written there any more, whatever the recording, or the model
                cannot be opened.
        """
        self.analysis.model.open()
        try:
            return self._write(job)
        except OSError as error:
            # Reading turns them into errors of its own: this is the folder.
            strange = cannot_write(f"{self.place.location}/{job.name}", error, SerError)
            if error.errno in _HOPELESS:
                raise strange from error
            return Outcome(error=strange)
        except DependencyError:
            raise
        except (SerError, ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
            return Outcome(error=_plain(job, error))

    def _write(self, job: Job) -> Outcome:
        drawing = None
        if self.picture:
            from ser.viz.drawing import Drawing

            drawing = Drawing(self.analysis.model.open())
        tap = drawing.overview.add if drawing is not None else lambda block: None
        with _hearing(self.analysis, job, tap) as hearing, contextlib.ExitStack() as stack:
            writers = []
            for name in self.formats:
                path = stack.enter_context(self.place.writing(job.name + ENDINGS[name], self.token))
                stream = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
                writers.append(make_writer(name, stream, hearing.engine.labels, top=self.top))
            writer = Tee(writers)
            writer.begin(summaries=self.analysis.summary)
            summariser = Summariser(job.file, hearing.engine.labels)
            for window in hearing.windows:
                if self.analysis.summary:
                    summariser.add(window)
                else:
                    writer.write(window)
                if drawing is not None:
                    drawing.windows.append(window)
            if self.analysis.summary:
                writer.write_summary(summariser.result())
            writer.end()
            if drawing is not None:
                path = stack.enter_context(self.place.writing(job.name + self.picture, self.token))
                drawing.save(path, job.file)
        return Outcome(hearing.seconds)


@dataclass(frozen=True, slots=True)
class Teller:
    """Hands the windows of a recording back, or its summary.

    Attributes:
        analysis: What is done.
    """

    analysis: Analysis

    def __call__(self, job: Job) -> Outcome:
        """Analyses one recording; what was found before a defect is handed back too.

        Raises:
            SerError: The model cannot be opened.
        """
        engine = self.analysis.model.open()
        windows: list[Window] = []
        summariser = Summariser(job.file, engine.labels)
        hearing = None
        try:
            with _hearing(self.analysis, job) as hearing:
                for window in hearing.windows:
                    if self.analysis.summary:
                        summariser.add(window)
                    else:
                        windows.append(window)
        except DependencyError:
            raise
        except (SerError, ValueError, ArithmeticError, RuntimeError, MemoryError) as error:
            heard = 0.0 if hearing is None else hearing.seconds
            return Outcome(heard, _plain(job, error), tuple(windows))
        summary = summariser.result() if self.analysis.summary else None
        return Outcome(hearing.seconds, None, tuple(windows), summary)


def crashed(job: Job) -> Outcome:
    """Gives the outcome of a recording that takes its process down."""
    error = AudioError(
        job.file,
        "took its worker process down, by a fault in its decoder or for want of memory",
        "convert it to WAV, or use fewer --jobs",
    )
    return Outcome(error=error)


def _plain(job: Job, error: Exception) -> SerError:
    """Turns what went wrong into a message: one strange recording must not end the batch."""
    if isinstance(error, SerError):
        return error
    return AudioError(job.file, f"cannot be analysed ({type(error).__name__}: {error})")
