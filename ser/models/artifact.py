"""The model artifact: one ``.keras`` file with the network, its card and its feature specification.

A ``.keras`` file is a zip archive. Beside Keras's own members it holds

* ``ser.json``: the card: labels, feature specification, temperature, protocol, metrics;
* ``model.tflite``: the same network for LiteRT, where it converts;
* ``mel.npy``: the mel filter bank of the specification, so that librosa need not be imported;
* ``voice.npy``: the mean baseline of the training speakers, where the network reads functionals;
* ``speaker.npz``: the speaker model, where the architecture has one;
* ``encoder.tflite``: the network of the pretrained encoder, where the specification has one.

Keras ignores members that it does not know, so `keras.models.load_model` opens the file as well.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ser import __version__
from ser.arrays import Array, Matrix
from ser.errors import ArtifactError, cannot_write
from ser.features import banks
from ser.features.spec import FeatureSpec, SpecError
from ser.io.files import atomic_path
from ser.io.jsontext import parse_json
from ser.io.npy import array_from_bytes, arrays_from_bytes, check_archive
from ser.models.former_names import update_card
from ser.models.litert_export import export_litert
from ser.models.speaker_model import SpeakerModel

CARD_MEMBER = "ser.json"
LITERT_MEMBER = "model.tflite"
MEL_MEMBER = "mel.npy"
VOICE_MEMBER = "voice.npy"
ENCODER_MEMBER = "encoder.tflite"
SPEAKER_MEMBER = "speaker.npz"
CLASSIFIER = "classifier"

_DIGESTS = "digests"

# Entries that the rest of the package needs.
_REQUIRED = ("kind", "labels", "spec", "temperature", "frames", "coefficients")

# A card has some kilobytes; its JSON takes twenty times its length in memory.
_MOST_CARD = 4 << 20

# Frames and coefficients of an example, and how many numbers they make: a minute of log-mels has a
# hundredth of that.
_MOST_SIZE = 1 << 20
_MOST_NUMBERS = 1 << 24

_LONGEST_LABEL = 200

_TEMPERATURES = (1e-3, 1e3)

# The timestamp of the members; a fixed one makes equal models equal files.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def read_card(path: str | Path) -> dict[str, Any]:
    """Reads an artifact's card, without importing Keras.

    Args:
        path: A ``.keras`` file written by `write_artifact`.

    Returns:
        The contents of ``ser.json``, with the current names of hyperparameters.

    Raises:
        ArtifactError: The file is missing, not an artifact, or written by a newer version.
    """
    text = _read_member(path, CARD_MEMBER, _MOST_CARD)
    if text is None:
        raise ArtifactError(path, "is a Keras model without ser's card", "train one with ser-train")
    try:
        card = parse_json(text)
    except ValueError as error:
        raise ArtifactError(path, f"has a damaged card ({error})", "train it again") from error
    missing = [key for key in _REQUIRED if key not in card] if isinstance(card, dict) else ["all"]
    if missing:
        raise ArtifactError(path, f"has a card without {', '.join(missing)}", "train it again")
    _check_card(path, card)
    try:
        return update_card(card)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        raise ArtifactError(path, f"has a damaged card ({error})", "train it again") from error


def read_litert(path: str | Path) -> bytes | None:
    """Reads the LiteRT network of an artifact, or None where it has none.

    Raises:
        ArtifactError: It is not the one that was written.
    """
    return _read_network(path, LITERT_MEMBER)


def read_encoder(path: str | Path) -> bytes | None:
    """Reads the network of an artifact's pretrained encoder, or None where it has none.

    Raises:
        ArtifactError: It is not the one that was written.
    """
    return _read_network(path, ENCODER_MEMBER)


def read_mel_bank(path: str | Path) -> Matrix | None:
    """Reads the mel filter bank of an artifact, or None where its features need none."""
    return _read_array(path, MEL_MEMBER)


def read_voice(path: str | Path) -> Matrix | None:
    """Reads the mean baseline of the training speakers, or None where the network needs none.

    Returns:
        Mean and deviation of each functional, shape (2, functionals).

    Raises:
        ArtifactError: The member is damaged.
    """
    voice = _read_array(path, VOICE_MEMBER)
    if voice is not None and (
        voice.dtype.kind != "f"
        or voice.ndim != 2
        or len(voice) != 2
        or not np.isfinite(voice).all()
    ):
        raise ArtifactError(path, f"has a damaged {VOICE_MEMBER}", "train it again")
    return voice


def read_speaker_model(path: str | Path) -> SpeakerModel | None:
    """Reads the speaker model of an artifact, or None where it has none.

    Raises:
        ArtifactError: The member is damaged.
    """
    data = _read_member(path, SPEAKER_MEMBER)
    if data is None:
        return None
    try:
        arrays = arrays_from_bytes(data)
        if any(array.dtype.kind != "f" for array in arrays.values()):
            raise ValueError("it holds more than numbers")
        return SpeakerModel.from_arrays(arrays)
    except (ValueError, KeyError) as error:
        cause = f"has a damaged {SPEAKER_MEMBER} ({error})"
        raise ArtifactError(path, cause, "train it again") from error


def write_artifact(
    path: str | Path,
    model: Any,
    card: Mapping[str, Any],
    voice: Matrix | None = None,
    *,
    eight_bits: bool = False,
    encoder: bytes | None = None,
    speaker_model: SpeakerModel | None = None,
) -> bool:
    """Writes a trained network with its card.

    Args:
        path: The ``.keras`` file.
        model: A `keras.Model` from (batch, frames, coefficients) to probabilities.
        card: The card; versions, date and size are added.
        voice: The mean baseline of the training speakers, shape (2, functionals), where the network
            reads functionals.
        eight_bits: Quantize LiteRT's copy of the weights; see
            `ser.models.litert_export.export_litert`.
        encoder: The network of the specification's encoder, where it has one; see
            `ser.models.encoders.find_network`.
        speaker_model: The speaker model, where the architecture has one.

    Returns:
        Whether the network could be converted for LiteRT. If not, it runs on Keras only.

    Raises:
        ArtifactError: The file cannot be written.
    """
    spec = FeatureSpec.from_dict(card["spec"])
    litert = export_litert(model, eight_bits=eight_bits)
    complete = {
        **card,
        "parameters": int(model.count_params()),
        "litert": litert is not None,
        **({"litert_bits": 8 if eight_bits else 32} if litert else {}),
        _DIGESTS: {
            name: hashlib.sha256(data).hexdigest()
            for name, data in ((LITERT_MEMBER, litert), (ENCODER_MEMBER, encoder))
            if data is not None
        },
        "created": datetime.now(UTC).date().isoformat(),
        "versions": _installed_versions(),
    }
    try:
        with atomic_path(Path(path)) as temporary:
            model.save(temporary)
            with zipfile.ZipFile(temporary, "a", zipfile.ZIP_DEFLATED) as archive:
                _add_member(archive, CARD_MEMBER, json.dumps(complete, indent=1).encode())
                if litert is not None:
                    _add_member(archive, LITERT_MEMBER, litert)
                if {"mel", "logmel", "mfcc"} & set(spec.families):
                    _add_member(archive, MEL_MEMBER, _array_bytes(banks.mel_bank(spec)))
                if voice is not None:
                    _add_member(archive, VOICE_MEMBER, _array_bytes(voice))
                if encoder is not None:
                    _add_member(archive, ENCODER_MEMBER, encoder)
                if speaker_model is not None:
                    stream = io.BytesIO()
                    np.savez(stream, allow_pickle=False, **speaker_model.to_arrays())
                    _add_member(archive, SPEAKER_MEMBER, stream.getvalue())
    except OSError as error:
        raise cannot_write(path, error, ArtifactError) from error
    return litert is not None


def check_spec(path: object, card: Mapping[str, Any], spec: FeatureSpec, name: object) -> None:
    """Checks that a table has the features that a model was trained on.

    Args:
        path: The model, for the message.
        card: Its card.
        spec: The table's specification.
        name: The table, for the message.

    Raises:
        ArtifactError: The specifications differ; the message names the fields.
    """
    own = FeatureSpec.from_dict(card["spec"])
    if own != spec:
        raise ArtifactError(
            name,
            f"has other features than {path} was trained on ({spec.difference(own)})",
            f"extract it again with ser-extract --like {path}",
        )


def _check_card(path: object, card: Mapping[str, Any]) -> None:
    """Checks the values of a card, so that errors name the file and a cure."""
    try:
        FeatureSpec.from_dict(card["spec"])
    except SpecError as error:
        raise ArtifactError(
            path,
            f"cannot be used: its {error.subject} {error.cause}",
            error.cure or "train it again",
        ) from error
    labels = card["labels"]
    temperature = card["temperature"]
    sizes = [card[key] for key in ("frames", "coefficients")]
    low, high = _TEMPERATURES
    valid = {
        "kind": isinstance(card["kind"], str),
        "labels": isinstance(labels, list)
        and bool(labels)
        and all(isinstance(label, str) and label.isprintable() for label in labels)
        and all(0 < len(label) <= _LONGEST_LABEL for label in labels)
        and len(set(labels)) == len(labels),
        "sizes": all(type(size) is int and 0 < size <= _MOST_SIZE for size in sizes)
        and math.prod(sizes) <= _MOST_NUMBERS,
        "temperature": isinstance(temperature, int | float)
        and not isinstance(temperature, bool)
        and low <= temperature <= high,
    }
    for what, is_valid in valid.items():
        if not is_valid:
            raise ArtifactError(path, f"has a card with impossible {what}", "train it again")


def _read_array(path: str | Path, name: str) -> Array | None:
    data = _read_member(path, name)
    if data is None:
        return None
    try:
        return array_from_bytes(data)
    except ValueError as error:
        raise ArtifactError(path, f"has a damaged {name} ({error})", "train it again") from error


def _array_bytes(array: Array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return stream.getvalue()


def _add_member(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    info = zipfile.ZipInfo(name, _TIMESTAMP)
    # Weights hardly get smaller, and unpacking an encoder takes a tenth of a start.
    info.compress_type = zipfile.ZIP_STORED if name == ENCODER_MEMBER else zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    archive.writestr(info, data)


def _read_network(path: str | Path, name: str) -> bytes | None:
    """Reads a network for LiteRT, which does not check all of what it is given.

    Artifacts of before have no digests.
    """
    data = _read_member(path, name)
    if data is None:
        return None
    try:
        card = parse_json(_read_member(path, CARD_MEMBER, _MOST_CARD) or b"{}")
        digests = card.get(_DIGESTS, {})
        wanted = digests.get(name)
    except (ValueError, AttributeError) as error:
        raise ArtifactError(path, "has a damaged card", "train it again") from error
    if wanted is not None and wanted != hashlib.sha256(data).hexdigest():
        cause = f"has another {name} than was written with its card"
        raise ArtifactError(path, cause, "copy the model again, or train it again")
    return data


def _read_member(path: str | Path, name: str, most: int | None = None) -> bytes | None:
    """Reads a member; None where there is none.

    Args:
        path: The artifact.
        name: The member.
        most: The bytes that it may have; None for what such a file honestly holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            # Keras unpacks its own members, so all of them are looked at.
            check_archive(archive, Path(path).stat().st_size)
            if name not in archive.namelist():
                return None
            size = archive.getinfo(name).file_size
            if most is not None and size > most:
                raise ValueError(f"its {name} has {size} bytes, and at most {most} are read")
            return archive.read(name)
    except FileNotFoundError as error:
        raise ArtifactError(path, "does not exist", "check the path of the model") from error
    except (OSError, ValueError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError: encrypted, or compressed by a method that zipfile does not know.
        raise ArtifactError(
            path, f"is not a .keras model ({error})", "train one with ser-train"
        ) from error


def _installed_versions() -> dict[str, str]:
    # Imported here because only writing needs them, and reading has to be quick.
    import platform
    from importlib import metadata

    names = ("keras", "tensorflow", "numpy")
    found = {"ser": __version__, "python": platform.python_version()}
    for name in names:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
