"""``ser-translate``: the same words, the same voice, another emotion."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ser.audio import reader
from ser.audio.selection import Selection
from ser.audio.writer import SUFFIXES, check_target
from ser.cli.common import (
    Console,
    audio_arguments,
    collect_inputs,
    command,
    device_option,
    refuse_terminal,
)
from ser.cli.exclusive import Excludes, Needs
from ser.cli.options import sound_options, with_options
from ser.cli.paths import InputPath, OutputPath, file_roles
from ser.cli.voice_options import knob_options, loudness_option
from ser.conversion.jobs import AUTO, ConversionConfig, convert_files
from ser.conversion.knobs import ADJUSTED, Knobs, PhraseReport
from ser.conversion.modification import MAX_INTENSITY
from ser.conversion.tasks import (
    ConversionTask,
    SourceRecording,
    find_recordings,
    name_results,
)
from ser.errors import LabelError, ParameterError, SerError, choose_from
from ser.io.files import STANDARD, is_special, make_folder
from ser.io.listing import is_folder
from ser.labels import COMMON, canonical
from ser.parallel.resources import usable_cores
from ser.pretrained import DEFAULT_TRANSLATOR, SMALL_MODEL, find_model
from ser.timeline.writers.registry import open_text

ALL = "all"
"""What ``--to`` takes for every emotion that the model makes."""

_STDIN_NAME = "stdin"


def _complete(*names: str) -> Callable[[click.Context, click.Parameter, str], list[str]]:
    return lambda context, parameter, incomplete: [
        name for name in names if name.startswith(incomplete)
    ]


def _translation_options(function: Any) -> Any:
    options = [
        click.option(
            "--to",
            "to",
            metavar="EMOTION|all",
            shell_complete=_complete(*COMMON, ALL),
            help="What the voice becomes: an emotion, several with commas between them, or all. "
            "Not needed where --pitch and the like change the voice.",
        ),
        click.option(
            "--intensity",
            type=click.FloatRange(0, MAX_INTENSITY),
            default=1.0,
            show_default=True,
            metavar="0..1.5",
            help="How strongly: 0 changes nothing, 0.4 is an actor's normal recording, 1 a strong "
            "one.",
        ),
        loudness_option(),
        *knob_options(),
        click.option(
            "--from",
            "source",
            metavar="EMOTION|auto",
            shell_complete=_complete(*COMMON, AUTO),
            help="The emotion that the recordings have, where it is known; auto: the classifier "
            "of ser-analyze says it of each phrase. What has the wanted emotion already stays as "
            "it is. Otherwise recordings are taken for more or less neutral.",
        ),
        click.option(
            "--model",
            metavar="MODEL.keras",
            type=InputPath(),
            default=str(DEFAULT_TRANSLATOR),
            show_default="the one that comes with ser",
            envvar="SER_TRANSLATOR",
            help="The translator; also the environment variable SER_TRANSLATOR.",
        ),
        click.option(
            "--engine",
            type=click.Choice(["auto", "network", "rules"]),
            default="auto",
            show_default=True,
            help="What decides how a voice changes: the model's network, or the rules in it, "
            "medians of many speakers; auto takes the network where there is one.",
        ),
        device_option,
    ]
    return with_options(options, function)


def _result_options(function: Any) -> Any:
    options = [
        click.option(
            "-o",
            "--output",
            metavar="FILE|DIR|-",
            type=OutputPath(allow_dash=True),
            help="OUT.wav or OUT.flac for one result, a folder for several: NAME.angry.wav; - is "
            "stdout.  [default: -, or no sound at all with --plot or --spectrograms]",
        ),
        click.option(
            "-f",
            "--format",
            "kind",
            type=click.Choice([suffix[1:] for suffix in SUFFIXES]),
            help="What is written into a folder and to stdout.  [default: wav]",
        ),
        click.option(
            "-j",
            "--jobs",
            type=click.IntRange(1),
            metavar="INTEGER",
            help="Results made at the same time.  [default: all usable cores, 1 on a GPU]",
        ),
        click.option(
            "--plot",
            metavar="FILE",
            type=OutputPath(),
            help="Draw mel spectrogram, F0 and envelope of one recording beside its translations "
            "(PNG or SVG); of a long one the first minute.",
        ),
        click.option(
            "--report",
            metavar="FILE",
            type=OutputPath(allow_dash=True),
            help="Write what was done to each phrase (JSON): pitch, range, rate, tilt, level.",
        ),
        click.option(
            "--spectrograms",
            metavar="FILE",
            type=OutputPath(allow_dash=True),
            help="Write the mel spectrograms of the results as a feature table (.npy).",
        ),
    ]
    return with_options(options, function)


@command(
    "ser-translate",
    rules=(
        Excludes("--spectrograms=-", ("--output=-", "--report=-"), "one of them can use stdout"),
        Excludes("--report=-", "--output=-", "one of them can use stdout"),
        Needs(
            ("--plot", "--spectrograms", "--from", "--intensity"), "--to", "they are about emotions"
        ),
    ),
)
@audio_arguments
@sound_options(each=False)
@_translation_options
@_result_options
def main(
    console: Console,
    audio: tuple[str, ...],
    files_from: str | None,
    files0_from: str | None,
    to: str | None,
    intensity: float,
    loudness: Any,
    source: str | None,
    model: str,
    channel: Any,
    track: int | None,
    engine: Any,
    device: Any,
    output: str | None,
    kind: str | None,
    jobs: int | None,
    plot: str | None,
    report: str | None,
    spectrograms: str | None,
    **turned: float,
) -> None:
    """Turns the voice in AUDIO into another emotion: files, folders, or - for stdin.

    Words and speaker stay, and so do sample rate and channels. Recordings may be of any length.
    The result is synthetic speech: say so wherever you publish it, and ask whoever speaks.

    \b
    Examples:
      ser-translate talk.wav --to angry -o angry.wav
      ser-translate talk.m4a --to all -o emotions/
      ser-translate talk.wav --pitch +2st --rate 0.9 -o higher.wav
      ser-translate calls/ --to calm --intensity 0.5 --format flac -o calm/
      sox talk.mp3 -t wav - | ser-translate - --to happy | play -
    """  # noqa: D301
    knobs = Knobs(**turned)
    if to is None and knobs.is_neutral:
        raise click.UsageError("Nothing is to be changed: give --to, or --pitch and the like.")
    emotion_names = [ADJUSTED] if to is None else _parse_emotions(to)
    source_emotion = _canonical(source, "from") if source not in (None, AUTO) else source
    inputs = collect_inputs(audio, files_from, files0_from)
    if plot is not None:
        from ser.viz.figure import check_target as check_picture

        check_picture(Path(plot), "plot")
    one = len(inputs) == 1 and not is_folder(inputs[0])
    output_place = _parse_output(
        output,
        kind,
        single=one and len(emotion_names) == 1 and emotion_names != [ALL],
        without_sound=plot is not None or spectrograms is not None,
    )
    if spectrograms is not None:
        refuse_terminal(spectrograms)
    classifier = str(find_model(os.environ.get("SER_MODEL") or SMALL_MODEL))
    selection = Selection(channel, track)
    config = ConversionConfig(
        model, engine, device, intensity, source_emotion, classifier, selection, loudness, knobs
    )
    # Opened first: a missing classifier is an error before any conversion.
    config.open_source_emotion()
    emotions = emotion_names
    if to is not None:
        emotions = _select_emotions(emotion_names, config.open_converter().emotions)
    with tempfile.TemporaryDirectory(prefix="ser-translate-") as folder:
        recordings = [
            _spool(recording, Path(folder)) for recording in find_recordings(inputs, console.fail)
        ]
        if plot is not None and len(recordings) != 1:
            raise click.UsageError("--plot draws one recording: name one file.")
        tasks = output_place.tasks(recordings, emotions, Path(folder) / "results")
        phrases: dict[ConversionTask, tuple[PhraseReport, ...]] = {}
        processes = jobs or (1 if device == "gpu" else usable_cores())
        done = _convert(console, tasks, config, processes, phrases)
        # A failed plot or table leaves the results as they are.
        with _report_error(console):
            if plot is not None and done:
                _draw(Path(plot), done, config)
        with _report_error(console):
            if spectrograms is not None and done:
                _tabulate(console, spectrograms, done)
        with _report_error(console):
            if report is not None and done:
                _write_report(report, [task for task in tasks if task in phrases], phrases)
        output_place.finish(console, done)


@dataclass(frozen=True, slots=True)
class _Output:
    """Where results are written.

    Attributes:
        target: A file, a folder or ``-``; empty where no sound is asked for.
        suffix: Of the output files.
        single: Whether `target` is one file.
    """

    target: str
    suffix: str
    single: bool

    def tasks(
        self, recordings: Sequence[SourceRecording], emotions: Sequence[str], temporary: Path
    ) -> list[ConversionTask]:
        """Names the results; `temporary` is the folder for those that no file is asked for."""
        if self.target in ("", STANDARD):
            return name_results(recordings, emotions, temporary, self.suffix)
        target = Path(self.target)
        if self.single:
            tasks = [ConversionTask(recording, emotions[0], target) for recording in recordings]
        else:
            tasks = name_results(recordings, emotions, target, self.suffix)
            make_folder(target)
        roles = file_roles()
        roles.add_inputs(recording.path for recording in recordings)
        if not self.single:
            roles.add_outputs(task.target for task in tasks)
        return tasks

    def finish(self, console: Console, done: Sequence[ConversionTask]) -> None:
        """Copies the result to stdout, or reports the number of files."""
        if self.target == STANDARD:
            for task in done:
                # Only now, when it is complete: the reader gets all of it or nothing.
                with task.target.open("rb") as stream:
                    shutil.copyfileobj(stream, sys.stdout.buffer, 1 << 20)
                sys.stdout.buffer.flush()
        elif self.target and not self.single:
            files = "file" if len(done) == 1 else "files"
            console.info(f"{self.target}: {len(done)} {files} of synthetic speech")


def _parse_output(
    output: str | None, kind: str | None, *, single: bool, without_sound: bool
) -> _Output:
    """Reads ``--output`` and ``--format``.

    Raises:
        click.UsageError: They do not fit each other, or what is to be written.
    """
    suffix = f".{kind or 'wav'}"
    if output is None and without_sound:
        return _Output("", suffix, single)
    if output is None or output == STANDARD:
        if not single:
            raise click.UsageError("Several results need a folder: give -o DIR.")
        refuse_terminal(STANDARD)
        return _Output(STANDARD, suffix, single)
    own = Path(output).suffix.lower()
    folder = Path(output).is_dir() or output.endswith("/")
    if single and not folder:
        try:
            check_target(Path(output))
        except SerError as error:
            raise click.UsageError(f"-o {error}, or end a folder in /.") from error
        if kind is not None and own != suffix:
            raise click.UsageError(f"--format {kind} does not go with -o {output}: leave it out.")
        return _Output(output, own, single)
    if own in SUFFIXES and not folder:
        raise click.UsageError(f"-o {output} is one file: several results need a folder.")
    return _Output(output, suffix, single=False)


def _parse_emotions(to: str) -> list[str]:
    names = [name.strip() for name in to.split(",") if name.strip()]
    if not names:
        raise click.UsageError("--to names no emotion.")
    if any(name.lower() == ALL for name in names):
        return [ALL]
    return list(dict.fromkeys(_canonical(name, "to") for name in names))


def _canonical(name: str, parameter: str) -> str:
    try:
        return canonical(name)
    except LabelError as error:
        raise ParameterError(parameter, error.cause, error.cure, name) from error


def _select_emotions(names: Sequence[str], offered: Sequence[str]) -> list[str]:
    if names == [ALL]:
        return list(offered)
    for name in names:
        if name not in offered:
            cure = choose_from(name, [*offered, ALL])
            raise ParameterError("to", "the model does not make this emotion", cure, name)
    return list(names)


def _spool(recording: SourceRecording, folder: Path) -> SourceRecording:
    """Saves an input that can be read only once, for it is read for each emotion."""
    standard = recording.shown == STANDARD
    if not standard and not is_special(recording.path):
        return recording
    copy = folder / "input"
    with contextlib.ExitStack() as stack:
        stream = sys.stdin.buffer if standard else stack.enter_context(recording.path.open("rb"))
        shutil.copyfileobj(stream, stack.enter_context(copy.open("wb")), 1 << 20)
    return SourceRecording(recording.shown, copy, _STDIN_NAME if standard else recording.name)


def _write_report(
    target: str,
    tasks: Sequence[ConversionTask],
    phrases: Mapping[ConversionTask, Sequence[PhraseReport]],
) -> None:
    """Writes what was done as JSON, an object for each result."""
    results = [
        {
            "file": task.recording.shown,
            "to": None if task.emotion == ADJUSTED else task.emotion,
            "phrases": [phrase.to_dict() for phrase in phrases[task]],
        }
        for task in tasks
    ]
    with open_text(target) as stream:
        stream.write(json.dumps(results, indent=1, ensure_ascii=False) + "\n")


def _convert(
    console: Console,
    tasks: Sequence[ConversionTask],
    config: ConversionConfig,
    jobs: int,
    phrases: dict[ConversionTask, tuple[PhraseReport, ...]],
) -> list[ConversionTask]:
    """Converts; gives the tasks that succeeded, and what was done in them."""
    done = []
    reported = set()
    total = sum(_seconds(task.recording.path) for task in tasks)
    converted = shown = 0.0
    with console.progress(math.ceil(total) or None, "s", "translating") as bar:

        def on_seconds(seconds: float) -> None:
            nonlocal converted, shown
            converted += seconds
            bar.update(int(converted - shown))
            shown += int(converted - shown)

        for task, result in convert_files(tasks, config, jobs, on_seconds):
            if result.error is None:
                done.append(task)
                phrases[task] = result.phrases
                console.detail(f"{task.recording.shown}: {task.emotion}")
            elif str(result.error) not in reported:
                # The same error comes for each emotion.
                reported.add(str(result.error))
                console.fail(result.error)
    return done


@contextlib.contextmanager
def _report_error(console: Console) -> Iterator[None]:
    try:
        yield
    except SerError as error:
        console.fail(error)


def _seconds(path: Path) -> float:
    try:
        return reader.length(path)
    except SerError:
        # The error is reported when the file is converted.
        return 0.0


def _draw(target: Path, done: Sequence[ConversionTask], config: ConversionConfig) -> None:
    from ser.conversion.spectrograms import read_contours
    from ser.viz.conversion import PlotColumn, draw_conversion

    recording = done[0].recording
    order = sorted(done, key=lambda task: config.open_converter().emotions.index(task.emotion))
    draw_conversion(
        target,
        read_contours(recording.path),
        [PlotColumn(task.emotion, read_contours(task.target)) for task in order],
        title=Path(recording.shown).name,
        subtitle=f"synthetic speech, model {Path(config.model).stem}, "
        f"intensity {config.intensity:g}",
    )


def _tabulate(console: Console, target: str, done: Sequence[ConversionTask]) -> None:
    from ser.conversion.spectrograms import SpectrogramTable

    with SpectrogramTable() as table:
        for task in done:
            table.add(task)
        count = table.write(target)
    console.info(f"{target}: {count} {'record' if count == 1 else 'records'}")


if __name__ == "__main__":
    main()
