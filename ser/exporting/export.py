"""Writes a classifier as one network from samples to probabilities."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args

from ser import __version__
from ser.errors import ParameterError, cannot_write, choose_from
from ser.exporting.check import ExportError, ExportFormat, check_exportable
from ser.inference.classifier import Classifier
from ser.inference.windowing import default_windowing
from ser.io.files import atomic_path
from ser.models.artifact import read_encoder, read_litert, read_mel_bank, read_voice

CARD, LABELS = "ser.json", "labels.txt"
"""The members of the archive behind a ``.tflite`` file, and properties of an ``.onnx`` file."""

# The timestamp of the members; a fixed one makes equal models equal files.
_TIMESTAMP = (1980, 1, 1, 0, 0, 0)


def export_classifier(
    classifier: Classifier, outputs: Mapping[str | Path, ExportFormat | None]
) -> dict[Path, int]:
    """Writes a classifier as one network from samples to probabilities.

    The network answers what `Classifier.probabilities` answers for a window that is as long as the
    classifier sees at once, without adaptation to a voice. It has one input, ``samples`` of shape
    (1, samples) at the classifier's rate, and one output, ``probabilities`` of shape (1, labels).

    Args:
        classifier: The classifier.
        outputs: The files, and the format of each: ``tflite`` for LiteRT, ``onnx``, or None for
            that of the file's ending.

    Returns:
        How many bytes were written into each file.

    Raises:
        DependencyError: TensorFlow, or what writes ONNX, is not installed.
        ParameterError: There is no such format.
        ExportError: The classifier cannot be exported, or a file not written.
    """
    kinds = {Path(path): format_of(Path(path), format) for path, format in outputs.items()}
    size = window_size(classifier)
    for kind in kinds.values():
        check_exportable(classifier.path, classifier.spec, size, kind)
    network = _network(classifier, size)
    card = describe(classifier, size)
    sizes = {}
    for path, kind in kinds.items():
        content = _WRITERS[kind](network, card)
        try:
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            raise cannot_write(path, error, ExportError) from error
        sizes[path] = len(content)
    return sizes


def format_of(path: Path, format: str | None) -> ExportFormat:
    """Gives the format of a file, by its ending where it is not given.

    Raises:
        ParameterError: There is no such format.
    """
    known = get_args(ExportFormat)
    name = path.suffix.removeprefix(".").lower() if format is None else format
    if name not in known:
        cause = "is no format of exported models"
        raise ParameterError("format", cause, choose_from(name, known), name or str(path))
    found: ExportFormat = name  # type: ignore[assignment]  # one of them
    return found


def window_size(classifier: Classifier) -> int:
    """Gives the samples of a window as ``ser-analyze`` cuts them where nothing else is said."""
    return round(default_windowing(classifier).duration * classifier.spec.sample_rate)


def describe(classifier: Classifier, size: int) -> dict[str, Any]:
    """Gives what a program has to know of an exported network, as plain JSON types."""
    card = classifier.card
    encoder = classifier.spec.encoder
    return {
        "labels": list(classifier.labels),
        "sample_rate": classifier.spec.sample_rate,
        "samples": size,
        "input": "samples",
        "output": "probabilities",
        "architecture": card.get("architecture", ""),
        "protocol": card.get("protocol", ""),
        "metrics": card.get("metrics", {}),
        # Of windows without adaptation, as the network has them.
        "coverage": card.get("coverage", {}).get("plain", []),
        "licence": card.get("licence", ""),
        "encoder": {} if encoder is None else {"name": encoder.name, "licence": encoder.licence},
        "ser": __version__,
    }


def _network(classifier: Classifier, size: int) -> bytes:
    """Makes the network for LiteRT."""
    from ser.exporting import parts
    from ser.exporting.graph import GraphBuilder

    path, spec, frames = classifier.path, classifier.spec, classifier.frames
    builder = GraphBuilder("speech emotion recognition")
    samples = builder.add_input(parts.SAMPLES, (1, size))

    def add(network: bytes | None, inputs: Mapping[str, int], name: str = "") -> dict[str, int]:
        """Adds a network; the only output of one from the artifact gets a name of ours."""
        if network is None:
            raise ExportError(path, "lacks a network that it had", "try again")
        found = builder.add_network(network, inputs)
        return {name: next(iter(found.values()))} if name else found

    found = add(parts.front(spec, size, frames, read_mel_bank(path)), {parts.SAMPLES: samples})
    if spec.encoder is not None:
        inputs = {"features": found[parts.SPECTRUM], "mask": found[parts.MASK]}
        found |= add(read_encoder(path), inputs, parts.EMBEDDING)
        found |= add(parts.behind_encoder(spec, size, frames), found)
    if parts.PROSODY in found:
        found.setdefault(parts.FUNCTIONALS, found[parts.PROSODY])
    voice = read_voice(path)
    inputs = {parts.FEATURES: found[parts.FEATURES]}
    if voice is not None:
        inputs[parts.FUNCTIONALS] = found[parts.FUNCTIONALS]
        # Zeros stand for a voice that is not known.
        inputs[parts.VOICE] = builder.add_zeros(parts.VOICE, (1, *voice.shape))
    answer = add(read_litert(path), inputs, parts.PROBABILITIES)
    answer = add(parts.calibration(len(classifier.labels), classifier.temperature), answer)
    return builder.finish(answer[parts.PROBABILITIES], parts.PROBABILITIES)


def _write_tflite(network: bytes, card: Mapping[str, Any]) -> bytes:
    """Puts what a program has to know behind the network, as a zip archive.

    That is where TensorFlow Lite has the files that belong to a model, such as its labels; programs
    that run the network do not look there.
    """
    stream = io.BytesIO(network)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            (CARD, json.dumps(card, indent=1)),
            (LABELS, "\n".join(card["labels"]) + "\n"),
        ):
            archive.writestr(zipfile.ZipInfo(name, _TIMESTAMP), text)
    return stream.getvalue()


def _write_onnx(network: bytes, card: Mapping[str, Any]) -> bytes:
    from ser.exporting.onnx import to_onnx

    return to_onnx(network, {CARD: json.dumps(card), LABELS: "\n".join(card["labels"]) + "\n"})


_WRITERS: Mapping[str, Callable[[bytes, Mapping[str, Any]], bytes]] = MappingProxyType(
    {"tflite": _write_tflite, "onnx": _write_onnx}
)
