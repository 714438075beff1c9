from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tables import make_table, ravdess_table

from ser.dataset.folds import write_folds
from ser.dataset.split import make_folds
from ser.dataset.table import Table
from ser.errors import ParameterError
from ser.evaluation.audit import TOGETHER, Audit, audit_table

pytestmark = pytest.mark.usefixtures("few_trees")


def cut_corpus() -> Table:
    """Six speakers and two emotions, of which one was cut to two seconds and has its own words."""
    emotions = ["sad", "angry"] * 30
    return make_table(
        60,
        y=emotions,
        speaker=[f"{i // 10}" for i in range(60)],
        duration=[
            2.0 if emotion == "sad" else 3.0 + 0.05 * i for i, emotion in enumerate(emotions)
        ],
        text=["own" if emotion == "sad" else f"{i % 5}" for i, emotion in enumerate(emotions)],
    )


@pytest.fixture(scope="module")
def cut() -> Audit:
    return audit_table(cut_corpus(), seed=2)


def test_lengths_and_sentences_that_give_emotions_away_are_found(cut: Audit) -> None:
    audit = cut
    assert (audit.records, audit.clips, audit.majority) == (60, 60, 0.5)
    told = {(cue.cue, cue.protocol): cue for cue in audit.shortcuts}
    assert {protocol for _, protocol in told} == {"clips apart", "speakers apart"}
    assert told["length", "speakers apart"].uar == 1
    assert told["length", "speakers apart"].tells
    assert told[TOGETHER, "clips apart"].uar > 0.9
    assert not told["speaker", "speakers apart"].tells
    assert audit.emotions["sad"].lengths == ((2.0, 1.0),)
    assert audit.emotions["sad"].medians["length"] == 2
    assert audit.emotions["angry"].lengths == ()
    assert audit.single_label["made/own"] == "sad"
    assert audit.single_label_clips == 60
    assert (audit.takes, audit.duplicates, audit.near, audit.sides) == ((), (), (), ())


def test_doubled_takes_are_found_and_kept_together() -> None:
    audio = ravdess_table(2, takes=3)
    audio = audio[[path.split("-")[5] != "00" for path in audio["path"].tolist()]]
    video = audio.copy()
    video["x"] += 1
    video["path"] = [path.replace("/03-", "/01-") for path in audio["path"].tolist()]
    audit = audit_table(audio, video)
    assert audit.split == "test table"
    assert len(audit.takes) == len(audio)
    assert audit.takes[0] == (audio["path"][0], video["path"][0])
    (side,) = audit.sides
    assert len(side.takes) == len(audio)
    assert len(side.speakers) == 2


def test_a_fold_file_is_audited_that_training_refuses(tmp_path: Path) -> None:
    table = ravdess_table(4)
    folds = make_folds(table, 2, seed=1)
    write_folds(tmp_path / "f.json", table, folds)
    table["x"][folds.tests[0][0]] = table["x"][folds.tests[1][0]]
    audit = audit_table(table, tmp_path / "f.json")
    assert audit.split == "f"
    assert "this split" in {cue.protocol for cue in audit.shortcuts}
    assert [len(side.duplicates) for side in audit.sides] == [1, 1]
    assert [len(side.speakers) for side in audit.sides] == [0, 0]
    assert len(audit.duplicates) == 1
    with pytest.raises(ParameterError, match=r"split=ravdes: .* did you mean ravdess"):
        audit_table(table, "ravdes")


def test_what_is_not_known_is_said() -> None:
    audit = audit_table(make_table(8, speaker="", y=["sad"] * 6 + ["", ""], text=""))
    assert (audit.shortcuts, audit.sentences, audit.clips) == ((), 0, 6)
    assert audit.notes[:2] == (
        "some speakers are not known: nothing is scored with speakers apart",
        "there are less than two emotions, and nothing to tell apart",
    )


def test_copies_are_not_scored_and_an_audit_can_be_repeated(cut: Audit) -> None:
    table = np.concatenate([cut_corpus(), cut_corpus()])
    table["augment"][60:] = "noise=10dB"
    table["x"][60:] += 1
    audit = audit_table(table, seed=2)
    assert (audit.records, audit.clips) == (120, 60)
    assert audit.shortcuts == cut.shortcuts
    assert json.loads(json.dumps(audit.to_dict()))["seed"] == 2
