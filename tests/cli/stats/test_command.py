"""ser-stats as a user runs it, on tables, models and predictions."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Run
from records import SPEC, labelled_table

from ser.dataset.table import Table, write_table
from ser.features.spec import FeatureSpec

LABELS = ["neutral", "angry", "sad"]
TRAINED = ["ravdess/01", "ravdess/02"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network whose answers are known: the label whose coefficient has the largest mean."""
    from ser.models.artifact import write_artifact
    from ser.models.backend import load_keras

    keras = load_keras("cpu")
    features = keras.Input((20, 16))
    dense = keras.layers.Dense(3, activation="softmax")
    network = keras.Model(features, dense(keras.layers.GlobalAveragePooling1D()(features)))
    dense.set_weights([np.eye(16, 3, dtype=np.float32), np.zeros(3, np.float32)])
    card = {
        "kind": "classifier",
        "architecture": "mean",
        "labels": LABELS,
        "spec": SPEC.to_dict(),
        "temperature": 1.0,
        "frames": 20,
        "coefficients": 16,
        "corpora": ["ravdess"],
        "speakers": TRAINED,
        "protocol": "all speakers of a made corpus",
        "seed": 3,
        "metrics": {"uar": 0.61234, "uar_interval": [0.58, 0.64]},
        "licence": "weights for non-commercial use",
    }
    target = tmp_path_factory.mktemp("model") / "model.keras"
    assert write_artifact(target, network, card)
    return target


def answered(truth: list[str], answers: list[str], speakers: list[str] | None = None) -> Table:
    """A table for which the network answers what is asked of it."""
    table = labelled_table(truth, speakers or [f"{7 + i % 3:02d}" for i in range(len(truth))])
    table["x"] = 0
    for i, answer in enumerate(answers):
        table["x"][i, :, LABELS.index(answer)] = 2 + i / 1000
    return table


@pytest.fixture
def table(tmp_path: Path) -> Path:
    truth = ["neutral"] * 4 + ["angry"] * 4 + ["sad"] * 4
    answers = ["neutral"] * 3 + ["angry"] * 5 + ["sad"] * 2 + ["angry", "neutral"]
    write_table(tmp_path / "test.npy", answered(truth, answers))
    return tmp_path / "test.npy"


def loaded(run: Run, *arguments: object) -> Any:
    done = run("ser-stats", *arguments, "--json")
    assert done.returncode == 0, done.err
    return json.loads(done.out)


def test_a_table_as_text(run: Run, tmp_path: Path) -> None:
    table = labelled_table(["sad", "angry", "sad", ""], ["1", "1", "2", ""])
    table["x"][2] = table["x"][0]
    table["x"][1, 0, 0] = np.nan
    write_table(tmp_path / "t.npy", table)
    done = run("ser-stats", "t.npy")
    assert done.returncode == 0
    lines = done.out.splitlines()
    assert lines[0] == "t.npy: 4 records of 20 frames x 16 coefficients"
    assert lines[1] == "features: logmel, 16000 Hz, n_mels 16"
    assert lines[2] == "duration: 0:10.0 in all; 1.00 s to 4.00 s, median 2.50 s"
    assert lines[4].split() == ["corpus", "sad", "angry", "unlabelled", "records", "speakers"]
    assert lines[5].split() == ["ravdess", "2", "1", "1", "4", "2"]
    assert "speakers (2): (none) 1, ravdess/1 2, ravdess/2 1" in lines
    assert lines[-4:] == [
        "exact duplicates: 1",
        "  ravdess/0.wav = ravdess/2.wav",
        "not finite: 1",
        "  ravdess/1.wav",
    ]


def test_a_table_as_json_and_from_stdin(run: Run, table: Path) -> None:
    data = loaded(run, table)
    assert data["emotions"] == {"neutral": 4, "sad": 4, "angry": 4}
    assert data["spec"]["n_mels"] == 16
    done = run("ser-stats", "-", "--json", stdin=table.read_bytes())
    assert json.loads(done.out) == {**data, "table": "-"}


