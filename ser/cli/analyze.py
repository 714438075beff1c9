"""``ser-analyze``: audio in, a timeline of emotions out."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ser.analysis import Part, analyse, default_windowing
from ser.batch.work import Analysis
from ser.cli.analyzebatch import batch_options, batch_request, run_batch
from ser.cli.analyzeoptions import timeline_options, window_options
from ser.cli.analyzetext import check_text, open_aside, text_options
from ser.cli.analyzevoices import check_self, labelled_speech
from ser.cli.common import Console, audio_arguments, collect_inputs, command, device_option
from ser.cli.live import live_options, live_request, run_live
from ser.cli.options import model_option
from ser.cli.views import Views, check_views, html_options
from ser.cli.writing import checked_outputs, open_writer, recordings_in
from ser.engine import Engine, open_engine
from ser.errors import SerError
from ser.files import STANDARD
from ser.live.follow import HOP_SECONDS
from ser.parallel import keep_memory
from ser.timeline.outputs import claimed
from ser.timeline.record import Window
from ser.timeline.refinement import Refinement
from ser.timeline.segments import OVERLAP, STAY
from ser.timeline.summary import Summariser
from ser.timeline.writer import Writer
from ser.voices import learn_voices


@command("ser-analyze")
@audio_arguments
@model_option
@window_options
@timeline_options
@live_options
@batch_options
@click.option("--summary", is_flag=True, help="Write what each recording comes to, and no windows.")
@click.option(
    "--plot",
    metavar="FILE",
    type=click.Path(),
    help="Draw waveform, mel spectrogram and emotions of one recording (PNG or SVG). With "
    "--output-dir, png or svg: a picture of each.",
)
@html_options
@text_options
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
    formats: tuple[str, ...],
    output: tuple[str, ...],
    top: int,
    mic: bool,
    mic_device: str | None,
    play: str | None,
    output_dir: str | None,
    resume: bool,
    jobs: int | None,
    cluster: str | None,
    summary: bool,
    plot: str | None,
    html: str | None,
    html_sound: Any,
    text: bool,
    calibrate: tuple[str, ...],
    enrol: tuple[str, ...],
    engine_name: Any,
    device: Any,
    **asked: Any,
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
    format_name = formats[0] if formats else None
    found = checked_outputs(targets, format_name)
    part = Part(start, end)
    live = live_request(mic, mic_device, play, [*words, files_from, files0_from], part, calibrate)
    inputs = (
        collect_inputs(tuple(words), files_from, files0_from) if live is None else [Path(live.name)]
    )
    batch = batch_request(
        output_dir,
        resume,
        jobs,
        cluster,
        inputs=inputs,
        formats=formats,
        plot=plot or html,
        summaries=summary,
        alone=engine_name == "keras" or device == "gpu",
    )
    if output_dir is not None and (live is not None or html is not None or _given("output")):
        raise click.UsageError(
            "--output-dir names each file itself: no -o, --html, --mic or --play."
        )
    others = {
        "--summary": summary,
        "--output-dir": batch is not None,
        "--mic and --play": bool(live),
    }
    check_text(text, others)
    labelled = labelled_speech(enrol)
    speech = [*calibrate, *(path for _, path in labelled)]
    if [*map(str, inputs), files_from, files0_from, *speech].count(STANDARD) > 1:
        raise click.UsageError("Standard input (-) can be read only once.")
    if "self" in calibrate:
        check_self(inputs, calibrate)
    keep_memory()
    engine = open_engine(model, engine_name, device)
    if live is not None and hop is None:
        hop = HOP_SECONDS
    windowing = default_windowing(engine, duration, hop)
    if segments and hop is None:
        windowing = replace(windowing, hop=windowing.duration / OVERLAP)
    stay = STAY if segments and smooth is None else smooth
    refine = Refinement(stay, min_confidence, segments)
    if batch is not None and live is None:
        voices = learn_voices(calibrate, labelled, engine, vad=vad)
        chosen = batch.model(model, engine_name, device)
        run_batch(
            console,
            batch,
            inputs,
            Analysis(chosen, windowing, part, refine, vad, voices, summary),
            top,
            lambda count: open_writer(
                checked_outputs(targets, format_name, recordings=count, summaries=summary),
                engine.labels,
                headings=count > 1,
                top=top,
                summaries=summary,
            ),
        )
        return
    recordings = list(recordings_in(console, inputs)) if live is None else [live.name]
    check_views(plot, html, len(recordings))
    if not recordings:
        return
    checked_outputs(targets, format_name, recordings=len(recordings), summaries=summary)
    voices = learn_voices(calibrate, labelled, engine, vad=vad)
    known = functools.partial(voices.of, engine=engine, vad=vad)
    headings = len(recordings) > 1
    aside = open_aside(console, text, asked)
    show = functools.partial(
        Views, engine=engine, part=part, plot=plot, page=html, sound=html_sound
    )
    if live is not None:
        with show(live.name) as views:
            run_live(
                console,
                live,
                windowing,
                part,
                labels=engine.labels,
                rate=engine.spec.sample_rate,
                least=min_confidence,
                asked=summary or _given("output", "formats"),
                tap=views.hear,
                recognise=functools.partial(
                    analyse, live.name, engine, windowing, calibration=known(live.name), vad=vad
                ),
                writing=functools.partial(
                    open_writer, found, engine.labels, headings=False, top=top, summaries=summary
                ),
                write=lambda windows, writer: _write(
                    console, live.name, refine(windows), engine, writer, summary, views
                ),
            )
        return
    with (
        open_writer(
            found,
            engine.labels,
            headings=headings,
            top=top,
            summaries=summary,
            words=aside.labels,
        ) as writer,
        console.progress(len(recordings), "file", "analysing") as bar,
    ):
        for recording in recordings:
            try:
                with show(recording) as views:
                    aside.begin(engine.spec.sample_rate, part.start)
                    windows = analyse(
                        recording,
                        engine,
                        windowing,
                        part=part,
                        calibration=known(recording),
                        vad=vad,
                        tap=aside.tapped(views.hear),
                    )
                    windows = aside.join(refine(windows))
                    _write(console, recording, windows, engine, writer, summary, views)
            except SerError as error:
                console.fail(error)
            bar.update(1)


def _given(*options: str) -> bool:
    """Says whether one of these options is given and no default."""
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    return any(context.get_parameter_source(name) != default for name in options)


def _write(
    console: Console,
    recording: str,
    windows: Iterable[Window],
    engine: Engine,
    writer: Writer | None,
    summary: bool,
    views: Views,
) -> None:
    summariser = Summariser(recording, engine.labels)
    for window in windows:
        if summary:
            summariser.add(window)
        elif writer is not None:
            writer.write(window)
        views.add(window)
    if summary and writer is not None:
        writer.write_summary(summariser.result())
    views.save(console)


if __name__ == "__main__":
    main()
