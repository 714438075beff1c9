"""``ser-analyze``: audio in, a timeline of emotions out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import click

from ser.analysis import Part, analyse, default_windowing
from ser.cli.common import (
    Console,
    allows_colour,
    audio_arguments,
    collect_inputs,
    command,
    device_option,
    output_option,
)
from ser.corpora.listing import walk
from ser.engine import Calibration, Engine, open_engine
from ser.errors import AudioError, SerError
from ser.files import STANDARD, is_special, open_output
from ser.labels import canonical
from ser.pretrained import DEFAULT_MODEL
from ser.timeline.clock import seconds_of
from ser.timeline.doubt import doubted
from ser.timeline.formats import FORMATS, make_writer
from ser.timeline.record import Window
from ser.timeline.segments import segments as joined
from ser.timeline.smoothing import smoothed
from ser.timeline.summary import Summariser
from ser.timeline.writer import Writer


def time_option(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> float | None:
    """Reads an option that is a time: seconds, M:SS or H:MM:SS."""
    if value is None:
        return None
    try:
        return seconds_of(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}: write 90, 1:30 or 0:01:30.") from error


@dataclass(frozen=True, slots=True)
class Refinement:
    """What becomes of the windows before they are written.

    Attributes:
        stay: See `ser.timeline.smoothing.smoothed`; None for not at all.
        least: See `ser.timeline.doubt.doubted`; 0 for not at all.
        join: Whether neighbours of one emotion become one record.
    """

    stay: float | None
    least: float
    join: bool

    def __call__(self, windows: Iterable[Window]) -> Iterator[Window]:
        """Refines the windows of one recording, as they come."""
        if self.stay is not None:
            windows = smoothed(windows, self.stay)
        if self.least:
            windows = doubted(windows, self.least)
        return joined(windows) if self.join else iter(windows)


@command("ser-analyze")
@audio_arguments
@click.option(
    "--model",
    metavar="MODEL.keras",
    type=click.Path(),
    default=str(DEFAULT_MODEL),
    show_default="the one that comes with ser",
    envvar="SER_MODEL",
    help="The classifier to use; also the environment variable SER_MODEL.",
)
@click.option(
    "--duration", type=float, help="Seconds per window.  [default: what the model was trained on]"
)
@click.option("--hop", type=float, help="Seconds from one window to the next.  [default: DURATION]")
@click.option(
    "--start",
    metavar="TIME",
    default="0",
    callback=time_option,
    help="Where to begin: 90, 1:30 or 0:01:30.",
)
@click.option(
    "--end",
    metavar="TIME",
    callback=time_option,
    help="Where to end.  [default: the end of the recording]",
)
@click.option(
    "--vad/--no-vad",
    default=True,
    show_default=True,
    help="Leave windows unclassified that hold less than a quarter of a second of speech.",
)
@click.option(
    "--smooth",
    metavar="STAY",
    type=click.FloatRange(0, 1, max_open=True),
    help="Smooth by a hidden Markov model in which an emotion lasts for another second with this "
    "probability: 0.9, say.",
)
@click.option(
    "--min-confidence",
    metavar="P",
    type=click.FloatRange(0, 1),
    default=0.0,
    help="Call windows uncertain whose emotion is less probable than this.",
)
@click.option("--segments", is_flag=True, help="Join neighbouring windows of one emotion.")
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    default="text",
    show_default=True,
    help="How the timeline is written.",
)
@output_option("Where the timeline is written; - is stdout.")
@click.option("--summary", is_flag=True, help="Write what each recording comes to, and no windows.")
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(),
    help="Draw waveform, mel spectrogram and emotions of one recording (PNG or SVG).",
)
@click.option(
    "--calibrate",
    metavar="self|FILE",
    multiple=True,
    help="Learn the voice first, from unlabelled speech: the first five minutes of FILE, or of the "
    "recording itself. May be given several times.",
)
@click.option(
    "--enrol",
    metavar="EMOTION=FILE",
    multiple=True,
    help="Learn from speech of this voice whose emotion is known. May be given several times.",
)
@click.option(
    "--engine",
    "engine_name",
    type=click.Choice(["auto", "litert", "keras"]),
    default="auto",
    show_default=True,
    help="What runs the network: litert starts quickly on a CPU, keras uses a GPU.",
)
@device_option
def main(
    console: Console,
    audio: tuple[str, ...],
    files_from: str | None,
    files0_from: str | None,
    model: str,
    duration: float | None,
    hop: float | None,
    start: float,
    end: float | None,
    vad: bool,
    smooth: float | None,
    min_confidence: float,
    segments: bool,
    format_name: str,
    output: str,
    summary: bool,
    plot: str | None,
    calibrate: tuple[str, ...],
    enrol: tuple[str, ...],
    engine_name: Any,
    device: Any,
) -> None:
    """Reads the emotions in AUDIO: files, folders, or - for audio on standard input.

    Writes one line per window as soon as it is known, for recordings of any length. The
    probabilities are the model's opinion about a voice, not about a person; see the README for
    what they are worth.

    \b
    Examples:
      ser-analyze interview.m4a
      ser-analyze calls/ --summary --format csv -o calls.csv
      sox talk.mp3 -t wav - | ser-analyze - --hop 1 --format jsonl
    """  # noqa: D301
    inputs = collect_inputs(audio, files_from, files0_from)
    part = Part(start, end)
    labelled = _labelled(enrol)
    speech = [*calibrate, *(path for _, path in labelled)]
    if [*map(str, inputs), files_from, files0_from, *speech].count(STANDARD) > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    if "self" in calibrate:
        _check_self(inputs, calibrate)
    engine = open_engine(model, engine_name, device)
    windowing = default_windowing(engine, duration, hop)
    refine = Refinement(smooth, min_confidence, segments)
    recordings = list(_recordings(console, inputs))
    if plot is not None and len(recordings) != 1:
        raise click.UsageError("--plot draws one recording: name one file.")
    if not recordings:
        return
    if plot is not None:
        from ser.plots.figure import check_target

        check_target(Path(plot))
    known = _known(calibrate, labelled, engine, vad)
    with _output(output) as stream:
        writer = make_writer(
            format_name,
            stream,
            engine.labels,
            colour=output == STANDARD and stream.isatty() and allows_colour(),
            headings=len(recordings) > 1,
        )
        writer.begin(summaries=summary)
        with console.progress(len(recordings), "file", "analysing") as bar:
            for recording in recordings:
                try:
                    drawing = None if plot is None else _Drawing(Path(plot), engine)
                    windows = analyse(
                        recording,
                        engine,
                        windowing,
                        part=part,
                        calibration=known(recording),
                        vad=vad,
                        tap=(lambda block: None) if drawing is None else drawing.overview.add,
                    )
                    _write(recording, refine(windows), engine, writer, summary, drawing)
                except SerError as error:
                    console.fail(error)
                bar.update(1)
        writer.end()


def _write(
    recording: str,
    windows: Iterable[Window],
    engine: Engine,
    writer: Writer,
    summary: bool,
    drawing: _Drawing | None,
) -> None:
    summariser = Summariser(recording, engine.labels)
    for window in windows:
        if summary:
            summariser.add(window)
        else:
            writer.write(window)
        if drawing is not None:
            drawing.windows.append(window)
    if summary:
        writer.write_summary(summariser.result())
    if drawing is not None:
        drawing.save(recording)


def _check_self(inputs: Sequence[Path], calibrate: Sequence[str]) -> None:
    if len(calibrate) > 1:
        raise click.UsageError("--calibrate self does not go with another --calibrate.")
    if any(str(path) == STANDARD or is_special(path) for path in inputs):
        raise click.UsageError("--calibrate self reads a recording twice: give files, not pipes.")


def _labelled(pairs: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for pair in pairs:
        emotion, equals, path = pair.partition("=")
        if not (emotion and equals and path):
            raise click.UsageError(f"--enrol {pair}: write EMOTION=FILE, as in angry=a.wav.")
        # The model may know emotions that are not in the common vocabulary.
        found.append((canonical(emotion, strict=False), path))
    return found


def _known(
    sources: Sequence[str], labelled: Sequence[tuple[str, str]], engine: Engine, vad: bool
) -> Callable[[str], Calibration | None]:
    """Gives what is known of the voice in each recording."""
    if not sources and not labelled:
        return lambda recording: None
    from ser.adaptation import calibrate, check_emotions, enrol

    check_emotions((emotion for emotion, _ in labelled), engine)

    def learn(speech: Sequence[str]) -> Calibration | None:
        voice = calibrate(speech, engine, vad=vad) if speech else None
        return enrol(labelled, engine, voice, vad=vad) if labelled else voice

    if list(sources) == ["self"]:
        return lambda recording: learn([recording])
    voice = learn(sources)
    return lambda recording: voice


class _Drawing:
    """Gathers what the picture needs while the recording goes by."""

    def __init__(self, target: Path, engine: Engine) -> None:
        from ser.plots.overview import Overview

        self.target = target
        self.model = engine.path.stem
        self.overview = Overview(engine.spec.sample_rate)
        self.windows: list[Window] = []

    def save(self, recording: str) -> None:
        from ser.plots.timeline import draw_timeline

        draw_timeline(
            self.target,
            self.overview,
            self.overview.sample_rate,
            self.windows,
            title=Path(recording).name,
            subtitle=f"model {self.model}",
        )


def _recordings(console: Console, inputs: Sequence[Path]) -> Iterator[str]:
    for path in inputs:
        if not path.is_dir():
            yield str(path)
            continue
        found = [str(file) for file in walk(path, console.fail)]
        if not found:
            console.fail(AudioError(path, "holds no audio files", "name audio files or a folder"))
        yield from found


@contextlib.contextmanager
def _output(target: str) -> Iterator[IO[str]]:
    try:
        with open_output(target) as stream:
            yield cast(IO[str], stream)
    except OSError as error:
        if target == STANDARD or isinstance(error, BrokenPipeError):
            # The common main knows what these mean.
            raise
        raise SerError(
            target,
            f"cannot be written ({error.strerror or error})",
            "check the folder and free space",
        ) from error


if __name__ == "__main__":
    main()
