"""``ser-listen``: transcripts, with the emotions of voice and words."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ser.arrays import Samples
from ser.audio.microphone import MICROPHONE
from ser.audio.reader import BLOCK_SECONDS, length, stream
from ser.audio.selection import Selection
from ser.audio.writer import write_sound
from ser.cli.common import Console, allows_color, audio_arguments, collect_inputs, command
from ser.cli.console import is_terminal
from ser.cli.exclusive import Excludes, exclude
from ser.cli.listen.recording import list_microphones, record
from ser.cli.options import model_option, sound_options, timeline_output_options
from ser.cli.outputs import choose_outputs, open_stream, open_writer, walk_recordings
from ser.cli.paths import InputPath, OutputPath, file_roles
from ser.cli.text_options import TextOptions, add_text_options
from ser.errors import SerError, failure_of
from ser.inference.classifier import open_classifier
from ser.io.files import STANDARD, is_special
from ser.text.align import analyze_utterances
from ser.text.asr import formats as transcript_formats
from ser.text.asr.base import RATE
from ser.text.asr.transcriber import Transcriber
from ser.text.emotion import formats as text_formats
from ser.timeline.writers.base import WriterOptions
from ser.timeline.writers.registry import FORMATS, Output, separate_outputs
from ser.timeline.writers.text import can_draw_blocks


@command(
    "ser-listen",
    rules=(Excludes("--text", "--transcript-only", "--text reads texts"),),
)
@audio_arguments
@click.option(
    "--text",
    "text_file",
    metavar="FILE",
    type=InputPath(allow_dash=True),
    help="Read texts from FILE (- is stdin), one per line, instead of listening.",
)
@click.option("--transcript-only", is_flag=True, help="Write what was said, without emotions.")
@click.option(
    "--seconds",
    metavar="S",
    type=click.FloatRange(0, min_open=True),
    help="The longest recording from the microphone.",
)
@click.option(
    "--silence",
    metavar="S",
    type=click.FloatRange(0),
    default=2.0,
    show_default=True,
    help="Seconds of silence that end a recording from the microphone; 0 for none.",
)
@click.option(
    "--save",
    metavar="FILE",
    type=OutputPath(dir_okay=False),
    help="Keep the recording from the microphone: .wav or .flac.",
)
@click.option(
    "--mic-device", metavar="NAME", help="Which microphone: a part of its name, or number."
)
@click.option("--list-devices", is_flag=True, help="List the microphones, and end.")
@model_option
@sound_options(each=False)
@add_text_options
@click.option(
    "-f",
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    help="How the result is written.  [default: what the output's ending says, or text]",
)
@timeline_output_options
def main(
    console: Console,
    audio: tuple[str, ...],
    files_from: str | None,
    files0_from: str | None,
    text_file: str | None,
    transcript_only: bool,
    seconds: float | None,
    silence: float,
    save: str | None,
    mic_device: str | None,
    list_devices: bool,
    model: str,
    channel: Any,
    track: int | None,
    format_name: str | None,
    output: tuple[str, ...],
    top: int,
    **asked: Any,
) -> None:
    """Transcribes AUDIO, with the emotion of the voice beside that of the words.

    Without AUDIO it records one utterance from the microphone. Each utterance gets what the voice
    says, what the words say, both together, and a remark where they contradict each other:
    said calmly: "I am furious".

    Nothing is sent anywhere: sound and words stay on this machine, and the network is used for
    nothing but the download of models. Recordings are not kept unless --save asks for it.

    \b
    Examples:
      ser-listen
      ser-listen interview.m4a -f jsonl
      ser-listen --transcript-only lecture.mp3 -o lecture.srt
      echo "I am so happy" | ser-listen --text -
    """  # noqa: D301
    if list_devices:
        microphones = list_microphones()
        for line in microphones:
            click.echo(line)
        if not microphones:
            console.note("no microphone was found; connect one, or name recordings instead")
        return
    targets, names = separate_outputs(output, audio)
    outputs = choose_outputs(targets, format_name)
    options = TextOptions(console, **asked)
    named = bool(names or files_from or files0_from)
    if text_file is not None:
        if named:
            exclude(click.get_current_context(), "--text", "AUDIO", "--text reads texts")
        _classify_texts(
            console, text_file, options, _only_output(outputs, text_formats.FORMATS, "--text")
        )
        return
    _check_microphone_options(named, save)
    inputs = collect_inputs(names, files_from, files0_from) if named else []
    recordings = list(walk_recordings(console, inputs))
    file_roles().add_inputs(recordings)
    selection = Selection(channel, track)
    sources = [_open_file(console, name, selection) for name in recordings]
    if named and not sources:
        return
    count = max(1, len(sources))
    transcript = None
    if transcript_only:
        transcript = _only_output(outputs, transcript_formats.FORMATS, "--transcript-only")
        if count > 1 and transcript.format in transcript_formats.ONE_RECORDING:
            raise click.UsageError(
                f"{transcript.format} holds one recording, and here are {count}."
            )
    choose_outputs(targets, format_name, recordings=count)
    classifier = None if transcript_only else open_classifier(model)
    rate = RATE if classifier is None else classifier.spec.sample_rate
    recognizer = options.open_recognizer()
    fusion = None if transcript_only else options.open_fusion()
    if not named:
        samples = record(console, rate, device=mic_device, seconds=seconds, silence=silence)
        if save is not None:
            write_sound(Path(save), samples, rate)
        sources = [_recorded(samples, rate)]

    def process_all(process: _Process) -> None:
        for source in sources:
            with console.progress(source.seconds, "s", source.name) as bar:
                try:
                    process(source, lambda seconds: bar.update(round(seconds)))
                except Exception as error:
                    console.fail(failure_of(source.name, error))

    def transcriber() -> Transcriber:
        return options.make_transcriber(recognizer, rate)

    if transcript is not None:
        _write_transcripts(console, transcript, process_all, transcriber, rate)
        return
    assert classifier is not None  # noqa: S101
    assert fusion is not None  # noqa: S101
    shown = WriterOptions(headings=count > 1, top=top, words=tuple(fusion.labels))
    with open_writer(console, outputs, classifier.labels, shown) as writer:

        def write_windows(source: _Source, progress: Callable[[float], None]) -> None:
            for window in analyze_utterances(
                source.name,
                source.blocks(rate),
                classifier,
                transcriber(),
                fusion,
                progress=progress,
            ):
                writer.write(window)

        process_all(write_windows)


@dataclass(frozen=True, slots=True)
class _Source:
    """A recording that is transcribed.

    Attributes:
        name: Its name in the results.
        seconds: Its length, where that is known.
        blocks: Gives its samples at a sample rate in hertz.
    """

    name: str
    seconds: int | None
    blocks: Callable[[int], Iterator[Samples]]


_Process = Callable[[_Source, Callable[[float], None]], None]
"""Processes a recording, and reports the seconds of each step."""


def _open_file(console: Console, name: str, selection: Selection) -> _Source:
    seconds = None
    if name != STANDARD and not is_special(Path(name)):
        # Where it cannot be read the reason comes when it is its turn.
        with contextlib.suppress(SerError):
            seconds = math.ceil(length(name))

    def tell(text: str) -> None:
        console.remark(f"{name}: {text}")

    return _Source(name, seconds, lambda rate: stream(name, rate, selection=selection, remark=tell))


def _recorded(samples: Samples, rate: int) -> _Source:
    size = round(BLOCK_SECONDS * rate)

    def blocks(rate: int) -> Iterator[Samples]:
        return (samples[start : start + size] for start in range(0, len(samples), size))

    return _Source(MICROPHONE, math.ceil(len(samples) / rate), blocks)


def _check_microphone_options(named: bool, save: str | None) -> None:
    if named:
        options = ("--seconds", "--silence", "--save", "--mic-device")
        exclude(click.get_current_context(), options, "AUDIO", "it is for the microphone")
    if save is not None and Path(save).suffix.lower() not in (".wav", ".flac"):
        raise click.UsageError(f"--save {save}: name it .wav or .flac.")


def _only_output(outputs: Sequence[Output], formats: Iterable[str], option: str) -> Output:
    """Gives the one output, which must have one of these formats."""
    known = list(formats)
    if len(outputs) != 1 or outputs[0].format not in known:
        raise click.UsageError(f"{option} writes one output, as {', '.join(known)}.")
    return outputs[0]


def _write_transcripts(
    console: Console,
    target: Output,
    process_all: Callable[[_Process], None],
    transcriber: Callable[[], Transcriber],
    rate: int,
) -> None:
    header, format_utterance = transcript_formats.FORMATS[target.format]
    count = 0
    with open_stream(console, target.path, lambda: count) as out:
        out.write(header)

        def write_utterances(source: _Source, progress: Callable[[float], None]) -> None:
            nonlocal count
            for utterance, _ in transcriber().stream(source.blocks(rate)):
                count += 1
                out.write(format_utterance(source.name, count, utterance))
                out.flush()
                progress(utterance.end - utterance.start)

        process_all(write_utterances)


def _classify_texts(console: Console, source: str, options: TextOptions, target: Output) -> None:
    try:
        lines = sys.stdin if source == STANDARD else Path(source).open(encoding="utf-8")  # noqa: SIM115
        classifier = options.open_text_classifier()
        format_text = text_formats.FORMATS[target.format]
        count = 0
        with lines, open_stream(console, target.path, lambda: count) as out:
            color = target.path == STANDARD and is_terminal(out) and allows_color()
            out.write(text_formats.header(target.format, classifier.labels))
            # One by one: whoever types or pipes sees an answer to each line.
            for line in filter(None, map(str.strip, lines)):
                (found,) = classifier.classify([line])
                count += 1
                out.write(format_text(line, found, color, not can_draw_blocks(out)))
                out.flush()
    except UnicodeDecodeError as error:
        name = "standard input" if source == STANDARD else source
        raise SerError(name, "is not text in UTF-8", "convert it") from error


if __name__ == "__main__":
    main()