def test_long_lists_are_shortened_unless_asked(run: Run, tmp_path: Path) -> None:
    table = labelled_table(["sad"] * 30)
    table["x"] = np.repeat(table["x"][:15], 2, axis=0)
    write_table(tmp_path / "t.npy", table)
    short, whole = run("ser-stats", "t.npy").out, run("ser-stats", "t.npy", "-v").out
    assert "exact duplicates: 15" in short
    assert "... and 5 more" in short
    assert "ravdess/28.wav = ravdess/29.wav" not in short
    assert "ravdess/28.wav = ravdess/29.wav" in whole


def test_a_gallery(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", labelled_table(["sad", "angry", "sad"], ["1", "1", "2"]))
    done = run("ser-stats", "t.npy", "--plot", "g.svg", "--speaker", "ravdess/2")
    assert done.returncode == 0, done.err
    assert ">sad<" in (tmp_path / "g.svg").read_text()
    assert ">angry<" not in (tmp_path / "g.svg").read_text()
    done = run("ser-stats", "t.npy", "--plot", "h.svg", "--speaker", "9")
    assert (done.returncode, done.out) == (1, "")
    assert "finds no records of speaker 9" in done.err
    assert not (tmp_path / "h.svg").exists()


def test_a_model_alone_gives_its_card_without_keras(model: Path) -> None:
    code = (
        "import sys; from ser.cli.stats.command import main;"
        "code = main(sys.argv[1:], standalone_mode=False);"
        "heavy = {'keras', 'tensorflow', 'librosa', 'scipy', 'sklearn', 'matplotlib'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(model)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    shown = {line[0]: line[1] for line in lines if len(line) == 2}
    assert shown["emotions"] == "neutral, angry, sad"
    assert shown["features"] == "logmel, 16000 Hz, n_mels 16"
    assert shown["protocol"] == "all speakers of a made corpus"
    assert shown["metrics"] == "uar 0.6123"
    assert shown["licence"] == "weights for non-commercial use"


BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("tensorflow", "keras", "sklearn", "librosa"):
            raise ModuleNotFoundError(f"no {name} here", name=name)

sys.meta_path.insert(0, Blocked())
from ser.cli.stats.command import main
main()
"""


def test_a_small_installation_is_enough(model: Path, table: Path, tmp_path: Path) -> None:
    """Nothing of it needs what trains: a table, a card, figures, and figures of predictions."""

    def call(*arguments: object) -> str:
        done = subprocess.run(
            [sys.executable, "-c", BLOCKED, *map(str, arguments)],
            cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "12 records" in call(table)
    assert "weights for non-commercial use" in call(model)
    figures = json.loads(call(model, table, "--json", "--predictions", "p.csv"))
    assert json.loads(call("p.csv", "--json"))["scores"] == figures["scores"]
    assert "calibration error" in call(model, table, "--calibrate")


def test_a_card_as_json(run: Run, model: Path) -> None:
    card = loaded(run, model)
    assert card["labels"] == LABELS
    assert card["parameters"] == 16 * 3 + 3


def test_an_evaluation_as_json(run: Run, model: Path, table: Path) -> None:
    data = loaded(run, model, table)
    assert data["confusion"] == [[3, 1, 0], [0, 4, 0], [1, 1, 2]]
    assert data["scores"]["uar"] == pytest.approx((3 / 4 + 1 + 2 / 4) / 3)
    assert data["scores"]["accuracy"] == pytest.approx(9 / 12)
    assert data["resampled"] == "speakers"
    assert sorted(data["speakers"]) == ["ravdess/07", "ravdess/08", "ravdess/09"]
    facts = data["about"]
    assert list(facts) == ["protocol", "corpus", "classes", "clips", "speakers", "seed"]
    assert facts["protocol"].endswith("speakers apart from the training's")
    assert facts["seed"] == "3 (training), 0 (bootstrap)"
    # The order of the arguments is free, and so is the engine.
    assert loaded(run, table, model, "--engine", "litert") == data


def test_an_evaluation_as_text(run: Run, model: Path, table: Path) -> None:
    done = run("ser-stats", model, table)
    assert (done.returncode, done.err) == (0, "")
    lines = [line.split() for line in done.out.splitlines()]
    assert ["corpus", "ravdess"] in lines
    assert ["classes", "3:", "neutral,", "angry,", "sad"] in lines
    assert ["UAR", "0.750"] in [line[:2] for line in lines]
    assert ["sad", "1.000", "0.500", "0.667", "4", "2"] in lines
    assert ["sad", "1", "1", "2"] in lines


def test_a_table_on_stdin_is_evaluated(run: Run, model: Path, table: Path) -> None:
    done = run("ser-stats", model, "-", "--json", stdin=table.read_bytes())
    assert done.returncode == 0, done.err
    assert json.loads(done.out)["scores"]["n"] == 12
    assert " on stdin, " in json.loads(done.out)["about"]["protocol"]


def test_csv_has_every_figure_with_its_protocol(run: Run, model: Path, table: Path) -> None:
    done = run("ser-stats", model, table, "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert all("test.npy" in row["protocol"] and row["seed"] for row in rows)
    values = {(row["scope"], row["name"], row["figure"]): row for row in rows}
    data = loaded(run, model, table)
    whole = values["all", "", "uar"]
    assert float(whole["value"]) == pytest.approx(data["scores"]["uar"])
    assert float(whole["low"]) == pytest.approx(data["intervals"]["uar"]["low"])
    assert float(values["class", "sad", "recall"]["value"]) == 0.5
    assert values["confusion", "sad", "as_neutral"]["value"] == "1"
    assert ("speaker", "ravdess/08", "accuracy") in values


def test_the_confusion_picture(run: Run, model: Path, table: Path, tmp_path: Path) -> None:
    done = run("ser-stats", model, table, "--plot", "c.svg", "--csv", "c.csv")
    assert done.returncode == 0, done.err
    assert "UAR" in done.out
    text = (tmp_path / "c.svg").read_text()
    assert ">75%<" in text
    assert "12 clips · 3 speakers" in text
    # The line is broken where the table's path makes it too long.
    assert "speakers apart" in " ".join(re.findall(r">([^<>]+)</text>", text))
    assert (tmp_path / "c.csv").read_text().startswith("scope,name,figure")


def test_predictions_can_be_scored_again(run: Run, model: Path, table: Path) -> None:
    first = run("ser-stats", model, table, "--predictions", "p.csv", "--json")
    again = run("ser-stats", "p.csv", "--json")
    assert first.returncode == again.returncode == 0, first.err + again.err
    assert json.loads(again.out) == json.loads(first.out)
    piped = run("ser-stats", model, table, "--predictions", "-")
    assert piped.out.startswith("# protocol: ")
    assert len(piped.out.splitlines()) == 3 + 12


def test_predictions_without_emotion_are_left_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "# protocol: 2 folds, speakers apart\n# seed: 7\n"
        "path,start,corpus,speaker,emotion,predicted,fold,p_angry,p_sad\n"
        "a.wav,0,c,1,angry,angry,1,0.9,0.1\n"
        "b.wav,0,c,2,sad,angry,2,0.6,0.4\n"
        "c.wav,0,c,2,,angry,2,0.6,0.4\n"
    )
    done = run("ser-stats", "p.csv")
    assert done.returncode == 0
    assert "left out: 1 clip without an emotion" in done.err
    assert "2 folds, speakers apart" in done.out
    assert "2 in 2 folds" in done.out
    assert "7 (training), 0 (bootstrap)" in done.out


def test_speakers_of_the_training_are_warned_of(run: Run, model: Path, tmp_path: Path) -> None:
    speakers = ["01", "07", "08"]
    write_table(tmp_path / "t.npy", answered(LABELS, LABELS, speakers))
    done = run("ser-stats", model, "t.npy")
    assert done.returncode == 0
    assert "1 of the speakers in t.npy were in the training set (ravdess/01)" in done.err
    assert "too good" in done.err
    assert "1 of its speakers were in training" in " ".join(done.out.split())
    # The same name in another corpus is another person.
    other = answered(LABELS, LABELS, speakers)
    other["corpus"] = "tess"
    write_table(tmp_path / "t.npy", other)
    assert "warning" not in run("ser-stats", model, "t.npy").err


def test_records_without_emotion_are_left_out(run: Run, model: Path, tmp_path: Path) -> None:
    table = answered([*LABELS, ""], [*LABELS, "sad"])
    write_table(tmp_path / "t.npy", table)
    done = run("ser-stats", model, "t.npy", "--json")
    assert json.loads(done.out)["scores"]["n"] == 3
    assert "left out: 1 record without an emotion" in done.err
    table["y"] = ""
    write_table(tmp_path / "t.npy", table)
    done = run("ser-stats", model, "t.npy")
    assert done.returncode == 1
    assert "t.npy: has no record with an emotion" in done.err
    assert "--predictions alone" in done.err


def test_predictions_of_records_without_emotions(run: Run, model: Path, tmp_path: Path) -> None:
    table = answered([*LABELS, ""], [*LABELS, "sad"])
    write_table(tmp_path / "t.npy", table)
    done = run("ser-stats", model, "t.npy", "--predictions", "p.csv", "--json")
    assert json.loads(done.out)["scores"]["n"] == 3
    assert "left out of the figures: 1 record without an emotion" in done.err
    rows = (tmp_path / "p.csv").read_text().splitlines()
    assert [row.split(",")[4:6] for row in rows[-4:]] == [
        *([label, label] for label in LABELS),
        ["", "sad"],
    ]
    table["y"] = ""
    write_table(tmp_path / "t.npy", table)
    done = run("ser-stats", model, "t.npy", "--predictions", "-")
    assert done.returncode == 0, done.err
    assert [row.split(",")[5] for row in done.out.splitlines()[-4:]] == [*LABELS, "sad"]
    assert "no record has an emotion: there are predictions, and no figures" in done.err
    for figures in (["--json"], ["--csv", "f.csv"]):
        done = run("ser-stats", model, "t.npy", "--predictions", "p.csv", *figures)
        assert done.returncode == 1
        assert "t.npy: has no record with an emotion" in done.err


def test_a_label_that_the_model_does_not_know(run: Run, model: Path, tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", labelled_table(["sad", "boredom"]))
    done = run("ser-stats", model, "t.npy")
    assert (done.returncode, done.out) == (1, "")
    assert "boredom: is not among the model's labels (neutral, angry, sad)" in done.err
    assert "ser-merge --map boredom=NAME" in done.err
    assert len(done.err.splitlines()) == 1


def test_other_features_are_named(run: Run, model: Path, tmp_path: Path) -> None:
    spec = FeatureSpec(families=("logmel",), n_mels=32)
    write_table(tmp_path / "t.npy", labelled_table(LABELS, spec=spec))
    done = run("ser-stats", model, "t.npy")
    assert (done.returncode, done.out) == (1, "")
    assert "n_mels 32 against 16" in done.err


def test_tables_of_other_lengths(run: Run, model: Path, tmp_path: Path) -> None:
    for frames in (12, 30):
        table = labelled_table(LABELS, frames=frames)
        table["x"] = 0
        for i in range(3):
            table["x"][i, :, i] = 2
        write_table(tmp_path / "t.npy", table)
        done = run("ser-stats", model, "t.npy", "--json")
        assert json.loads(done.out)["scores"]["accuracy"] == 1
        assert ("3 longer clips lose their end" in done.err) == (frames == 30)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["none.npy"], 1, "none.npy: does not exist"),
        (["."], 1, "Is a directory"),
        (["empty"], 1, "empty: is empty"),
        (["notes.txt"], 1, "neither a feature table, nor a model, nor a predictions file"),
        (["zip.keras"], 1, "zip.keras"),
        (["cut.npy"], 1, "cut.npy"),
        (["test.npy", "test.npy"], 2, "this is table, table"),
        (["test.npy", "--csv", "x.csv"], 2, "--csv means nothing for a table alone"),
        (["test.npy", "--speaker", "1"], 2, "--speaker needs --plot: they choose"),
        (
            ["test.npy", "--plot", "x.jpg"],
            2,
            "--plot x.jpg: is not a picture's name; end it",
        ),
        (["test.npy", "--json", "--csv", "-"], 2, "--json and --csv - exclude each other"),
        (["test.npy", "--calibrate"], 2, "--calibrate means nothing for a table alone"),
        ([], 2, "Missing argument"),
    ],
)
def test_wrong_use_and_bad_files(
    arguments: list[str], code: int, words: str, run: Run, table: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "zip.keras").write_bytes(b"PK\x03\x04 and nothing more")
    (tmp_path / "cut.npy").write_bytes(table.read_bytes()[:5000])
    done = run("ser-stats", *arguments)
    assert (done.returncode, done.out) == (code, "")
    assert words in done.err
    assert "Traceback" not in done.err


def test_targets_that_cannot_be_written(run: Run, model: Path, table: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for option in ("--csv", "--predictions", "--plot"):
        done = run("ser-stats", model, table, option, "file/below.png")
        assert (done.returncode, done.out) == (1, ""), option
        assert "below.png: cannot be written" in done.err


def test_a_closed_pipe_ends_quietly(table: Path) -> None:
    command = Path(__file__).resolve().parents[3] / "bin" / "ser-stats"
    done = subprocess.run(
        f"{sys.executable} {command} {table} --json | head -1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "{\n0\n"
    assert done.stderr == ""


def test_calibrated_figures_stand_beside_the_plain_ones(
    run: Run, model: Path, tmp_path: Path
) -> None:
    # Every voice leans to anger: the network hears it everywhere.
    truth = ["neutral", "angry", "sad"] * 8
    table = answered(truth, truth, [f"{7 + i // 12:02d}" for i in range(24)])
    table["x"][:, :, LABELS.index("angry")] += 2.5
    write_table(tmp_path / "t.npy", table)
    plain = loaded(run, model, "t.npy")
    told = loaded(run, model, "t.npy", "--calibrate")
    assert told["scores"]["uar"] > plain["scores"]["uar"] + 0.3
    assert told["about"]["protocol"] == (
        f"{plain['about']['protocol']}, each speaker calibrated with the unlabelled clips"
    )
    # Speakers with less than four clips are left as they are.
    table["speaker"] = [f"{i // 3:02d}" for i in range(24)]
    write_table(tmp_path / "t.npy", table)
    few = loaded(run, model, "t.npy", "--calibrate")
    assert few["scores"]["uar"] == plain["scores"]["uar"]


def test_calibration_of_a_model_that_reads_functionals(
    run: Run, prosodic_model: Path, prosodic: Table, tmp_path: Path
) -> None:
    table = prosodic[np.isin(prosodic["speaker"], ["01", "02"])]
    write_table(tmp_path / "t.npy", table)
    for option in ((), ("--calibrate",)):
        done = run("ser-stats", prosodic_model, "t.npy", "--predictions", "-", *option)
        assert done.returncode == 0, done.err
        assert len(done.out.splitlines()) == 3 + 24
    done = run("ser-stats", "t.npy", "--calibrate")
    assert done.returncode == 2
    # Tables of the same features without functionals do not fit.
    write_table(tmp_path / "p.npy", labelled_table(["sad", "angry"]))
    done = run("ser-stats", prosodic_model, "p.npy")
    assert done.returncode == 1
    assert "functionals none against prosody" in done.err
    assert len(done.err.splitlines()) == 1
