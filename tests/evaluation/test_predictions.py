"""A predictions file holds all that an evaluation needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from records import labelled_table

from ser.evaluation.metrics import evaluate
from ser.evaluation.predictions import (
    Predictions,
    PredictionsError,
    from_table,
    is_predictions,
    pool_predictions,
    read_predictions,
    write_predictions,
)

LABELS = ("neutral", "angry", "sad")
PROTOCOL = "RAVDESS speech, 2 folds, speakers apart"


def folds(count: int = 2) -> Predictions:
    rng = np.random.default_rng(0)
    parts = []
    for fold in range(count):
        table = labelled_table(rng.choice(LABELS, 12), [f"{fold}{i % 3}" for i in range(12)])
        p = rng.dirichlet([1, 1, 1], 12).astype(np.float32)
        parts.append(from_table(table, LABELS, p, fold=fold + 1, protocol=PROTOCOL, seed=7))
    return pool_predictions(parts)


def test_a_file_brings_everything_back(tmp_path: Path) -> None:
    written = folds()
    write_predictions(tmp_path / "cv.csv", written)
    read = read_predictions(tmp_path / "cv.csv")
    for name in ("path", "start", "corpus", "speaker", "emotion", "fold", "probabilities"):
        assert np.array_equal(getattr(read, name), getattr(written, name)), name
    assert (read.labels, read.protocol, read.seed) == (LABELS, PROTOCOL, 7)
    assert sorted(set(read.fold)) == [1, 2]
    a = evaluate(written.emotion, written.probabilities, LABELS, written.speaker_keys)
    b = evaluate(read.emotion, read.probabilities, read.labels, read.speaker_keys)
    assert a == b


def test_the_file_is_recognised_and_legible(tmp_path: Path) -> None:
    target = tmp_path / "cv.csv"
    write_predictions(target, folds())
    lines = target.read_text().splitlines()
    assert lines[:2] == [f"# protocol: {PROTOCOL}", "# seed: 7"]
    assert lines[2] == "path,start,corpus,speaker,emotion,predicted,fold,p_neutral,p_angry,p_sad"
    assert is_predictions(target.read_bytes()[:64])
    assert not is_predictions(b"path,emotion,speaker\n")


def test_odd_names_survive(tmp_path: Path) -> None:
    table = labelled_table(["angry", "sad"])
    table["path"] = ['a, "b"\nc.wav', "caf\udce9.wav"]
    p = np.full((2, 3), 1 / 3, np.float32)
    write_predictions(tmp_path / "p.csv", from_table(table, LABELS, p, protocol="a\nb"))
    read = read_predictions(tmp_path / "p.csv")
    assert read.path.tolist() == ['a, "b"\nc.wav', r"caf\udce9.wav"]
    assert read.protocol == "a b"
    assert read.seed is None


def test_no_clips_are_a_file_too(tmp_path: Path) -> None:
    empty = from_table(labelled_table([]), LABELS, np.zeros((0, 3), np.float32), protocol="none")
    write_predictions(tmp_path / "p.csv", empty)
    assert len(read_predictions(tmp_path / "p.csv")) == 0
    assert read_predictions(tmp_path / "p.csv").labels == LABELS


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "columns"),
        ("path,emotion\na.wav,angry\n", "columns"),
        ("# protocol: x\npath,start,corpus,speaker,emotion,predicted,fold\n", "columns"),
        (
            "path,start,corpus,speaker,emotion,predicted,fold,p_a\na,0,c,s,a\n",
            "record 1 has 5 of 8",
        ),
        ("path,start,corpus,speaker,emotion,predicted,fold,p_a\na,0,c,s,a,a,1,x\n", "malformed"),
        ("\x00\x01", "columns"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(PredictionsError, match=rf"p\.csv.*{why}.*ser-train --cv"):
        read_predictions(tmp_path / "p.csv")


def test_missing_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionsError, match="does not exist"):
        read_predictions(tmp_path / "none.csv")
    (tmp_path / "p.csv").write_bytes(b"\xff\xfe\x80")
    with pytest.raises(PredictionsError, match="not text"):
        read_predictions(tmp_path / "p.csv")
    with pytest.raises(PredictionsError, match="cannot be"):
        write_predictions(tmp_path / "p.csv" / "below.csv", folds())


def test_folds_of_different_labels_are_not_pooled() -> None:
    a = folds()
    b = from_table(labelled_table(["angry"]), ("angry", "sad"), np.ones((1, 2), np.float32))
    with pytest.raises(PredictionsError, match="different labels"):
        pool_predictions([a, b])
    with pytest.raises(PredictionsError, match="empty"):
        pool_predictions([])


def test_arrays_must_belong_together() -> None:
    with pytest.raises(ValueError, match="lengths"):
        from_table(labelled_table(["angry"]), LABELS, np.ones((2, 3), np.float32))


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ("nan,0.5,0.5", "record 1 has impossible probabilities"),
        ("inf,0,0", "record 1 has impossible probabilities"),
        ("-0.5,1,0.5", "record 1 has impossible probabilities"),
        ("0.5,0.1,0.1", "record 1 has impossible probabilities"),
        ("1e999,0,0", "record 1 has impossible probabilities"),
    ],
)
def test_probabilities_that_are_none_are_refused(tmp_path: Path, cells: str, words: str) -> None:
    columns = "path,start,corpus,speaker,emotion,predicted,fold,p_a,p_b,p_c"
    path = tmp_path / "p.csv"
    path.write_text(f"{columns}\na.wav,0,tess,1,a,a,1,{cells}\n")
    with pytest.raises(PredictionsError, match=words):
        read_predictions(path)
    path.write_text(f"{columns}\na.wav,nan,tess,1,a,a,1,1,0,0\n")
    with pytest.raises(PredictionsError, match="record 1 has impossible times"):
        read_predictions(path)
    path.write_text(f"{columns}\na.wav,0,tess,1,a,a,{'9' * 30},1,0,0\n")
    with pytest.raises(PredictionsError, match="a number is malformed"):
        read_predictions(path)


def test_one_cell_of_great_length_does_not_take_the_memory_of_all(tmp_path: Path) -> None:
    columns = "path,start,corpus,speaker,emotion,predicted,fold,p_a"
    rows = [f"{number}.wav,0,tess,1,a,a,1,1" for number in range(20_000)]
    rows[7] = f"{'x' * 100_000},0,tess,1,a,a,1,1"
    path = tmp_path / "p.csv"
    path.write_text("\n".join([columns, *rows, ""]))
    with pytest.raises(PredictionsError, match="record 8 has a cell of 100000 characters"):
        read_predictions(path)
