"""``ser-listen``: what was said, and how."""

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
from ser.audio.writer import write_sound
from ser.cli.common import Console, allows_colour, audio_arguments, collect_inputs, command
from ser.cli.console import is_terminal
from ser.cli.listen.recording import device_list, record
from ser.cli.options import model_option, timeline_output_options
from ser.cli.outputs import checked_outputs, open_writer, recordings_in
from ser.cli.text_options import Words, words_options
from ser.errors import SerError
from ser.inference.classifier import Classifier, open_classifier
from ser.io.files import STANDARD, is_special
from ser.text.align import listen, said
from ser.text.asr import formats as transcripts
from ser.text.asr.base import RATE
from ser.text.emotion import formats as texts
from ser.timeline.writers.registry import FORMATS, Output, open_text, separate_outputs
from ser.timeline.writers.text import can_draw_blocks


@command("ser-listen")
@audio_arguments
@click.option(
    "--text",
    "text_file",
    metavar="FILE",
    type=click.Path(allow_dash=True),
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
    type=click.Path(dir_okay=False),
    help="Keep the recording from the microphone: .wav or .flac.",
)
@click.option(
    "--mic-device", metavar="NAME", help="Which microphone: a part of its name, or number."
)
@click.option("--list-devices", is_flag=True, help="List the microphones, and end.")
@model_option
@words_options
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
    format_name: str | None,
    output: tuple[str, ...],
    top: int,
    **asked: Any,
) -> None:
    """Writes down what is said in AUDIO, and the emotion of the voice beside that of the words.

    Without AUDIO it records one utterance from the microphone. Each passage gets what the voice
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
        microphones = device_list()
        for line in microphones:
            click.echo(line)
        if not microphones:
            console.note("no microphone was found; connect one, or name recordings instead")
        return
    targets, names = separate_outputs(output, audio)
    found = checked_outputs(targets, format_name)
    words = Words(console, **asked)
    named = bool(names or files_from or files0_from)
    if text_file is not None:
        if named or transcript_only:
            raise click.UsageError("--text reads texts: leave AUDIO and --transcript-only out.")
        _read_texts(text_file, words, _one(found, texts.FORMATS, "--text"))
        return
    _check_microphone(named, save)
    inputs = collect_inputs(names, files_from, files0_from) if named else []
    sources = [_file(name) for name in recordings_in(console, inputs)]
    if named and not sources:
        return
    count = max(1, len(sources))
    target = _one(found, transcripts.FORMATS, "--transcript-only") if transcript_only else None
    if target is not None and count > 1 and target.format in transcripts.ONE_RECORDING:
        raise click.UsageError(f"{target.format} holds one recording, and here are {count}.")
    checked_outputs(targets, format_name, recordings=count)
    engine = None if transcript_only else open_classifier(model)
    rate = RATE if engine is None else engine.spec.sample_rate
    recogniser = words.recogniser()
    judge = None if transcript_only else words.judge()
    if not named:
        samples = record(console, rate, device=mic_device, seconds=seconds, silence=silence)
        if save is not None:
            write_sound(Path(save), samples, rate)
        sources = [_recorded(samples, rate)]

    def each(work: Callable[[_Source, Iterable[Samples], Callable[[float], None]], None]) -> None:
        for source in sources:
            with console.progress(source.seconds, "s", source.name) as bar:
                try:
                    work(source, source.blocks(rate), lambda passed: bar.update(round(passed)))
                except SerError as error:
                    console.fail(error)

    if engine is None or judge is None:
        assert target is not None  # noqa: S101
        _write_transcripts(target, each, lambda: words.transcriber(recogniser, rate))
        return
    heard: Classifier = engine
    with open_writer(
        found, heard.labels, headings=count > 1, top=top, words=judge.labels
    ) as writer:

        def write_windows(
            source: _Source, blocks: Iterable[Samples], passed: Callable[[float], None]
        ) -> None:
            transcriber = words.transcriber(recogniser, rate)
            for window in listen(source.name, blocks, heard, transcriber, judge, heard=passed):
                writer.write(window)

        each(write_windows)


@dataclass(frozen=True, slots=True)
class _Source:
    """Something to listen to.

    Attributes:
        name: What stands for it in the results.
        seconds: How long it is, if that is known.
        blocks: Gives its samples at a rate.
    """

    name: str
    seconds: int | None
    blocks: Callable[[int], Iterator[Samples]]


_Each = Callable[[Callable[[_Source, Iterable[Samples], Callable[[float], None]], None]], None]


def _file(name: str) -> _Source:
    seconds = None
    if name != STANDARD and not is_special(Path(name)):
        # Where it cannot be read the reason comes when it is its turn.
        with contextlib.suppress(SerError):
            seconds = math.ceil(length(name))
    return _Source(name, seconds, lambda rate: stream(name, rate))


def _recorded(samples: Samples, rate: int) -> _Source:
    size = round(BLOCK_SECONDS * rate)

    def blocks(rate: int) -> Iterator[Samples]:
        return (samples[start : start + size] for start in range(0, len(samples), size))

    return _Source(MICROPHONE, math.ceil(len(samples) / rate), blocks)


def _check_microphone(named: bool, save: str | None) -> None:
    context = click.get_current_context()
    default = click.core.ParameterSource.DEFAULT
    options = ("seconds", "silence", "save", "mic_device")
    given = [name for name in options if context.get_parameter_source(name) != default]
    if named and given:
        option = "--" + given[0].replace("_", "-")
        raise click.UsageError(f"{option} is for the microphone: leave AUDIO out.")
    if save is not None and Path(save).suffix.lower() not in (".wav", ".flac"):
        raise click.UsageError(f"--save {save}: name it .wav or .flac.")


def _one(found: Sequence[Output], formats: Iterable[str], option: str) -> Output:
    """Insists on one output in a format that can hold this."""
    known = list(formats)
    if len(found) != 1 or found[0].format not in known:
        raise click.UsageError(f"{option} writes one output, as {', '.join(known)}.")
    return found[0]


def _write_transcripts(target: Output, each: _Each, transcriber: Callable[[], Any]) -> None:
    begin, made = transcripts.FORMATS[target.format]
    interrupted = False
    with open_text(target.path) as out:
        out.write(begin)
        number = 0

        def write_passages(
            source: _Source, blocks: Iterable[Samples], passed: Callable[[float], None]
        ) -> None:
            nonlocal number
            for passage, _ in said(blocks, transcriber()):
                number += 1
                out.write(made(source.name, number, passage))
                out.flush()
                passed(passage.end - passage.start)

        try:
            each(write_passages)
        except KeyboardInterrupt:
            # What has been written down is not thrown away for the rest.
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt


def _read_texts(source: str, words: Words, target: Output) -> None:
    try:
        lines = sys.stdin if source == STANDARD else Path(source).open(encoding="utf-8")  # noqa: SIM115
        model = words.model()
        made = texts.FORMATS[target.format]
        with lines, open_text(target.path) as out:
            colour = target.path == STANDARD and is_terminal(out) and allows_colour()
            out.write(texts.header(target.format, model.labels))
            # One by one: whoever types or pipes sees an answer to each line.
            for line in filter(None, map(str.strip, lines)):
                (found,) = model.classify([line])
                out.write(made(line, found, colour, not can_draw_blocks(out)))
                out.flush()
    except UnicodeDecodeError as error:
        name = "standard input" if source == STANDARD else source
        raise SerError(name, "is not text in UTF-8", "convert it") from error


if __name__ == "__main__":
    main()
