"""What cannot be exported is refused in one line, before any work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from artifacts import rewrite

from ser.errors import DependencyError
from ser.exporting import check
from ser.exporting.check import ExportError, check_exportable, check_features, require_packages
from ser.features.encoder_spec import EncoderSpec
from ser.features.spec import FeatureSpec
from ser.models.artifact import LITERT_MEMBER
from ser.pretrained import DEFAULT_MODEL, SMALL_MODEL

ENCODER = EncoderSpec("tiny", (1,), 8, 80, 100, "0" * 64)
HUBERT = EncoderSpec("hf:hubert", (1,), 8, 0, 100, "0" * 64, bits=32, kind="transformers")


@pytest.mark.parametrize(
    ("spec", "cause"),
    [
        (FeatureSpec(families=("mel", "chroma")), "features chroma"),
        (FeatureSpec(families=("f0",)), "features f0"),
        (FeatureSpec(deltas=1), "deltas"),
        (FeatureSpec(clean=("denoise:0.9",)), "cleaned by denoise"),
        (FeatureSpec(families=("encoder",), encoder=HUBERT), "run by transformers"),
        (FeatureSpec(families=("encoder", "rms"), encoder=ENCODER), "beside other features"),
    ],
)
def test_features(spec: FeatureSpec, cause: str) -> None:
    with pytest.raises(ExportError, match=f"^m: cannot be exported: .*{cause}"):
        check_features("m", spec)


def test_what_can_be_exported() -> None:
    check_features("m", FeatureSpec(families=("mel", "mfcc", "rms"), trim=40.0, clean=("trim:30",)))


def test_windows_longer_than_the_encoder_reads() -> None:
    spec = FeatureSpec(families=("encoder",), hop_length=320, encoder=ENCODER)
    with pytest.raises(ExportError, match=r"reads 1 s at a time, and a window has 3 s"):
        check_exportable(DEFAULT_MODEL, spec, 48_000, "tflite")


def test_a_model_without_a_network_for_litert(tiny_model: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(tiny_model.read_bytes())
    rewrite(path, lambda name, data: None if name == LITERT_MEMBER else data)
    with pytest.raises(ExportError, match="no network for LiteRT"):
        check_exportable(path, FeatureSpec(), 16_000, "tflite")


def test_operators_without_a_counterpart(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    monkeypatch.setattr(check, "operator_names", lambda network: ["ADD", "WHILE", "SHAPE"])
    check_exportable(SMALL_MODEL, FeatureSpec(), 16_000, "tflite")
    with pytest.raises(ExportError, match="has WHILE; export it to tflite"):
        check_exportable(SMALL_MODEL, FeatureSpec(), 16_000, "onnx")


def test_a_missing_package_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "onnx" else name)
    require_packages("tflite")
    with pytest.raises(DependencyError, match=r"^export to onnx: needs .* onnx; .*\[export\]"):
        require_packages("onnx")
