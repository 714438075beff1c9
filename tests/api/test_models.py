"""`ser.train` and `ser.evaluate`: from a table to a model, and how good it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from spoken import CONFIG

import ser
from ser.dataset.table import Table, write_table
from ser.errors import OverwritingError


@pytest.fixture(scope="module")
def model(spoken: Table) -> ser.Recognizer:
    return ser.train(spoken, "cnn1d", epochs=2, seed=3, validation=0.25)


def test_a_trained_model_reads_recordings_and_tables(
    model: ser.Recognizer, spoken: Table, tmp_path: Path
) -> None:
    assert set(model.labels) == set(spoken["y"].tolist()) - {""}
    found = ser.evaluate(model, spoken)
    assert found.n == (spoken["y"] != "").sum()
    assert 0 <= found.uar <= 1
    assert found.scores.accuracy == found.accuracy
    model.save(tmp_path / "m.keras")
    again = ser.evaluate(tmp_path / "m.keras", spoken)
    assert again.confusion == found.confusion
    assert ser.evaluate(model, spoken, adapt=True).n == found.n


def test_a_training_into_a_file(spoken: Table, tmp_path: Path) -> None:
    rows: list[dict[str, float]] = []
    target = tmp_path / "m.keras"
    model = ser.train(
        spoken, "cnn1d", output=target, epochs=1, seed=3, validation=0.25, on_epoch=rows.append
    )
    assert target.exists()
    assert model.classifier.path == target
    assert len(rows) == 1


def test_mistakes_are_named(spoken: Table) -> None:
    with pytest.raises(ser.SerError, match="cnn"):
        ser.train(spoken, "ccn1d")
    with pytest.raises(TypeError, match="did you mean epochs"):
        ser.train(spoken, "cnn", epoch=3)
    with pytest.raises(ser.SerError, match=r"^class_weight=balancd: is unknown; did you mean bal"):
        ser.train(spoken, "cnn", class_weight="balancd")
    with pytest.raises(ser.SerError, match=r"^device=gpuu: is unknown; did you mean gpu"):
        ser.train(spoken, "cnn", device="gpuu")  # type: ignore[arg-type]
    with pytest.raises(ser.SerError, match="dropout"):
        ser.train(spoken, "cnn1d", options={"dropot": 0.3})
    assert CONFIG.arch


def test_the_table_is_not_written_over(spoken: Table, tmp_path: Path) -> None:
    path = tmp_path / "table.keras"
    write_table(path, spoken)
    before = path.read_bytes()
    with pytest.raises(OverwritingError):
        ser.train(path, output=path)
    with pytest.raises(OverwritingError):
        ser.train(spoken, validation=path, output=path)
    assert path.read_bytes() == before


def test_a_model_is_exported(tiny_model: Path, tmp_path: Path) -> None:
    target = ser.export(tiny_model, tmp_path / "m.tflite")
    assert target.read_bytes()[4:8] == b"TFL3"
    with pytest.raises(ser.SerError, match=r"^format=bin: is no format"):
        ser.export(tiny_model, tmp_path / "m.bin")
    with pytest.raises(OverwritingError, match="is an input too"):
        ser.export(ser.load_model(tiny_model), tiny_model, format="onnx")
