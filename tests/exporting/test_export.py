"""An exported model says of a window what the classifier says of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from exported import run_onnx, run_tflite
from speech import render, write_corpus
from tinymodels import whisper

import ser
from ser.dataset.extract import extract
from ser.errors import ParameterError
from ser.exporting.export import CARD, LABELS, export_classifier, format_of, window_size
from ser.features.spec import FeatureSpec
from ser.inference.classification import classify
from ser.inference.classifier import Classifier, open_classifier
from ser.models.encoders import prepare_encoder
from ser.pretrained import DEFAULT_MODEL, SMALL_MODEL

RUNTIMES = {".tflite": run_tflite, ".onnx": run_onnx}


def windows(classifier: Classifier) -> list[np.ndarray]:
    """Windows of several voices, one with pauses, and one that ends early."""
    size = window_size(classifier)
    seconds = size / classifier.spec.sample_rate
    found = [
        render(emotion, speaker, seed=speaker, seconds=seconds)[:size]
        for speaker, emotion in enumerate(("neutral", "angry", "sad", "happy"), 1)
    ]
    found[2][: size // 3] = 0
    found.append(np.pad(found[0][: size // 2], (0, size - size // 2)))
    return [np.pad(each, (0, size - len(each))) for each in found]


def largest_difference(path: Path, model: Path) -> float:
    """Compares an exported network with the windows of ``ser-analyze``."""
    classifier = open_classifier(model)
    run = RUNTIMES[path.suffix](path)
    clips = windows(classifier)
    expected = classify("clip", clips, [0.0] * len(clips), classifier)
    return max(
        float(np.abs(run(clip) - list(window.probabilities.values())).max())
        for clip, window in zip(clips, expected, strict=True)
    )


@pytest.fixture(scope="module")
def encoder_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact with an encoder in single precision, prosody and a high-pass filter."""
    pytest.importorskip("ctranslate2")
    folder = tmp_path_factory.mktemp("encoder")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SER_CACHE", str(folder / "cache"))
        encoder = prepare_encoder(str(whisper(folder / "tiny")), (1,), seconds=1.0, bits=32)
        spec = FeatureSpec(
            families=("rms",), n_fft=1024, win_length=1024, hop_length=256, pool="stats",
            duration=1.0, trim=40.0, highpass=60.0, functionals="contours+encoder",
            encoder=encoder,
        )  # fmt: skip
        write_corpus("ravdess", folder / "c", speakers=3, takes=2, emotions=("sad", "angry"))
        table = extract(folder / "c", spec)
        ser.train(table, "lda", validation=0, output=folder / "model.keras")
    return folder / "model.keras"


@pytest.mark.parametrize("ending", RUNTIMES)
@pytest.mark.parametrize("name", ["tiny_model", "pooled_model", "encoder_model"])
def test_small_models(
    name: str, ending: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if ending == ".onnx":
        pytest.importorskip("onnx", reason="onnx is not installed")
    model = request.getfixturevalue(name)
    target = tmp_path / f"model{ending}"
    sizes = export_classifier(open_classifier(model), {target: None})
    assert sizes == {target: target.stat().st_size}
    assert largest_difference(target, model) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("model", "most"), [(SMALL_MODEL, 2e-3), (DEFAULT_MODEL, 3e-2)])
def test_the_models_that_ship(model: Path, most: float, tmp_path: Path) -> None:
    # What weights of eight bits make of a difference in the seventh digit: docs/embedding.md.
    target = tmp_path / "model.tflite"
    export_classifier(open_classifier(model), {target: None})
    assert largest_difference(target, model) < most


def test_what_stands_in_the_files(tiny_model: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed")
    classifier = open_classifier(tiny_model)
    targets = {tmp_path / "m.bin": "tflite", tmp_path / "m.onnx": None}
    export_classifier(classifier, targets)  # type: ignore[arg-type]  # literals
    with zipfile.ZipFile(tmp_path / "m.bin") as archive:
        card = json.loads(archive.read(CARD))
        assert archive.read(LABELS).decode().split() == list(classifier.labels)
    assert (card["sample_rate"], card["samples"]) == (16_000, 16_000)
    assert card["labels"] == list(classifier.labels)
    model = onnx.load(tmp_path / "m.onnx")
    properties = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(properties[CARD]) == card
    (entry,) = model.graph.input
    assert [d.dim_value for d in entry.type.tensor_type.shape.dim] == [1, card["samples"]]


def test_two_exports_are_the_same_file(tiny_model: Path, tmp_path: Path) -> None:
    classifier = open_classifier(tiny_model)
    targets = [tmp_path / "a.tflite", tmp_path / "b.tflite"]
    for target in targets:
        export_classifier(classifier, {target: None})
    assert targets[0].read_bytes() == targets[1].read_bytes()


def test_formats(tmp_path: Path) -> None:
    assert format_of(Path("m.TFLITE"), None) == "tflite"
    assert format_of(Path("m.bin"), "onnx") == "onnx"
    with pytest.raises(ParameterError, match=r"^format=onx: is no format .* did you mean onnx"):
        format_of(Path("m.onx"), None)
    with pytest.raises(ParameterError, match=r"m: is no format"):
        format_of(Path("m"), None)


def test_windows_are_those_of_an_analysis(tiny_model: Path, pooled_model: Path) -> None:
    assert window_size(open_classifier(tiny_model)) == 16_000
    # Pooled features have no length of their own.
    assert window_size(open_classifier(pooled_model)) == 48_000
