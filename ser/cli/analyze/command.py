"""``ser-analyze``: audio in, a timeline of emotions out."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from ser.audio.reader import is_pipe
from ser.cli.analyze.batch import BATCH_RULES, analyze_batch, batch_options, batch_request
from ser.cli.analyze.live import (
    LIVE,
    LIVE_RULES,
    MICROPHONE_OPTIONS,
    live_options,
    live_request,
    run_live,
)
from ser.cli.analyze.options import (
    PRIOR_RULES,
    adapt_option,
    check_adapt,
    labelled_speech,
    prior_option,
    timeline_options,
    window_options,
)
from ser.cli.analyze.session import Outputs, Session
from ser.cli.analyze.text import TEXT_RULES, open_text_stage, text_options
from ser.cli.analyze.turns import (
    TURN_EXCLUDES,
    TURN_RULES,
    Inputs,
    check_read_twice,
    gather_inputs,
    speaker_turns,
    turn_options,
)
from ser.cli.analyze.views import Views, check_views, html_options
from ser.cli.common import Console, audio_arguments, command, device_option
from ser.cli.exclusive import Excludes, Needs, exclude, is_given
from ser.cli.options import check_stdin, model_option, sound_options
from ser.cli.outputs import walk_recordings
from ser.cli.paths import OutputPath, TextWithPath, file_roles
from ser.inference.classifier import open_classifier
from ser.inference.config import make_config
from ser.inference.live import HOP_SECONDS
from ser.inference.recognizer import Recognizer
from ser.inference.windowing import TimeRange
from ser.parallel.resources import keep_freed_memory
from ser.timeline.writers.base import WriterOptions
from ser.timeline.writers.registry import separate_outputs


@command(
    "ser-analyze",
    rules=(
        *LIVE_RULES,
        *BATCH_RULES,
        *TEXT_RULES,
        *PRIOR_RULES,
        *TURN_RULES,
        Needs("--html-sound", "--html"),
        Excludes(
            "--channel=each",
            ("--plot", "--text", *LIVE),
            "give the number of one channel",
        ),
        Excludes(MICROPHONE_OPTIONS, "--track", "a microphone has no tracks"),
    ),
)
@audio_arguments
@model_option
@sound_options()
@window_options
@timeline_options
@turn_options
@live_options
@batch_options
@click.option("--summary", is_flag=True, help="Write what each recording comes to, and no windows.")
@click.option(
    "--plot",
    metavar="FILE",
    type=OutputPath(),
    help="Draw waveform, mel spectrogram and emotions of one recording (PNG or SVG). With "
    "--output-dir, png or svg: a picture of each.",
)
@html_options
@text_options
@adapt_option
@prior_option
@click.option(
    "--enrol",
    metavar="EMOTION=FILE",
    type=TextWithPath("[^=]*=(.*)"),
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
    channel: Any,
    track: int | None,
    duration: float | None,
    hop: float | None,
    start: float,
    end: float | None,
    vad: bool,
    smooth: float | None,
    min_confidence: float,
    coverage: float | None,
    segments: bool,
    formats: tuple[str, ...],
    output: tuple[str, ...],
    top: int,
    segments_from: str | None,
    tiers: tuple[str, ...],
    speakers: str | None,
    enrolled: tuple[str, ...],
    speaker_store: str | None,
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
    adapt: tuple[str, ...],
    calibrate: tuple[str, ...],
    prior: Any,
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
      ser-analyze interview.m4a --speakers 2 --summary
      ser-analyze talk.wav --segments-from talk.TextGrid -o emotions.TextGrid
    """  # noqa: D301
    targets, words = separate_outputs(output, audio)
    outputs = Outputs(
        console,
        targets,
        formats[0] if formats else None,
        WriterOptions(top=top, channels=channel != "mix", sets=coverage is not None),
        summary,
    )
    outputs.check(recordings=1)
    time_range = TimeRange(start, end)
    context = click.get_current_context()
    live = live_request(mic, mic_device, play, [*words, files_from, files0_from])
    given = Inputs([], None)
    if live is None:
        given = gather_inputs(words, files_from, files0_from, segments_from, tiers)
    if speakers is not None:
        given = replace(given, turns=speaker_turns(speakers, enrolled, speaker_store))
    inputs = given.paths if live is None else [Path(live.name)]
    if given.turns is not None:
        options = replace(outputs.options, speakers=True, whole=given.turns.whole)
        outputs = replace(outputs, options=options)
        if given.turns.whole:
            exclude(context, TURN_EXCLUDES, "segments", "each segment is one record")
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
    _check_channel(channel, inputs)
    if speakers is not None:
        check_read_twice(inputs)
    if text and batch is not None:
        exclude(context, "--text", "several recordings at a time", "leave --jobs and URLs out")
    labelled = labelled_speech(enrol)
    if calibrate:
        console.note("--calibrate is now called --adapt")
        adapt += calibrate
    speech = [*adapt, *(path for _, path in labelled)]
    check_stdin([*map(str, inputs), files_from, files0_from, *speech])
    recordings: list[str] = []
    if live is not None or batch is None:
        recordings = [live.name] if live is not None else list(walk_recordings(console, inputs))
        file_roles().add_inputs(recordings)
        given.check(len(recordings))
        check_views(plot, html, len(recordings))
        if not recordings:
            return
        outputs.check(len(recordings))
        if given.turns is not None and len(recordings) == 1:
            # A file is written again with new tiers.
            annotation = given.turns.annotation(recordings[0])
            outputs = replace(outputs, options=replace(outputs.options, annotation=annotation))
    keep_freed_memory()
    known = dict(prior) if isinstance(prior, tuple) else prior
    classifier = open_classifier(model, engine_name, device, known)
    check_adapt(adapt, inputs, twice=classifier.speaker_model is None or bool(labelled))
    config = make_config(
        classifier,
        duration=duration,
        hop=hop,
        start=start,
        end=end,
        segments=segments,
        smooth=smooth,
        min_confidence=min_confidence,
        coverage=coverage,
        vad=vad,
        adapt=adapt,
        enrol=labelled,
        default_hop=HOP_SECONDS if live is not None else None,
        channel=channel,
        track=track,
        turns=given.turns,
    )
    session = Session(console, Recognizer(classifier, config), outputs)
    make_views = functools.partial(
        Views,
        classifier=classifier,
        time_range=time_range,
        plot=plot,
        page=html,
        sound=html_sound,
    )
    if live is not None:
        run_live(
            live, session, make_views, asked=summary or is_given(context, "--output", "--format")
        )
    elif batch is not None:
        analyze_batch(batch, session, inputs, batch.model(model, engine_name, device, prior))
    else:
        session.analyze_each(recordings, make_views, open_text_stage(console, text, asked))


def _check_channel(channel: Any, inputs: Sequence[Path]) -> None:
    """Refuses ``--channel each`` of what can be read once only."""
    if channel != "each":
        return
    for path in inputs:
        if is_pipe(path):
            raise click.UsageError(
                "--channel each reads a recording several times: give files, not pipes."
            )


if __name__ == "__main__":
    main()
