"""``ser-extract``: audio files in, one feature table out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from ser import parallel
from ser.cli.common import (
    Console,
    audio_arguments,
    collect_inputs,
    command,
    jobs_option,
    output_option,
    refuse_terminal,
)
from ser.corpora.base import Clip
from ser.corpora.registry import CHOICES, find_clips
from ser.errors import SerError
from ser.features.spec import FAMILIES, PRESETS, FeatureSpec, MelScale, Normalise, Pool
from ser.files import STANDARD

# How many of a corpus's strangers are named before the rest is only counted.
_NAMED = 5


def spec_options(function: Any) -> Any:
    """Adds the options that decide a `FeatureSpec`; those not given leave the preset's value."""
    options = [
        click.option(
            "--preset",
            type=click.Choice(list(PRESETS)),
            default="speech",
            show_default=True,
            help="Where the values of all other feature options come from.",
        ),
        click.option(
            "--like",
            metavar="FILE",
            type=click.Path(),
            help="Take the specification of a table or model instead of a preset's.",
        ),
        click.option(
            "--features",
            "families",
            metavar="NAMES",
            help=f"Feature families, with commas, in this order: {', '.join(FAMILIES)}.",
        ),
        click.option("--rate", "sample_rate", type=int, help="Sample rate in hertz."),
        click.option("--n-fft", type=int, help="Length of the Fourier transform in samples."),
        click.option("--win-length", type=int, help="Length of the Hann window in samples."),
        click.option("--hop-length", type=int, help="Samples from one frame to the next."),
        click.option("--fmin", type=float, help="Lowest frequency of the mel bands in hertz."),
        click.option("--fmax", type=float, help="Highest frequency of the mel bands in hertz."),
        click.option("--n-mels", type=int, help="Number of mel bands."),
        click.option("--n-mfcc", type=int, help="Number of cepstral coefficients."),
        click.option("--n-chroma", type=int, help="Number of pitch classes."),
        click.option(
            "--mel-scale", type=click.Choice(get_args(MelScale)), help="What the family mel holds."
        ),
        click.option("--deltas", type=click.IntRange(0, 2), help="Orders of time derivatives."),
        click.option(
            "--normalise",
            "--normalize",
            type=click.Choice(get_args(Normalise)),
            help="Zero mean and unit variance over each clip, per family or per coefficient.",
        ),
        click.option(
            "--pool",
            type=click.Choice(get_args(Pool)),
            help="One frame per clip: means, or means, deviations, minima and maxima.",
        ),
        click.option("--offset", type=float, help="Seconds to skip at the start of each clip."),
        click.option("--duration", type=float, help="Seconds to keep of each clip."),
        click.option(
            "--trim",
            type=float,
            metavar="DB",
            help="Cut off the ends of a clip that lie this many decibels under its peak.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def make_spec(preset: str, like: str | None, changes: dict[str, Any]) -> FeatureSpec:
    """Turns the values of `spec_options` into a specification.

    Raises:
        SerError: A value is out of range, or `like` is no table or model.
    """
    base = PRESETS[preset] if like is None else _spec_of_file(Path(like))
    given = {name: value for name, value in changes.items() if value is not None}
    if "families" in given:
        given["families"] = tuple(
            part.strip() for part in given["families"].split(",") if part.strip()
        )
    return base.with_changes(**given)


@command("ser-extract")
@audio_arguments
@output_option("The feature table to write; - is stdout.")
@click.option(
    "--corpus",
    type=click.Choice(CHOICES),
    default="auto",
    show_default=True,
    help="How file and folder names say the emotion; none labels nothing.",
)
@click.option(
    "--channel",
    type=click.Choice(["speech", "song", "both"]),
    default="both",
    show_default=True,
    help="Which recordings of RAVDESS to take.",
)
@spec_options
@click.option("--window", type=float, help="Cut each recording into windows of this many seconds.")
@click.option("--hop", type=float, help="Seconds from one window to the next.  [default: WINDOW]")
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@jobs_option
def main(
    console: Console,
    audio: tuple[str, ...],
    files_from: str | None,
    files0_from: str | None,
    output: str,
    corpus: str,
    channel: Any,
    preset: str,
    like: str | None,
    window: float | None,
    hop: float | None,
    resume: bool,
    jobs: int,
    **features: Any,
) -> None:
    """Computes features of AUDIO files, folders or manifests, and writes them as one table.

    Emotion, speaker and sentence are read from the corpus' file names. The table is a NumPy
    structured array that holds its own feature specification; what cannot be read is reported
    and left out.

    Examples:
    \b
      ser-extract RAVDESS/ -o ravdess.npy
      ser-extract RAVDESS/ --preset librosa --pool mean -o classic.npy
      ser-extract interview.m4a --window 3 --hop 1 -o windows.npy
    """  # noqa: D301
    inputs = collect_inputs(audio, files_from, files0_from)
    refuse_terminal(output)
    if resume and output == STANDARD:
        raise click.UsageError("--resume needs -o FILE: a pipe keeps nothing to continue.")
    if hop is not None and window is None:
        raise click.UsageError("--hop needs --window.")
    for name, value in (("--window", window), ("--hop", hop)):
        if value is not None and value <= 0:
            raise click.UsageError(f"{name} must be positive seconds.")
    spec = make_spec(preset, like, features)
    if parallel.pays(jobs, len(inputs)) or (jobs > 1 and any(path.is_dir() for path in inputs)):
        # They get ready while this process imports what it needs itself and looks for clips.
        parallel.prepare(*parallel.SOUND_WORK)
    with parallel.without_threads():
        from ser.extraction import Cut, extract_table

    clips = _clips(console, inputs, corpus, channel)
    cut = None if window is None else Cut(window, hop or window)
    with console.progress(None, "clip", "extracting") as bar:
        report = extract_table(
            clips,
            spec,
            output,
            cut=cut,
            jobs=jobs,
            resume=resume,
            begin=bar.expect,
            progress=bar.update,
            on_error=console.fail,
        )
    kept = f", {report.kept} of them from the interrupted run" if report.kept else ""
    console.info(f"{output}: {report.records} records{kept}")
    if report.cut_short:
        console.warn(f"{report.cut_short} clips are longer than their headers say and were cut")
    if report.failures:
        console.info(f"{report.failures} clips could not be read and are not in the table")


def _clips(console: Console, inputs: Sequence[Path], corpus: str, channel: Any) -> Sequence[Clip]:
    named = [path for path in inputs if str(path) != STANDARD]
    listing = find_clips(named, corpus, channel=channel)
    for error in listing.missing:
        console.fail(error)
    for note in listing.notes:
        console.note(note)
    for path in listing.skipped[:_NAMED]:
        console.warn(f"{path}: is not named like a file of the corpus; skipped")
    if len(listing.skipped) > _NAMED:
        console.warn(f"… and {len(listing.skipped) - _NAMED} more")
    if listing.skipped:
        console.info(f"{len(listing.skipped)} files skipped for their names")
    if listing.channel_skipped:
        console.info(f"{listing.channel_skipped} clips of the other channel left out")
    clips = listing.clips
    if len(named) < len(inputs):
        clips = (*clips, Clip(Path(STANDARD)))
    if not clips:
        raise SerError("inputs", "hold no clip to extract", "check the paths and --corpus")
    return clips


def _spec_of_file(path: Path) -> FeatureSpec:
    if path.suffix == ".keras":
        from ser.artifact import read_card

        return FeatureSpec.from_dict(read_card(path)["spec"])
    from ser.table import read_table, spec_of

    return spec_of(read_table(path), path)


if __name__ == "__main__":
    main()
