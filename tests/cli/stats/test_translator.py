"""ser-stats on a translator and a table, as a user runs it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from records import labelled_table
from voiced import BANDS, parallel_table

from ser.conversion.artifact import write_rules_artifact
from ser.conversion.rules import learn_rules
from ser.dataset.table import Table, write_table

SLOPE = np.linspace(0, 12, BANDS)
MANNERS = {
    ("neutral", "normal"): {},
    ("angry", "strong"): {"pitch": 8.0, "span": 1.5, "stretch": 1.3, "gain": 2 * SLOPE},
    ("sad", "strong"): {"pitch": -3.0, "span": 0.6, "stretch": 1.6, "gain": -2 * SLOPE},
}


@pytest.fixture(scope="module")
def table() -> Table:
    return parallel_table(MANNERS, speakers=4, texts=2)


@pytest.fixture(scope="module")
def folder(table: Table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table, rules that do not say whom they are of, and rules of the table's first speaker."""
    folder = tmp_path_factory.mktemp("stats")
    write_table(folder / "table.npy", table)
    write_table(folder / "first.npy", table[np.isin(table["speaker"], table["speaker"][[0, -1]])])
    rules = learn_rules(table)
    write_rules_artifact(folder / "rules.keras", rules)
    first = f"{table['corpus'][0]}/{table['speaker'][0]}"
    write_rules_artifact(folder / "known.keras", rules, {"speakers": [first]})
    return folder


def test_text_says_what_was_judged_by_whom(run: Run, folder: Path) -> None:
    done = run("ser-stats", "rules.keras", "table.npy", "--plot", "heard.svg", cwd=folder)
    assert done.returncode == 0, done.err
    lines = done.out.splitlines()
    assert lines[0].startswith(
        "protocol    changes of features, no audio made; speakers perhaps in"
    )
    assert "nobody has listened" in " ".join(line.strip() for line in lines[1:3])
    assert any(line.startswith("speakers    4: ") for line in lines)
    heading = lines.index("strong targets, and neutral; 95% intervals over speakers")
    assert lines[heading + 1].split()[:4] == ["prosody", "timbre", "bands", "speaker"]
    assert [line.split()[0] for line in lines[heading + 2 : heading + 5]] == [
        "source",
        "rules",
        "real",
    ]
    assert lines[-4] == "         neutral  sad  angry"
    assert lines[-3].split() == ["neutral", "8", "0", "0"]
    assert "<svg" in (folder / "heard.svg").read_text(encoding="utf-8")


def test_json_and_csv_have_the_same_figures(run: Run, folder: Path) -> None:
    done = run("ser-stats", "table.npy", "rules.keras", "--json", "--csv", "f.csv", cwd=folder)
    assert done.returncode == 0, done.err
    found = json.loads(done.out)
    assert found["about"]["translator"] == "rules.keras"
    macro = found["systems"]["rules"]["strong"]["judges"]["prosody"]["macro"]
    assert macro["value"] > 0.8
    rows = list(csv.DictReader(io.StringIO((folder / "f.csv").read_text(encoding="utf-8"))))
    own = [
        row
        for row in rows
        if (row["system"], row["targets"], row["judge"], row["emotion"])
        == ("rules", "strong", "prosody", "")
    ]
    assert [float(row["value"]) for row in own] == [macro["value"]]


def test_speakers_of_the_training_are_left_out_where_others_remain(
    run: Run, folder: Path, table: Table
) -> None:
    first = f"{table['corpus'][0]}/{table['speaker'][0]}"
    done = run("ser-stats", "known.keras", "table.npy", "--json", cwd=folder)
    assert f"1 of the speakers ({first}) in table.npy were in the training set and are" in done.err
    found = json.loads(done.out)
    assert first not in found["actors"]
    assert len(found["actors"]) == 3
    assert "speakers not in the translator's training" in found["about"]["protocol"]
    done = run("ser-stats", "known.keras", "first.npy", "--json", cwd=folder)
    assert f"({first}) in first.npy were in the training set: the figures are too good" in done.err
    found = json.loads(done.out)
    assert first in found["actors"]
    assert "speakers in part in the translator's training" in found["about"]["protocol"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--calibrate"], "--calibrate means nothing for a translator"),
        (["--predictions", "p.csv"], "--predictions means nothing for a translator"),
        (["--speaker", "01", "--plot", "p.png"], "--speaker means nothing for a translator"),
    ],
)
def test_what_means_nothing_is_refused(
    run: Run, folder: Path, options: list[str], message: str
) -> None:
    done = run("ser-stats", "rules.keras", "table.npy", *options, cwd=folder)
    assert done.returncode == 2
    assert message in done.err


def test_a_table_of_other_features_is_named(run: Run, folder: Path) -> None:
    write_table(folder / "other.npy", labelled_table(["neutral", "sad"], ["1", "2"]))
    done = run("ser-stats", "rules.keras", "other.npy", cwd=folder)
    assert done.returncode == 1
    assert "are not those that translation works on" in done.err
    assert "--preset translate" in done.err
