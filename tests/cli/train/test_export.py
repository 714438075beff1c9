"""``ser-train --export``: of a model that is there, and at the end of a training."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from conftest import Run
from exported import run_tflite
from speech import render

from ser.dataset.table import Table, write_table
from ser.inference.classification import classify
from ser.inference.classifier import open_classifier


def test_a_model_is_exported_without_training(run: Run, tiny_model: Path, tmp_path: Path) -> None:
    done = run("ser-train", tiny_model, "--export", "tflite", "m.tflite")
    assert done.returncode == 0, done.err
    assert done.out == ""
    assert done.err.startswith("m.tflite: one network from samples to probabilities, ")
    clip = render("angry", 1, seed=1, seconds=1.0)
    (window,) = classify("clip", [clip], [0.0], open_classifier(tiny_model))
    found = run_tflite(tmp_path / "m.tflite")(clip)
    assert found == pytest.approx(list(window.probabilities.values()), abs=1e-3)


def test_at_the_end_of_a_training(run: Run, spoken: Table, tmp_path: Path) -> None:
    write_table(tmp_path / "table.npy", spoken)
    done = run(
        "ser-train", "table.npy", "-o", "m.keras", "--arch", "cnn1d", "--epochs", 1,
        "--export", "tflite", "m.tflite",
    )  # fmt: skip
    assert done.returncode == 0, done.err
    assert (tmp_path / "m.keras").exists()
    with zipfile.ZipFile(tmp_path / "m.tflite") as archive:
        labels = archive.read("labels.txt").decode().split()
    assert tuple(labels) == open_classifier(tmp_path / "m.keras").labels


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["m.keras", "--export", "tflite", "a", "--epochs", "3"], "--epochs is for a training"),
        (["--export", "onnx", "a", "-o", "b.keras"], "--output is for a training, and default"),
        (["m.keras", "--export", "onnx", "a", "--export", "tflite", "a"], "written twice"),
        (["m.keras", "--export", "tflite", "m.keras"], "is an input too"),
        (["t.npy", "--cv", "speaker:2", "-o", "a", "--export", "onnx", "b"], "exclude each other"),
        (["m.keras", "--export", "onx", "a"], "'onx' is not one of"),
        (["-o", "m.keras"], "Missing argument 'TABLE'"),
        (["t.npy"], "Missing option '-o' / '--output'"),
        (["m.keras", "-o", "a.keras"], "m.keras"),
    ],
)
def test_wrong_usage(run: Run, arguments: list[str], cause: str, tmp_path: Path) -> None:
    (tmp_path / "m.keras").write_bytes(b"no model")
    done = run("ser-train", *arguments)
    assert done.returncode != 0
    assert cause in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.keras"]


def test_features_are_refused_before_the_training(run: Run, spoken: Table, tmp_path: Path) -> None:
    from ser.dataset.table import record_dtype, spec_of

    spec = spec_of(spoken).with_changes(deltas=1)
    table = spoken.astype(record_dtype(spec, spoken["x"].shape[1], spoken["x"].shape[2]))
    write_table(tmp_path / "table.npy", table)
    done = run(
        "ser-train",
        "table.npy",
        "-o",
        "m.keras",
        "--arch",
        "cnn1d",
        "--export",
        "tflite",
        "m.tflite",
    )
    assert done.returncode == 1
    assert "m.tflite: cannot be exported: it reads time derivatives" in done.err
    assert not (tmp_path / "m.keras").exists()


def test_translators_are_no_classifiers(run: Run, spoken: Table, tmp_path: Path) -> None:
    write_table(tmp_path / "table.npy", spoken)
    done = run(
        "ser-train", "table.npy", "-o", "m.keras", "--arch", "gan-translate",
        "--export", "onnx", "m.onnx",
    )  # fmt: skip
    assert done.returncode == 2
    assert "--export is for classifiers" in done.err
