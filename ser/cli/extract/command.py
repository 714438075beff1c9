"""``ser-extract``: audio files in, one feature table out."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ser.audio.selection import Selection
from ser.cli.common import (
    Console,
    audio_arguments,
    collect_inputs,
    command,
    jobs_option,
    output_option,
    refuse_terminal,
)
from ser.cli.exclusive import Needs
from ser.cli.extract.options import (
    base_spec,
    copy_options,
    encoder_options,
    make_copies,
    make_encoder,
    make_spec,
    spec_options,
)
from ser.cli.options import NO_JOBS, check_cluster, cluster_option, sound_options
from ser.cli.paths import OutputPath, file_roles
from ser.corpora.base import Clip
from ser.corpora.registry import CHOICES, find_clips
from ser.dataset.preload import import_extraction
from ser.errors import SerError
from ser.io.files import STANDARD
from ser.io.listing import is_folder
from ser.io.remote import is_url, url_or_path
from ser.parallel import pool
from ser.parallel.forkserver import prepare
from ser.parallel.resources import limit_blas_threads_at_load
from ser.wording import counted

if TYPE_CHECKING:
    from ser.augment.copies import Copies
    from ser.features.spec import FeatureSpec

_VOCAL_CHANNELS = ("speech", "song", "both")

# How many of a corpus's strangers are named before the rest is only counted.
_NAMED = 5


_RULES = (
    Needs("--hop", "--window"),
    Needs(("--blocks", "--encoder-bits", "--offline"), "--encoder", "they are about encoders"),
    Needs(("--copies", "--balance", "--noise-from"), "--augment", "they are about copies"),
    NO_JOBS,
)


@command("ser-extract", rules=_RULES)
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
    "--vocal-channel",
    type=click.Choice(_VOCAL_CHANNELS),
    default="both",
    show_default=True,
    help="Which recordings of RAVDESS to take.",
)
@sound_options(each=False, former=_VOCAL_CHANNELS)
@spec_options
@encoder_options
@click.option("--window", type=float, help="Cut each recording into windows of this many seconds.")
@click.option("--hop", type=float, help="Seconds from one window to the next.  [default: WINDOW]")
@copy_options
@click.option(
    "--write-audio",
    type=OutputPath(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Save the sound of every record as WAV, as the features were computed of it.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@jobs_option
@cluster_option
def main(
    console: Console,
    audio: tuple[str, ...],
    files_from: str | None,
    files0_from: str | None,
    output: str,
    corpus: str,
    vocal_channel: Any,
    channel: Any,
    track: int | None,
    preset: str,
    like: str | None,
    encoder: str | None,
    blocks: str | None,
    encoder_bits: str | None,
    offline: bool,
    window: float | None,
    hop: float | None,
    augment: str | None,
    copies: int | None,
    balance: bool,
    noise_from: Path | None,
    seed: int,
    write_audio: Path | None,
    resume: bool,
    jobs: int,
    cluster: str | None,
    **features: Any,
) -> None:
    """Computes features of AUDIO files, folders or manifests, and writes them as one table.

    Emotion, speaker and sentence are read from the corpus' file names. The table is a NumPy
    structured array that holds its own feature specification; what cannot be read is reported
    and left out. AUDIO and the table may be behind URLs, s3://bucket/clips, say.

    \b
    Examples:
      ser-extract RAVDESS/ -o ravdess.npy
      ser-extract RAVDESS/ --preset librosa --pool mean -o classic.npy
      ser-extract interview.m4a --window 3 --hop 1 -o windows.npy
      ser-extract RAVDESS/ --encoder openai/whisper-tiny.en -o embedded.npy
      ser-extract RAVDESS/ --augment noise,stretch+reverb --copies 4 -o more.npy
    """  # noqa: D301
    if channel in _VOCAL_CHANNELS:
        console.note("--channel of RAVDESS is now called --vocal-channel")
        vocal_channel, channel = channel, "mix"
    inputs = collect_inputs(audio, files_from, files0_from)
    refuse_terminal(output)
    if resume and (output == STANDARD or is_url(output)):
        raise click.UsageError("--resume needs -o FILE on this machine, to continue there.")
    if cluster is not None:
        check_cluster(cluster)
        noise_from = None if noise_from is None else noise_from.absolute()
    seconds = window or features["duration"] or base_spec(preset, like).duration
    embedding = make_encoder(console, encoder, blocks, encoder_bits, offline, seconds)
    spec = make_spec(preset, like, {**features, "encoder": embedding})
    extra = make_copies(augment, copies, balance, noise_from, seed)
    _note_undone(console, spec, extra)
    folders = any(is_folder(path) or is_url(url_or_path(path)) for path in inputs)
    with limit_blas_threads_at_load():
        if cluster is None and jobs > 1 and (folders or pool.needs_processes(jobs, len(inputs))):
            # They get ready while this process imports what it needs itself and looks for clips.
            from ser.preprocess.registry import package_imports

            prepare(import_extraction, *package_imports(spec.clean))
        from ser.dataset.extract import extract_table
        from ser.dataset.plan import RecordWindows
        from ser.dataset.writer import part_of

    windows = None if window is None else RecordWindows(window, window if hop is None else hop)
    clips = _clips(console, inputs, corpus, vocal_channel)
    file_roles().add_inputs(clip.path for clip in clips)
    if output != STANDARD and not is_url(output):
        file_roles().add_outputs([part_of(Path(output))])
    with _say_what_is_kept(console, output), console.progress(None, "clip", "extracting") as bar:
        report = extract_table(
            clips,
            spec,
            output,
            windows=windows,
            copies=extra,
            write_audio=write_audio,
            jobs=jobs,
            cluster=cluster,
            resume=resume,
            selection=Selection(channel, track),
            remark=console.remark,
            begin=bar.expect,
            progress=bar.update,
            on_error=console.fail,
        )
    kept = f", {report.kept} of them from the interrupted run" if report.kept else ""
    made = f", {report.copies} of them augmented copies" if report.copies else ""
    console.info(f"{output}: {counted(report.records, 'record')}{made}{kept}")
    if report.cut_short:
        console.warn(f"{report.cut_short} clips are longer than their headers say and were cut")
    if report.silent:
        for name in report.silent[:_NAMED]:
            console.warn(f"{name}: holds nothing but zeros")
        count = counted(len(report.silent), "clip")
        console.warn(f"{count} of digital silence in the table: leave out what was not recorded")
    if report.failures:
        console.info(f"{report.failures} clips could not be read and are not in the table")


@contextlib.contextmanager
def _say_what_is_kept(console: Console, output: str) -> Iterator[None]:
    """Says at an interruption what a next run can go on with."""
    from ser.dataset.writer import part_of

    try:
        yield
    except KeyboardInterrupt:
        if output != STANDARD and not is_url(output) and part_of(Path(output)).exists():
            console.note(f"{part_of(Path(output))} has the clips so far: --resume goes on with it")
        raise


def _note_undone(console: Console, spec: FeatureSpec, copies: Copies | None) -> None:
    """Names augmentations that cleaning takes back: copies are cleaned as recordings are."""
    if copies is None:
        return
    names = {link.name for chain in copies.recipe.chains for link in chain}
    steps = {step.partition(":")[0] for step in spec.clean} | ({"trim"} if spec.trim else set())
    for change, step in (("gain", "loudness"), ("shift", "trim"), ("noise", "denoise")):
        if change in names and step in steps:
            console.note(
                f"copies are cleaned as recordings are: {step} takes back most of {change}"
            )


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
        raise SerError("inputs", "hold no clip to extract", "check the paths and `corpus`")
    return clips


if __name__ == "__main__":
    main()
