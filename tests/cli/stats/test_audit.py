"""The text and the rows of an audit, and the command that gives them."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from tables import make_table, ravdess_table

from ser.cli.stats.audit import audit_lines, csv_rows, findings
from ser.dataset.sides import SharedSides
from ser.dataset.table import write_table
from ser.evaluation.audit import Audit, EmotionCues, NearPair
from ser.evaluation.metrics import Interval
from ser.evaluation.shortcuts import Shortcut

AUDIT = Audit(
    records=40,
    clips=30,
    majority=0.6,
    emotions={
        "sad": EmotionCues(18, {"length": 3.0, "level": -20.0}, ((3.0, 0.9),)),
        "angry": EmotionCues(12, {"length": 2.4, "level": -9.5}, ((2.4, 0.75), (2.0, 0.25))),
    },
    shortcuts=(
        Shortcut("length", "clips apart", 30, 0.9, Interval(0.8, 0.95), 0.91, 0.5),
        Shortcut("level", "clips apart", 30, 0.52, Interval(0.4, 0.6), 0.5, 0.5),
    ),
    sentences=3,
    single_label={"c/a": "sad"},
    single_label_clips=15,
    takes=(("a.wav", "a.mp4"),),
    duplicates=(("b.wav", "c.wav"),),
    near=(
        NearPair("d.wav", "e.wav", 0.9991, ("c/1", "c/1"), ("sad", "sad")),
        NearPair("f.wav", "g.wav", 0.9844, ("c/1", "c/2"), ("sad", "angry")),
    ),
    sides=(
        SharedSides(20, 10, ("c/1",), (("a.wav", "a.mp4"),), (), (("f.wav", "g.wav"),)),
        SharedSides(30, 0, (), (), (), ()),
    ),
    split="mine",
    notes=("the features do not tell the silence",),
    seed=0,
)


def test_text() -> None:
    text = "\n".join(audit_lines(AUDIT, "t.npy"))
    for line in (
        "t.npy: 40 records, 30 clips scored",
        "note: the features do not tell the silence",
        "length  0.900 [0.800, 0.950] 0.910",
        "emotion  clips  length (s)  level (dB)       commonest lengths",
        "angry       12        2.40        -9.5  2.40 s 75%, 2.00 s 25%",
        "sentences in one emotion only: 1 of 3",
        "  a.wav = a.mp4",
        "  f.wav = g.wav (0.984, c/1 and c/2, sad and angry)\n  d.wav = e.wav (0.999)",
        "on both sides of mine: speakers, and test records like a training record",
        "1        20    10         1      1                 0                1",
    ):
        assert line in text


def test_findings() -> None:
    assert list(findings(AUDIT)) == [
        "with clips apart, one cue alone tells emotions better than guessing (0.500), UAR: "
        "length 0.90",
        "clips are cut to a few lengths, which differ by emotion: sad, angry",
        "1 sentence of 3 in one emotion only, with 50% of the clips",
        "1 take in several files, which ser-split and ser-train keep on one side",
        "1 group of exact duplicates, which ser-merge leaves out",
        "2 pairs of near duplicates, 1 of two speakers and 1 of two emotions",
        "1 speaker is on both sides in 1 of 2 folds",
        "1 test record is of a take that training has heard in 1 of 2 folds",
        "1 test record has a near duplicate in training in 1 of 2 folds",
    ]
    nothing = replace(
        AUDIT,
        shortcuts=(),
        emotions={},
        single_label={},
        takes=(),
        duplicates=(),
        near=(),
        sides=(),
    )
    assert list(findings(nothing)) == []
    assert "findings: none" in list(audit_lines(nothing, "t"))


def test_rows() -> None:
    heading, *rows = csv_rows(AUDIT, "t.npy")
    assert all(len(row) == len(heading) for row in rows)
    assert ["clips apart", "length", "uar", 0.9, 0.8, 0.95, 30, "t.npy", 0] in rows
    assert ["near duplicate", "f.wav", "g.wav", 0.9844, "", "", "", "t.npy", 0] in rows
    assert ["fold 1", "on both sides", "takes", 1, "", "", 10, "t.npy", 0] in rows


@pytest.mark.usefixtures("few_trees")
def test_the_command(run: Run, tmp_path: Path) -> None:
    write_table(tmp_path / "t.npy", ravdess_table(24))
    done = run("ser-stats", "--audit", "t.npy", "--split", "ravdess", "--csv", "t.csv")
    assert done.returncode == 0, done.err
    assert "on both sides of ravdess: speakers" in done.out
    assert "takes in several files: none" in done.out
    with (tmp_path / "t.csv").open(newline="") as stream:
        scopes = {row["scope"] for row in csv.DictReader(stream)}
    assert scopes >= {"all", "clips apart", "speakers apart", "this split", "median"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["t.npy", "--split", "ravdess"], "--split needs --audit"),
        (["t.npy", "--audit", "--plot", "x.png"], "--plot means nothing for an audit"),
        (["t.npy", "--audit", "--split", "ravdes"], "--split ravdes"),
    ],
)
def test_wrong_usage(run: Run, tmp_path: Path, arguments: list[str], message: str) -> None:
    write_table(tmp_path / "t.npy", make_table(6))
    done = run("ser-stats", *arguments)
    assert done.returncode == 2, done.err
    assert message in done.err
    assert np.load(tmp_path / "t.npy")["y"].shape == (6,)
