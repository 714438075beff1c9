"""The options of ``ser-extract`` that decide features and copies, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from ser.cli.common import seed_option
from ser.cli.options import with_options
from ser.cli.paths import InputPath, InputTree, TextWithPath
from ser.features.registry import ALL_FAMILIES
from ser.features.spec import PRESETS, FeatureSpec, Functionals, MelScale, Normalization, Pool

if TYPE_CHECKING:
    from ser.augment.copies import Copies
    from ser.cli.common import Console
    from ser.features.encoder_spec import EncoderSpec


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
            type=InputPath(),
            help="Take the specification of a table or model instead of a preset's.",
        ),
        click.option(
            "--features",
            "families",
            metavar="NAMES",
            help=f"Feature families, with commas, in this order: {', '.join(ALL_FAMILIES)}.",
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
            type=click.Choice(get_args(Normalization)),
            help="Zero mean and unit variance over each clip, per family or per coefficient.",
        ),
        click.option(
            "--pool",
            type=click.Choice(get_args(Pool)),
            help="One frame per clip: means, or means, deviations, minima and maxima.",
        ),
        click.option(
            "--functionals",
            type=click.Choice(get_args(Functionals)),
            help="prosody adds a vector per clip: pitch, loudness, voice quality and rhythm; "
            "contours adds to it how pitch, loudness and spectrum run; encoder means and "
            "deviations of the blocks of --encoder.",
        ),
        click.option("--offset", type=float, help="Seconds to skip at the start of each clip."),
        click.option("--duration", type=float, help="Seconds to keep of each clip."),
        click.option(
            "--trim",
            type=float,
            metavar="DB",
            help="Cut off the ends of a clip that lie this many decibels under its peak.",
        ),
        click.option(
            "--highpass",
            type=float,
            metavar="HZ",
            help="Take out a constant offset, and rumble under this frequency, before everything "
            "else; 0 takes out nothing.",
        ),
        click.option(
            "--clean",
            metavar="STEPS",
            help="Clean each clip first, by these steps in the order given: denoise[:SHARE], "
            "trim[:DB], loudness[:LUFS].",
        ),
    ]
    return with_options(options, function)


def encoder_options(function: Any) -> Any:
    """Adds the options that decide an `EncoderSpec`; see `make_encoder`."""
    options = [
        click.option(
            "--encoder",
            metavar="NAME|PATH|hf:MODEL",
            type=TextWithPath("(?:hf:)?(.*)"),
            help="Take embeddings of a Whisper encoder: a name on the Hugging Face Hub such as "
            "openai/whisper-tiny.en, or a folder with model.safetensors or CTranslate2's "
            "model.bin; or, behind hf:, of a wav2vec 2.0, HuBERT, WavLM, data2vec or Whisper model "
            "that transformers runs (extra [text]). Without --features they are the only features. "
            "Networks made of encoders are kept in ~/.cache/ser/encoders (SER_CACHE/encoders), "
            "downloads in ~/.cache/huggingface (HF_HOME); both can be removed at any time.",
        ),
        click.option(
            "--blocks",
            metavar="NUMBERS",
            help="Blocks of the encoder whose outputs are taken: 1-3, or 2,4.  [default: 1-3]",
        ),
        click.option(
            "--encoder-bits",
            type=click.Choice(["8", "32"]),
            help="Bits of the encoder's weights; 8 is three times as fast.  "
            "[default: 8; behind hf: always 32]",
        ),
        click.option("--offline", is_flag=True, help="Download no encoder."),
    ]
    return with_options(options, function)


def make_encoder(
    console: Console,
    name: str | None,
    blocks: str | None,
    bits: str | None,
    offline: bool,
    seconds: float | None,
) -> EncoderSpec | None:
    """Turns the values of `encoder_options` into an encoder whose network is made; None for none.

    Args:
        console: Shows a download.
        name: As given, as are the next three.
        blocks: Numbers of blocks.
        bits: Of the network's weights.
        offline: Whether nothing may be downloaded.
        seconds: Length of the clips, or None where they have none.

    Raises:
        SerError: A value is out of range, or the encoder is missing.
    """
    if name is None:
        return None
    from ser.cli.text_options import downloading
    from ser.features.encoder_spec import parse_blocks
    from ser.models.encoders import DEFAULT_BLOCKS, DEFAULT_SECONDS, prepare_encoder

    with downloading(console) as progress:
        return prepare_encoder(
            name,
            DEFAULT_BLOCKS if blocks is None else parse_blocks(blocks),
            seconds=DEFAULT_SECONDS if seconds is None else seconds,
            bits=None if bits is None else 32 if bits == "32" else 8,
            offline=offline,
            progress=progress,
        )


def copy_options(function: Any) -> Any:
    """Adds the options that decide `Copies`; see `make_copies`."""
    options = [
        click.option(
            "--augment",
            metavar="RECIPE",
            help="Add changed copies of each clip: noise, stretch, pitch, shift, speed, gain, "
            "reverb, lowpass, telephone. Commas between alternatives, + between links of a chain, "
            "ranges behind a colon: noise:10..20+reverb,stretch.",
        ),
        click.option("--copies", type=click.IntRange(0), help="Copies of each clip.  [default: 1]"),
        click.option(
            "--balance", is_flag=True, help="More copies of rarer emotions, until all are equal."
        ),
        click.option(
            "--noise-from",
            type=InputTree(path_type=Path),
            metavar="DIR",
            help="Take the noise from the recordings in a folder.",
        ),
        seed_option(),
    ]
    return with_options(options, function)


def base_spec(preset: str, like: str | None) -> FeatureSpec:
    """Gives the specification that options change.

    Raises:
        SerError: `like` is no table or model.
    """
    return PRESETS[preset] if like is None else _spec_of_file(Path(like))


def make_spec(preset: str, like: str | None, changes: dict[str, Any]) -> FeatureSpec:
    """Turns the values of `spec_options`, and perhaps an ``encoder``, into a specification.

    Raises:
        SerError: A value is out of range, or `like` is no table or model.
    """
    base = base_spec(preset, like)
    given = {name: value for name, value in changes.items() if value is not None}
    for name in ("families", "clean"):
        if name in given:
            given[name] = tuple(part.strip() for part in given[name].split(",") if part.strip())
    return base.with_changes(**given)


def make_copies(
    augment: str | None, copies: int | None, balance: bool, noise_from: Path | None, seed: int
) -> Copies | None:
    """Turns the values of `copy_options` into what is made of each clip; None for nothing.

    Raises:
        click.UsageError: Options do not go together.
        SerError: The recipe cannot be read, or the folder holds no noise.
    """
    if augment is None:
        return None
    if copies == 0 and not balance:
        raise click.UsageError("--copies 0 needs --balance: there would be no copies.")
    from ser.augment.copies import Copies
    from ser.augment.recipe import parse_recipe

    return Copies(parse_recipe(augment, noise_from), 1 if copies is None else copies, balance, seed)


def _spec_of_file(path: Path) -> FeatureSpec:
    if path.suffix == ".keras":
        from ser.models.artifact import read_card, read_encoder

        spec = FeatureSpec.from_dict(read_card(path)["spec"])
        network = None if spec.encoder is None else read_encoder(path)
        if spec.encoder is not None and network is not None:
            from ser.models.encoders import keep_network, network_path

            if not network_path(spec.encoder).is_file():
                keep_network(spec.encoder, network)
        return spec
    from ser.dataset.table import read_table, spec_of

    return spec_of(read_table(path), path)
