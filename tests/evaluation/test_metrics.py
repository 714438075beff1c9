"""Figures against scikit-learn, intervals against a plain bootstrap."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from sklearn import metrics

from ser.errors import LabelError, SerError
from ser.evaluation.metrics import Evaluation, evaluate

LABELS = ("neutral", "calm", "angry", "sad")


def sample(n: int = 300, speakers: int = 6, seed: int = 1, absent: str = "calm"):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(seed)
    names = [name for name in LABELS if name != absent]
    y = rng.choice(names, n)
    logits = rng.normal(0, 1.2, (n, len(LABELS)))
    logits[np.arange(n), [LABELS.index(name) for name in y]] += 1
    p = np.exp(logits)
    who = np.array([f"c{i % 2}/s{i}" for i in rng.integers(0, speakers, n)])
    corpus = np.array([name.split("/")[0] for name in who])
    return y, (p / p.sum(axis=1, keepdims=True)).astype(np.float32), who, corpus


def scored(**options: int) -> Evaluation:
    y, p, who, corpus = sample()
    return evaluate(y, p, LABELS, who, corpus, **options)


def test_figures_equal_scikit_learn() -> None:
    y, p, who, corpus = sample()
    result = evaluate(y, p, LABELS, who, corpus)
    predicted = np.array(LABELS)[p.argmax(axis=1)]
    assert "calm" in predicted
    present = sorted(set(y))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = metrics.balanced_accuracy_score(y, predicted)
    assert result.scores.uar == pytest.approx(expected)
    assert result.scores.uar == pytest.approx(
        metrics.recall_score(y, predicted, labels=present, average="macro")
    )
    assert result.scores.accuracy == pytest.approx(metrics.accuracy_score(y, predicted))
    assert result.scores.macro_f1 == pytest.approx(
        metrics.f1_score(y, predicted, average="macro", zero_division=0)
    )
    assert np.array_equal(result.confusion, metrics.confusion_matrix(y, predicted, labels=LABELS))
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        y, predicted, labels=LABELS, zero_division=0
    )
    for i, name in enumerate(LABELS):
        scores = result.classes[name]
        assert scores.support == support[i]
        assert (scores.precision or 0) == pytest.approx(precision[i])
        assert (scores.recall or 0) == pytest.approx(recall[i])
        assert (scores.f1 or 0) == pytest.approx(f1[i])
    assert result.classes["calm"].recall is None


def test_groups_are_scored_alone() -> None:
    y, p, who, corpus = sample()
    result = evaluate(y, p, LABELS, who, corpus)
    for groups, column in ((result.speakers, who), (result.corpora, corpus)):
        assert sorted(groups) == sorted(set(column))
        for name, scores in groups.items():
            mine = column == name
            alone = evaluate(y[mine], p[mine], LABELS, who[mine], corpus[mine], resamples=2)
            assert scores == alone.scores


def test_intervals_equal_a_plain_bootstrap_over_speakers() -> None:
    y, p, who, corpus = sample()
    result = evaluate(y, p, LABELS, who, corpus, seed=5, resamples=200)
    predicted = np.array(LABELS)[p.argmax(axis=1)]
    names = np.unique(who)
    counts = np.random.default_rng(5).multinomial(len(names), [1 / len(names)] * 6, size=200)
    values = []
    for row in counts:
        clips = np.concatenate(
            [np.repeat(np.flatnonzero(who == n), k) for n, k in zip(names, row, strict=True)]
        )
        values.append(
            metrics.recall_score(
                y[clips], predicted[clips], labels=sorted(set(y[clips])), average="macro"
            )
        )
    low, high = np.percentile(values, [2.5, 97.5])
    assert result.intervals["uar"].low == pytest.approx(low)
    assert result.intervals["uar"].high == pytest.approx(high)
    assert result.resampled == "speakers"
    assert not result.note


def test_speakers_who_differ_make_wider_intervals_than_clips_do() -> None:
    y, _, who, corpus = sample(n=600)
    p = np.full((600, 4), 0.1, np.float32)
    truth = np.array([LABELS.index(name) for name in y])
    good = np.isin(who, np.unique(who)[:3])
    # Half of the speakers are always right, the others never.
    p[np.arange(600), np.where(good, truth, (truth + 1) % 4)] = 0.7
    known = evaluate(y, p, LABELS, who, corpus).intervals["uar"]
    unknown = evaluate(y, p, LABELS, None, corpus).intervals["uar"]
    assert known.high - known.low > 4 * (unknown.high - unknown.low)


def test_clips_are_drawn_where_speakers_are_not_known_and_it_is_said() -> None:
    y, p, who, _ = sample()
    assert evaluate(y, p, LABELS).resampled == "clips"
    assert "not known" in evaluate(y, p, LABELS).note
    who[0] = ""
    some = evaluate(y, p, LABELS, who)
    assert some.note.startswith("some speakers")
    assert "" not in some.speakers
    one = evaluate(y, p, LABELS, ["a/1"] * len(y))
    assert "one speaker" in one.note
    interval, value = one.intervals["accuracy"], one.scores.accuracy
    # The normal approximation of a proportion's interval.
    half = 1.96 * np.sqrt(value * (1 - value) / len(y))
    assert interval.low == pytest.approx(value - half, abs=0.012)
    assert interval.high == pytest.approx(value + half, abs=0.012)


def test_a_seed_repeats_intervals() -> None:
    assert scored(seed=3).intervals == scored(seed=3).intervals
    assert scored(seed=3).intervals != scored(seed=4).intervals


def test_everything_goes_into_json() -> None:
    result = scored()
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["scores"]["n"] == 300
    assert data["confusion"] == [list(row) for row in result.confusion]
    assert data["classes"]["calm"]["recall"] is None
    assert (
        data["intervals"]["uar"]["low"] < data["scores"]["uar"] < data["intervals"]["uar"]["high"]
    )


def test_an_unknown_label_comes_with_advice() -> None:
    y, p, _, _ = sample()
    y = np.where(y == "sad", "boredom", y)
    with pytest.raises(LabelError, match=r"boredom.*ser-merge --map boredom=NAME.*--drop boredom"):
        evaluate(y, p, LABELS)


def test_no_clips_is_an_error() -> None:
    with pytest.raises(SerError, match="no labelled clips"):
        evaluate([], np.zeros((0, 4)), LABELS)
