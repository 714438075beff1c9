"""What can be exported, found out before any work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from ser.errors import SerError, require
from ser.exporting.families import FUNCTIONS
from ser.exporting.graph import operator_names
from ser.exporting.preprocess import STEPS
from ser.features.registry import ENCODER, WHISPER_HOP
from ser.features.spec import FeatureSpec
from ser.models.artifact import read_encoder, read_litert

ExportFormat = Literal["tflite", "onnx"]

_PACKAGES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"tflite": ("tensorflow",), "onnx": ("tensorflow", "onnx")}
)


class ExportError(SerError):
    """A model cannot be exported."""


def require_packages(format: ExportFormat) -> None:
    """Makes sure that what writes a format is installed.

    Raises:
        DependencyError: A package is missing; the message names the extra that brings it.
    """
    require(f"export to {format}", *_PACKAGES[format])


def check_exportable(path: Path, spec: FeatureSpec, size: int, format: ExportFormat) -> None:
    """Makes sure that a classifier can be exported.

    Args:
        path: The artifact.
        spec: Its feature specification.
        size: Samples of a window.
        format: The format.

    Raises:
        DependencyError: A package is missing.
        ExportError: The classifier cannot be exported; the message says what stands in the way.
    """
    check_features(path, spec)
    require_packages(format)
    networks = {"": read_litert(path)}
    if spec.encoder is not None:
        networks["'s encoder"] = read_encoder(path)
        if size > spec.encoder.frames * WHISPER_HOP:
            raise ExportError(
                path,
                f"cannot be exported: its encoder reads {spec.encoder.frames / 100:g} s at a time, "
                f"and a window has {size / spec.sample_rate:g} s",
                "extract with --duration, and train it again",
            )
    for whose, network in networks.items():
        if network is None:
            raise ExportError(
                path,
                f"cannot be exported: the model{whose} has no network for LiteRT",
                "train another architecture, or with KERAS_BACKEND=tensorflow",
            )
        if format == "onnx":
            _check_operators(path, network)


def check_features(path: str | Path, spec: FeatureSpec) -> None:
    """Makes sure that features can be computed in an exported network.

    Args:
        path: What is exported, for the message.
        spec: The feature specification.

    Raises:
        ExportError: They cannot.
    """
    cause = _obstacle(spec)
    if cause is not None:
        raise ExportError(path, f"cannot be exported: {cause}", "train on features without that")


def _obstacle(spec: FeatureSpec) -> str | None:
    """Says which feature has no counterpart in an exported network, or None."""
    for name in spec.families:
        if name not in FUNCTIONS and name != ENCODER.name:
            return f"it reads the features {name}, which exported networks do not have"
    for step in spec.clean:
        name = step.partition(":")[0]
        if name not in STEPS:
            return f"its recordings are cleaned by {name}, which exported networks do not do"
    if spec.deltas:
        return "it reads time derivatives (deltas), which exported networks do not have"
    if spec.encoder is not None and spec.encoder.kind != "whisper":
        return f"its encoder {spec.encoder.name} is run by transformers"
    if ENCODER.name in spec.families and len(spec.families) > 1:
        return "it reads the frames of an encoder beside other features"
    return None


def _check_operators(path: Path, network: bytes) -> None:
    from ser.exporting.operators import TRANSLATORS

    # These depend on nothing but shapes, and are computed beforehand.
    missing = set(operator_names(network)) - set(TRANSLATORS) - {"SHAPE", "REDUCE_PROD"}
    if missing:
        raise ExportError(
            path,
            f"cannot be exported to ONNX: its network has {', '.join(sorted(missing))}",
            "export it to tflite",
        )
