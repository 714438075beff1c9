"""Many recordings in ``ser-analyze``: a result for each, several at a time."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ser.cli.analyze.session import Session
from ser.cli.console import Console
from ser.cli.exclusive import Excludes, Needs
from ser.cli.options import NO_JOBS, Device, check_cluster, cluster_option, with_options
from ser.cli.paths import OutputPath, file_roles
from ser.inference.batch import BatchReport, Workers, run_batch
from ser.inference.engine import EngineName
from ser.inference.jobs import Job, find_jobs
from ser.inference.worker import (
    AnalysisOutcome,
    AnalysisTask,
    ModelReference,
    ReturnResults,
    WriteResults,
    digest_of,
)
from ser.io.files import STANDARD
from ser.io.remote import OutputFolder, is_url, url_or_path
from ser.models.prior import Prior
from ser.parallel.resources import usable_cores
from ser.pretrained import DEFAULT_MODEL
from ser.timeline.clock import format_time
from ser.timeline.writers.base import Writer
from ser.timeline.writers.registry import Output, check_outputs
from ser.viz.drawing import TimelinePicture
from ser.viz.figure import SUFFIXES

DEFAULT_FORMAT = "jsonl"
"""What results in a folder are, where nothing else is said: what programs read."""


BATCH_RULES = (
    NO_JOBS,
    Needs("--resume", "--output-dir", "one output is written anew"),
    Excludes(
        "--output-dir",
        ("--output", "--html", "--mic", "--mic-device", "--play"),
        "a folder has a file for each recording",
    ),
)
"""Which options many recordings exclude or need."""


def batch_options(function: Any) -> Any:
    """Adds the options for many recordings; see `batch_request`."""
    options = [
        click.option(
            "--output-dir",
            metavar="DIR",
            type=OutputPath(),
            help="Write a file for each recording into DIR, sub-folders mirrored: "
            "talk.wav.jsonl. --format may then name several, as jsonl,vtt.",
        ),
        click.option(
            "--resume",
            is_flag=True,
            help="Leave recordings alone whose files are in --output-dir already.",
        ),
        click.option(
            "-j",
            "--jobs",
            type=click.IntRange(1),
            metavar="INTEGER",
            help="Recordings analysed at the same time.  [default: all usable cores with "
            "--output-dir, else 1]",
        ),
        cluster_option,
    ]
    return with_options(options, function)


@dataclass(frozen=True, slots=True)
class Batch:
    """What the options for many recordings ask for.

    Attributes:
        folder: Where each recording's result goes; None for one output of all.
        formats: In which formats there.
        picture: Asks for a picture of each recording; None for none.
        resume: What is there is left alone.
        workers: Who analyzes the recordings.
    """

    folder: str | None
    formats: tuple[str, ...]
    picture: TimelinePicture | None
    resume: bool
    workers: Workers

    def model(
        self, path: str, engine: EngineName, device: Device, prior: Prior | None
    ) -> ModelReference:
        """Names the model so that every worker finds the same one."""
        own = "" if path == str(DEFAULT_MODEL) else os.path.abspath(path)  # noqa: PTH100
        digest = "" if self.workers.cluster is None else digest_of(Path(path))
        return ModelReference(own, digest, engine, device, prior)


def batch_request(
    output_dir: str | None,
    resume: bool,
    jobs: int | None,
    cluster: str | None,
    *,
    inputs: Sequence[Path],
    formats: Sequence[str],
    plot: str | None,
    summaries: bool,
    alone: bool,
) -> Batch | None:
    """Reads what is asked for; None where recordings are analysed one after the other.

    Args:
        output_dir: ``--output-dir``.
        resume: ``--resume``.
        jobs: ``--jobs``.
        cluster: ``--cluster``.
        inputs: What is to be analysed.
        formats: What ``--format`` names.
        plot: ``--plot``.
        summaries: ``--summary``.
        alone: The network would be busy with one process: as on a GPU.

    Raises:
        click.UsageError: Options do not go together.
    """
    if cluster is not None:
        check_cluster(cluster)
    if output_dir is None:
        if len(formats) > 1:
            raise click.UsageError(
                "Several formats need --output-dir DIR, or names for each: -o NAME.{jsonl,vtt}."
            )
        far = cluster is not None or any(is_url(url_or_path(path)) for path in inputs)
        if plot is not None or not (far or (jobs or 1) > 1):
            return None
        return Batch(None, (), None, False, Workers(jobs or 1, cluster))
    chosen = tuple(dict.fromkeys(formats)) or (DEFAULT_FORMAT,)
    outputs = [Output(STANDARD, name) for name in chosen]
    check_outputs(outputs, recordings=1, summaries=summaries)
    picture = None
    if plot is not None:
        suffix = "." + plot.lower().lstrip(".")
        if suffix not in SUFFIXES:
            raise click.UsageError(
                "With --output-dir, --plot takes png or svg: a picture for each recording."
            )
        picture = TimelinePicture(suffix)
    folder = output_dir if is_url(output_dir) else os.path.abspath(output_dir)  # noqa: PTH100
    processes = jobs or (1 if alone else usable_cores())
    return Batch(folder, chosen, picture, resume, Workers(processes, cluster))


def analyze_batch(
    batch: Batch, session: Session, inputs: Sequence[Path], model: ModelReference
) -> None:
    """Analyses many recordings: a file for each, or one output of all in their order.

    Args:
        batch: What is asked for.
        session: What the run works with.
        inputs: Files, folders and URLs.
        model: The classifier, as workers find it.

    Raises:
        SerError: Nothing can be written, or nobody is left to do the work.
    """
    console, outputs = session.console, session.outputs
    roles = file_roles()
    task = AnalysisTask(model, session.recognizer.config, outputs.summaries)
    if batch.folder is not None:
        place = OutputFolder(batch.folder)
        token = secrets.token_hex(4)
        work = WriteResults(task, place, batch.formats, batch.picture, outputs.options, token)
        jobs = find_jobs(inputs, console.fail, remark=console.note)
        roles.add_inputs(job.source for job in jobs)
        if not is_url(batch.folder):
            results = (name for job in jobs for name in work.names(job))
            roles.add_outputs(Path(batch.folder, name) for name in results)
        _to_folder(console, batch, jobs, work)
        return
    jobs = find_jobs(inputs, console.fail, named=False, remark=console.note)
    roles.add_inputs(job.source for job in jobs)
    if jobs:
        with outputs.open(len(jobs), session.recognizer.labels) as writer:
            _to_one_output(console, batch, jobs, ReturnResults(task), writer)


def _to_folder(console: Console, batch: Batch, jobs: Sequence[Job], work: WriteResults) -> None:
    bar = _Bar(console)
    with contextlib.ExitStack() as stack:
        run_batch(
            jobs,
            work,
            batch.workers,
            resume=batch.resume,
            begin=lambda todo: bar.open(todo, stack),
            progress=bar.update,
            on_end=lambda report: bar.close(report, stack),
        )


def _to_one_output(
    console: Console, batch: Batch, jobs: Sequence[Job], work: ReturnResults, writer: Writer
) -> None:
    outcomes = batch.workers.map(work, jobs, in_order=True)
    with (
        contextlib.closing(outcomes),
        console.progress(len(jobs), "file", "analysing") as bar,
    ):
        for number, outcome in outcomes:
            job = jobs[number]
            for window in outcome.windows:
                writer.write(window)
            for summary in outcome.summaries:
                writer.write_summary(summary)
            for remark in outcome.remarks:
                console.remark(f"{job.file}: {remark}")
            if outcome.error is not None:
                console.fail(outcome.error)
            bar.update(1)


class _Bar:
    """Says how far a batch is: in bytes, since recordings may be of very different lengths."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._seconds = 0.0
        self._count = 0
        self._failed = 0
        self._all = 0
        self._bar: Any = None

    def open(self, todo: Sequence[Job], stack: contextlib.ExitStack) -> None:
        """Begins with so many recordings to do."""
        self._all = len(todo)
        self._bar = stack.enter_context(
            self._console.progress(sum(map(_weight, todo)), "B", f"0/{self._all} files", scale=True)
        )
        self._begun = time.monotonic()

    def update(self, job: Job, outcome: AnalysisOutcome) -> None:
        """Counts a recording as done."""
        self._count += 1
        self._seconds += outcome.seconds
        self._failed += outcome.error is not None
        self._bar.update(_weight(job))
        self._bar.describe(f"{self._count}/{self._all} files")
        failed = {"failed": str(self._failed)} if self._failed else {}
        self._bar.measure(**failed, speed=f"{self._speed():.0f}x real time")
        for remark in outcome.remarks:
            self._console.remark(f"{job.file}: {remark}")
        self._console.detail(f"{job.file}: {'failed' if outcome.error else 'done'}")

    def close(self, report: BatchReport, stack: contextlib.ExitStack) -> None:
        """Ends the bar; failures come behind it, where they can be seen."""
        stack.close()
        for _, error in report.failures:
            self._console.fail(error)
        done = self._count - self._failed
        words = [f"{done} of {report.recordings} recordings done"]
        if report.skipped:
            words.append(f"{report.skipped} were there")
        if self._failed:
            words.append(f"{self._failed} failed")
        text = ", ".join(words)
        if self._seconds:
            took = time.monotonic() - self._begun
            text += f"; {format_time(self._seconds)} of sound in {format_time(took)}, "
            text += f"{self._speed():.0f} times real time"
        self._console.info(text)

    def _speed(self) -> float:
        return self._seconds / max(time.monotonic() - self._begun, 1e-3)


def _weight(job: Job) -> int:
    # What has no size counts as well.
    return max(job.size, 1)
