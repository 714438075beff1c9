"""Pretrained encoders by name: their LiteRT networks are made once and kept.

A network is made from an encoder's weights by Keras, and kept in a folder of this user's. Whatever
is extracted later with the same specification finds it there, without Keras and without the
weights. A model that was trained on embeddings carries the network inside; see
`ser.models.artifact`. Encoders that transformers runs are another kind; see
`ser.models.transformers_encoder`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ser.errors import ParameterError, SerError, cannot_write
from ser.features.encoder import Encoder, WhisperEncoder
from ser.features.encoder_spec import MOST_FRAMES, PREFIX, Bits, EncoderSpec, check_blocks
from ser.features.spec import FeatureSpec
from ser.features.stft import Transform
from ser.io.files import atomic_path
from ser.io.hub import NO_PROGRESS, DownloadProgress
from ser.models.backend import load_keras
from ser.models.encoder_cache import encoder_folder
from ser.models.litert import LiteRTRunner
from ser.models.litert_export import export_litert
from ser.models.whisper import build_encoder, set_encoder_weights
from ser.models.whisper_weights import WhisperWeights, load_weights

DEFAULT_BLOCKS = (1, 2, 3)
"""The blocks that say most about emotions: the last ones know words rather than voices."""

DEFAULT_SECONDS = 3.0
"""How much a network reads at a time where clips have no fixed length."""


def network_path(spec: EncoderSpec) -> Path:
    """Gives where an encoder's network is kept, whether it is there or not."""
    blocks = ".".join(map(str, spec.blocks))
    return encoder_folder() / f"{spec.sha256}-{blocks}-{spec.frames}-{spec.bits}.tflite"


def prepare_encoder(
    name: str,
    blocks: Sequence[int] = DEFAULT_BLOCKS,
    *,
    seconds: float = DEFAULT_SECONDS,
    bits: Bits | None = None,
    offline: bool = False,
    progress: DownloadProgress = NO_PROGRESS,
) -> EncoderSpec:
    """Finds an encoder, and makes its network unless it is kept already.

    Args:
        name: A folder or a name on the Hugging Face Hub; see
            `ser.models.whisper_weights.load_weights`. Behind ``hf:`` it is one that transformers
            runs; see `ser.models.transformers_encoder`.
        blocks: Numbers of the blocks whose outputs are wanted, from 1, ascending.
        seconds: How much it reads at a time: the length of clips, where they have one. Longer clips
            are read in equal parts. At most 30 s.
        bits: Of the network's weights: 8, which is a quarter of the size and about three times as
            fast, or 32. None means 8, and 32 where transformers runs it.
        offline: Never use the network of computers.
        progress: Follows the download, where there is one.

    Returns:
        What a feature specification says of it.

    Raises:
        ParameterError: The encoder has no such block, or a number is out of range.
        SerError: It cannot be found, read or converted.
    """
    check_blocks(tuple(blocks))
    if not 0 < seconds < float("inf"):
        raise ParameterError("seconds", "is not a positive number", "give seconds")
    frames = min(MOST_FRAMES, max(2, 2 * int(np.ceil(min(seconds, 30.0) * 50 - 1e-6))))
    if name.startswith(PREFIX):
        if bits == 8:
            raise ParameterError(
                "encoder_bits", f"of 8 are not for {name}, which transformers runs", "leave it out"
            )
        from ser.models.transformers_encoder import prepare_transformers_encoder

        return prepare_transformers_encoder(
            name, tuple(blocks), frames, offline=offline, progress=progress
        )
    weights = load_weights(name, offline=offline, progress=progress)
    if blocks[-1] > weights.size.blocks:
        raise ParameterError(
            "blocks",
            f"has {blocks[-1]}, and the encoder of {name} {weights.size.blocks} blocks",
            "give smaller numbers",
        )
    spec = EncoderSpec(
        weights.name, tuple(blocks), weights.size.width, weights.size.mels, frames,
        weights.sha256, weights.licence, 8 if bits is None else bits,
    )  # fmt: skip
    if not network_path(spec).is_file():
        keep_network(spec, _make_network(weights, spec))
    return spec


def find_network(spec: EncoderSpec) -> bytes:
    """Reads the network of an encoder.

    Raises:
        SerError: It is not kept here, or cannot be read; the message says where it comes from.
    """
    path = network_path(spec)
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        blocks = ",".join(map(str, spec.blocks))
        raise SerError(
            f"encoder {spec.name}",
            f"is not on this machine ({path} is missing)",
            f"make it once with ser-extract --encoder {spec.name} --blocks {blocks} "
            f"--encoder-bits {spec.bits}, or give --like a model that carries it",
        ) from error
    except OSError as error:
        raise SerError(path, f"cannot be read ({error.strerror or error})") from error


def network_of(spec: FeatureSpec) -> bytes | None:
    """Gives the network that an artifact carries for its features.

    Returns:
        None without an encoder, and for one that transformers runs.

    Raises:
        SerError: It is not on this machine.
    """
    if spec.encoder is None or spec.encoder.kind == "transformers":
        return None
    return find_network(spec.encoder)


def keep_network(spec: EncoderSpec, network: bytes) -> None:
    """Keeps a network where `find_network` looks for it.

    Raises:
        SerError: It cannot be written.
    """
    path = network_path(spec)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary:
            temporary.write_bytes(network)
    except OSError as error:
        raise cannot_write(path, error, SerError) from error


def open_encoder(
    spec: EncoderSpec, network: bytes | None = None, transform: Transform = np.fft.rfft
) -> Encoder:
    """Opens an encoder: with LiteRT, or with transformers where its kind says so.

    Args:
        spec: Which one.
        network: Its network, if the caller has it, as an artifact does; None for what is kept on
            this machine.
        transform: The Fourier transform.

    Raises:
        SerError: The encoder is missing or damaged.
    """
    if spec.kind == "transformers":
        from ser.models.transformers_encoder import open_transformers_encoder

        return open_transformers_encoder(spec)
    path: str | Path = f"encoder {spec.name}"
    if network is None:
        path, network = network_path(spec), find_network(spec)
    cure = "remove it, and make it again with ser-extract --encoder"
    return WhisperEncoder(spec, LiteRTRunner(path, network, "encoder", cure), transform)


def _make_network(weights: WhisperWeights, spec: EncoderSpec) -> bytes:
    keras = load_keras()
    model = build_encoder(keras, weights.size, spec.blocks, spec.frames)
    set_encoder_weights(model, weights.layers)
    network = export_litert(model, eight_bits=spec.bits == 8)
    if network is None:
        raise SerError(
            f"encoder {spec.name}",
            f"cannot be converted for LiteRT with the Keras backend {keras.backend.backend()}",
            "use KERAS_BACKEND=tensorflow, which is needed this once",
        )
    return network
