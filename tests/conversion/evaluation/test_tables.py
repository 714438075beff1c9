"""Evaluation on a table, where it is known what separates the emotions."""

from __future__ import annotations

import numpy as np
import pytest
from voiced import BANDS, parallel_table

from ser.conversion.evaluation.tables import choose_speakers, evaluate_table
from ser.conversion.rules import RuleConverter, learn_rules
from ser.dataset.table import Table
from ser.errors import SerError

SLOPE = np.linspace(0, 12, BANDS)
MANNERS = {
    ("neutral", "normal"): {},
    ("angry", "normal"): {"pitch": 4.0, "span": 1.2, "stretch": 1.1, "gain": SLOPE},
    ("angry", "strong"): {"pitch": 8.0, "span": 1.5, "stretch": 1.3, "gain": 2 * SLOPE},
    ("sad", "normal"): {"pitch": -1.0, "span": 0.7, "stretch": 1.4, "gain": -SLOPE},
    ("sad", "strong"): {"pitch": -3.0, "span": 0.6, "stretch": 1.6, "gain": -2 * SLOPE},
}


@pytest.fixture(scope="module")
def table() -> Table:
    return parallel_table(MANNERS, speakers=4, texts=2)


def test_rules_that_are_right_are_heard_as_the_real(table: Table) -> None:
    rules = RuleConverter(learn_rules(table))
    chosen = choose_speakers(table, rules.emotions)
    report = evaluate_table({"rules": rules}, table, chosen)
    assert list(report.systems) == ["source", "rules", "real"]
    source, found = report.systems["source"], report.systems["rules"]
    assert list(found) == ["strong", "normal", "all"]
    for strength, group in found.items():
        for name, accuracy in group.classifiers.items():
            assert accuracy.macro.value > source[strength].classifiers[name].macro.value + 0.35, (
                name
            )
        assert group.classifiers["prosody"].macro.value > 0.8
        assert group.duration is not None
        assert group.duration.value < 0.05
        assert group.pitch is not None
        assert group.pitch.value < 0.5
    assert source["all"].classifiers["prosody"].macro.value == pytest.approx(1 / 3)
    assert source["all"].speaker.value == 1
    pitch = source["strong"].pitch
    assert pitch is not None
    # 8 semitones up or 3 down, and a part of the range.
    assert 4 < pitch.value < 8
    # There is one take of everything: nobody to compare the real with.
    assert report.systems["real"]["all"].pitch is None


def test_groups_are_of_one_corpus_and_without_who_is_left_out() -> None:
    table = parallel_table(MANNERS, speakers=13, texts=1)
    names = np.unique(table["speaker"]).tolist()
    corpus = str(table["corpus"][0])
    chosen = choose_speakers(table, ["angry", "sad"], [f"{corpus}/{names[0]}"])
    assert len(chosen.groups) == 2
    groups = [set(np.asarray(table["speaker"])[group].tolist()) for group in chosen.groups]
    assert [len(group) for group in groups] == [6, 6]
    assert set.union(*groups) == set(names[1:])
    both = table.copy()
    both["corpus"][np.isin(both["speaker"], names[:6])] = "other"
    for group in choose_speakers(both, ["angry", "sad"]).groups:
        assert len(set(both["corpus"][group].tolist())) == 1


def test_nobody_is_left_who_could_judge(table: Table) -> None:
    chosen = choose_speakers(table[table["y"] != "neutral"], ["angry", "sad"])
    assert not chosen.groups
    with pytest.raises(SerError, match="has not two speakers with neutral"):
        evaluate_table({}, table, chosen)
