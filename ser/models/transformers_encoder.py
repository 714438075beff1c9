"""Encoders that transformers runs on PyTorch: wav2vec 2.0, HuBERT, WavLM, data2vec and Whisper.

Their hidden states are taken by number. Only numbers are loaded (safetensors), and no code from a
model's folder is run. A model that is trained on such embeddings does not carry the encoder: it is
found in the Hugging Face cache by its name, or in the folder that `prepare_transformers_encoder`
was given, and its digest tells whether it is the same.

Sources: Baevski et al., "wav2vec 2.0", NeurIPS 2020; Hsu et al., "HuBERT", TASLP 2021; Chen et al.,
"WavLM", JSTSP 2022; Baevski et al., "data2vec", ICML 2022; Radford et al., "Robust speech
recognition via large-scale weak supervision", ICML 2023.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser.arrays import Array, Matrix, Samples
from ser.errors import ArtifactError, ParameterError, SerError, cannot_write
from ser.features.encoder import RATE, Encoder, divide, scale_to_peak
from ser.features.encoder_spec import PREFIX, UNKNOWN_LICENSE, EncoderSpec
from ser.features.registry import ENCODER_HOP
from ser.io.files import atomic_path
from ser.io.hub import (
    MODEL_CARD,
    NO_PROGRESS,
    DownloadProgress,
    ModelFiles,
    file_digest,
    find_model,
    model_name,
    read_license,
)
from ser.models.encoder_cache import encoder_folder
from ser.models.transformers_library import load_transformers

KINDS = ("wav2vec2", "hubert", "wavlm", "data2vec-audio", "whisper")
"""The values of ``model_type`` in a ``config.json`` that are known."""

_WEIGHTS = "model.safetensors"
FILES = ModelFiles(
    "speech encoder of transformers with weights in safetensors",
    "--encoder hf:",
    ((_WEIGHTS,), ("config.json",), ("preprocessor_config.json",)),
    (MODEL_CARD,),
)
"""What is taken from a folder, or from the hub."""

_SUBJECT = "`encoder=hf:…`"
_FRAME = RATE // 100
# The first convolutions of wav2vec 2.0 and its kind span 400 samples.
_LEAST_SAMPLES = 2 * ENCODER_HOP
# Samples that one call reads at most: bounds the memory of attention.
_CALL_SAMPLES = 24 * RATE


@dataclass(frozen=True, slots=True)
class _Loaded:
    """An encoder in memory.

    Attributes:
        model: What is called.
        extractor: Makes its input of samples.
        blocks: Blocks that it has.
        width: Numbers per frame.
        frames: The most frames of 10 ms that it reads at a time; None for any number.
        key: What the extractor calls the input.
    """

    model: Any
    extractor: Any
    blocks: int
    width: int
    frames: int | None
    key: str


class TransformersEncoder(Encoder):
    """Computes embeddings by a model of transformers; clips of equal length share a call.

    Padding would change what some of these models make of a clip; there is none, so that a clip
    gives the same in any company. Whisper alone is padded, to the 30 s that it always reads.

    Args:
        spec: Which encoder it is, and what is taken from it.
        folder: Where its files are.

    Raises:
        DependencyError: transformers or PyTorch is missing.
        ArtifactError: It cannot be loaded.
    """

    def __init__(self, spec: EncoderSpec, folder: Path) -> None:
        super().__init__(spec)
        self._loaded = _load(folder, spec.blocks[-1])

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles as the specification: another process or machine finds the encoder for itself."""
        return open_transformers_encoder, (self.spec,)

    def encode_all(self, clips: Sequence[Samples]) -> list[Matrix]:
        """Computes the embeddings of clips; see `Encoder.encode_all`."""
        parts: list[tuple[int, Samples]] = []
        for number, samples in enumerate(clips):
            most = self.spec.frames * _FRAME
            parts += [(number, part) for part in divide(scale_to_peak(samples), most, ENCODER_HOP)]
        lengths: dict[int, list[int]] = {}
        for place, (_, part) in enumerate(parts):
            lengths.setdefault(len(part), []).append(place)
        found: list[Matrix] = [np.empty((0, 0), np.float32)] * len(parts)
        for length, places in lengths.items():
            size = max(1, _CALL_SAMPLES // max(length, _LEAST_SAMPLES))
            for start in range(0, len(places), size):
                chosen = places[start : start + size]
                states = self._encode([parts[place][1] for place in chosen], length)
                for place, matrix in zip(chosen, states, strict=True):
                    found[place] = matrix
        return [
            np.concatenate(
                [matrix for (other, _), matrix in zip(parts, found, strict=True) if other == number]
            )
            for number in range(len(clips))
        ]

    def _encode(self, parts: Sequence[Samples], length: int) -> Array:
        """Runs the model on parts of one length: (parts, frames, width)."""
        import torch

        missing = max(0, _LEAST_SAMPLES - length)
        padded = [np.pad(part, (0, missing)).astype(np.float32) for part in parts]
        made = self._loaded.extractor(padded, sampling_rate=RATE, return_tensors="pt")
        with torch.inference_mode():
            states = self._loaded.model(
                made[self._loaded.key].float(), output_hidden_states=True
            ).hidden_states
        chosen = np.concatenate([states[block].numpy() for block in self.spec.blocks], axis=-1)
        count = -(-length // ENCODER_HOP)
        # Convolutions without padding give a frame less than there are: the last one is repeated.
        places = np.minimum(np.arange(count), chosen.shape[1] - 1)
        result: Array = chosen[:, places].astype(np.float32)
        return result


def prepare_transformers_encoder(
    name: str,
    blocks: tuple[int, ...],
    frames: int,
    *,
    offline: bool = False,
    progress: DownloadProgress = NO_PROGRESS,
) -> EncoderSpec:
    """Finds an encoder, downloads it where it is not here, and checks that it can be run.

    Args:
        name: A folder or a name on the Hugging Face Hub, behind `PREFIX`.
        blocks: Numbers of the blocks whose outputs are wanted, from 1, ascending.
        frames: How much is read at a time, in frames of 10 ms; even.
        offline: Never use the network.
        progress: Follows the download, where there is one.

    Returns:
        What a feature specification says of it.

    Raises:
        DependencyError: transformers or PyTorch is missing.
        ParameterError: The encoder has no such block.
        ArtifactError: It cannot be loaded, or is of another kind.
        SerError: It is not here and cannot be fetched.
    """
    load_transformers(_SUBJECT)
    place = name.removeprefix(PREFIX)
    folder = find_model(place, FILES, offline=offline, progress=progress)
    loaded = _load(folder, blocks[-1])
    if blocks[-1] > loaded.blocks:
        raise ParameterError(
            "blocks",
            f"has {blocks[-1]}, and the encoder of {name} {loaded.blocks} blocks",
            "give smaller numbers",
        )
    spec = EncoderSpec(
        PREFIX + model_name(place), blocks, loaded.width, 0,
        frames if loaded.frames is None else min(frames, loaded.frames),
        file_digest(folder / _WEIGHTS), read_license(folder) or UNKNOWN_LICENSE, 32, "transformers",
    )  # fmt: skip
    if Path(place).expanduser().is_dir():
        _remember(spec, folder)
    return spec


def open_transformers_encoder(spec: EncoderSpec) -> TransformersEncoder:
    """Opens an encoder that is on this machine; uses no network.

    Raises:
        DependencyError: transformers or PyTorch is missing.
        SerError: It is not here; the message says where it comes from.
        ArtifactError: It cannot be loaded.
    """
    load_transformers(f"encoder {spec.name}")
    return TransformersEncoder(spec, _find(spec))


def _find(spec: EncoderSpec) -> Path:
    """Finds the folder of an encoder: one that was given before, or that of the cache."""
    name = spec.name.removeprefix(PREFIX)
    blocks = ",".join(map(str, spec.blocks))
    from_hub = "/" in name
    origin = f"hf:{name}" if from_hub else "hf:FOLDER"
    cure = f"make it known once with ser-extract --encoder {origin} --blocks {blocks}"
    missing = SerError(
        f"encoder {spec.name}",
        "is not on this machine, and models do not carry it inside",
        cure if from_hub else f"{cure}; its {_WEIGHTS} has the SHA-256 {spec.sha256}",
    )
    try:
        folder = Path(_pointer(spec).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        if not from_hub:
            raise missing from None
        try:
            folder = find_model(name, FILES, offline=True)
        except SerError:
            raise missing from None
    if FILES.missing(folder):
        raise missing
    if file_digest(folder / _WEIGHTS) != spec.sha256:
        raise SerError(
            f"encoder {spec.name}",
            f"has other weights in {folder} than the features were made with",
            f"fetch those whose SHA-256 is {spec.sha256}, and {cure}",
        )
    return folder


def _pointer(spec: EncoderSpec) -> Path:
    """Gives the file that says in which folder of this machine an encoder is."""
    return encoder_folder() / f"{spec.sha256}.folder"


def _remember(spec: EncoderSpec, folder: Path) -> None:
    path = _pointer(spec)
    try:
        with atomic_path(path) as temporary:
            temporary.write_text(str(folder.resolve()), encoding="utf-8")
    except OSError as error:
        raise cannot_write(path, error, SerError) from error


def _load(folder: Path, blocks: int) -> _Loaded:
    """Loads an encoder without the blocks behind those that are read."""
    library = load_transformers(_SUBJECT)
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        config = library.AutoConfig.from_pretrained(folder, **local)
        kind = str(config.model_type)
        if kind in KINDS:
            model, report = library.AutoModel.from_pretrained(
                folder, use_safetensors=True, output_loading_info=True, **local
            )
            extractor = library.AutoFeatureExtractor.from_pretrained(folder, local_files_only=True)
    except Exception as error:
        # What a damaged or foreign folder makes transformers raise is not documented.
        reason = str(error).strip().split("\n")[0]
        raise ArtifactError(
            folder, f"cannot be loaded by transformers ({reason})", "fetch it again"
        ) from error
    if kind not in KINDS:
        raise ArtifactError(
            folder, f"is a model of kind {kind!r}", f"give one of {', '.join(KINDS)}"
        )
    # Masks are for training, and decoders are not run.
    lacking = [
        key
        for key in report["missing_keys"]
        if not key.startswith("decoder.") and "masked_spec_embed" not in key
    ]
    if lacking:
        raise ArtifactError(
            folder, f"lacks weights: {sorted(lacking)[0]} …", "give a folder with all of them"
        )
    whisper = kind == "whisper"
    total = int(config.encoder_layers if whisper else config.num_hidden_layers)
    frames = 2 * int(config.max_source_positions) if whisper else None
    hop = ENCODER_HOP if whisper else math.prod(config.conv_stride)
    if (
        int(extractor.sampling_rate) != RATE
        or hop != ENCODER_HOP
        or (whisper and extractor.nb_max_frames != frames)
    ):
        raise ArtifactError(
            folder,
            f"does not read {RATE} Hz in frames of {ENCODER_HOP} samples",
            "give another encoder",
        )
    called = model.get_encoder() if whisper else model
    # One more than is read: behind the last of them some models normalize.
    layers = (called if whisper else called.encoder).layers
    del layers[blocks + 1 :]
    called.eval()
    width = int(config.d_model if whisper else config.hidden_size)
    return _Loaded(
        called, extractor, total, width, frames, "input_features" if whisper else "input_values"
    )
