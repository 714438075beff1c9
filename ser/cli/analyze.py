"""``ser-analyze``: audio in, a timeline of emotions out."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast

import click

from ser.analysis import Part, analyse, default_windowing
from ser.cli.analyzeoptions import timeline_options, window_options
from ser.cli.common import (
    Console,
    allows_colour,
    audio_arguments,
    collect_inputs,
    command,
    device_option,
)
from ser.cli.live import live_options, live_request, run_live
from ser.corpora.listing import walk
from ser.engine import Calibration, Engine, open_engine
from ser.errors import AudioError, SerError
from ser.files import STANDARD, is_special, open_output
from ser.labels import canonical
from ser.live.follow import HOP_SECONDS
from ser.pretrained import DEFAULT_MODEL
from ser.timeline.formats import make_writer
from ser.timeline.outputs import Output, check_outputs, claimed, outputs
from ser.timeline.record import Window
from ser.timeline.refinement import Refinement
from ser.timeline.segments import OVERLAP, STAY
from ser.timeline.summary import Summariser
from ser.timeline.tee import Tee
from ser.timeline.writer import Writer


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
@window_options
@timeline_options
@live_options
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
    format_name: str | None,
    output: tuple[str, ...],
    top: int,
    mic: bool,
    mic_device: str | None,
    play: str | None,
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
    targets, words = claimed(output, audio)
    found = _outputs(targets, format_name)
    part = Part(start, end)
    live = live_request(mic, mic_device, play, [*words, files_from, files0_from], part, calibrate)
    inputs = (
        collect_inputs(tuple(words), files_from, files0_from) if live is None else [Path(live.name)]
    )
    labelled = _labelled(enrol)
    speech = [*calibrate, *(path for _, path in labelled)]
    if [*map(str, inputs), files_from, files0_from, *speech].count(STANDARD) > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    if "self" in calibrate:
        _check_self(inputs, calibrate)
    engine = open_engine(model, engine_name, device)
    if live is not None and hop is None:
        hop = HOP_SECONDS
    windowing = default_windowing(engine, duration, hop)
    if segments and hop is None:
        windowing = replace(windowing, hop=windowing.duration / OVERLAP)
    stay = STAY if segments and smooth is None else smooth
    refine = Refinement(stay, min_confidence, segments)
    recordings = list(_recordings(console, inputs)) if live is None else [live.name]
    if plot is not None and len(recordings) != 1:
        raise click.UsageError("--plot draws one recording: name one file.")
    if not recordings:
        return
    _outputs(targets, format_name, recordings=len(recordings), summaries=summary)
    if plot is not None:
        from ser.plots.figure import check_target

        check_target(Path(plot))
    known = _known(calibrate, labelled, engine, vad)
    headings = len(recordings) > 1
    if live is not None:
        drawing = None if plot is None else _Drawing(Path(plot), engine)
        run_live(
            console,
            live,
            windowing,
            part,
            labels=engine.labels,
            rate=engine.spec.sample_rate,
            least=min_confidence,
            asked=summary or _given("output", "format_name"),
            tap=None if drawing is None else drawing.overview.add,
            recognise=functools.partial(
                analyse, live.name, engine, windowing, calibration=known(live.name), vad=vad
            ),
            writing=functools.partial(
                _writer, found, engine.labels, headings=False, top=top, summaries=summary
            ),
            write=lambda windows, writer: _write(
                live.name, refine(windows), engine, writer, summary, drawing
            ),
        )
        return
    with (
        _writer(found, engine.labels, headings=headings, top=top, summaries=summary) as writer,
        console.progress(len(recordings), "file", "analysing") as bar,
    ):
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


def _given(*options: str) -> bool:
    """Says whether one of these options is given and no default."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    return any(context.get_parameter_source(name) != default for name in options)


def _outputs(
    targets: Sequence[str],
    format_name: str | None,
    *,
    recordings: int = 1,
    summaries: bool = False,
) -> list[Output]:
    """Says which format goes where, and whether it can hold what is asked for."""
    try:
        found = outputs(targets, format_name)
        check_outputs(found, recordings=recordings, summaries=summaries)
    except SerError as error:
        raise click.UsageError(str(error)) from error
    return found


@contextlib.contextmanager
def _writer(
    found: Sequence[Output], labels: Sequence[str], *, headings: bool, top: int, summaries: bool
) -> Iterator[Writer]:
    """Opens the outputs; interrupted, it completes what has been written."""
    interrupted = False
    with contextlib.ExitStack() as stack:
        writers = []
        for path, name in found:
            stream = stack.enter_context(_output(path))
            colour = path == STANDARD and stream.isatty() and allows_colour()
            writers.append(
                make_writer(name, stream, labels, colour=colour, headings=headings, top=top)
            )
        writer = writers[0] if len(writers) == 1 else Tee(writers)
        writer.begin(summaries=summaries)
        try:
            yield writer
        except KeyboardInterrupt:
            # Hours of results are not thrown away for the rest.
            interrupted = True
        writer.end()
    if interrupted:
        raise KeyboardInterrupt


def _write(
    recording: str,
    windows: Iterable[Window],
    engine: Engine,
    writer: Writer | None,
    summary: bool,
    drawing: _Drawing | None,
) -> None:
    summariser = Summariser(recording, engine.labels)
    for window in windows:
        if summary:
            summariser.add(window)
        elif writer is not None:
            writer.write(window)
        if drawing is not None:
            drawing.windows.append(window)
    if summary and writer is not None:
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
