"""Scoring a table, with and without a look at how each voice speaks as a rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ser.dataset.table import Table
from ser.evaluation.predict import predict_table
from ser.evaluation.predictions import Predictions
from ser.inference.classifier import Classifier, open_classifier


@pytest.fixture(scope="module")
def plain(tiny_model: Path) -> Classifier:
    return open_classifier(tiny_model)


@pytest.fixture(scope="module")
def reading(prosodic_model: Path) -> Classifier:
    return open_classifier(prosodic_model)


def by_path(predictions: Predictions) -> dict[str, Any]:
    return dict(zip(predictions.path.tolist(), predictions.probabilities, strict=True))


def of(predictions: Predictions, speaker: str) -> Any:
    return predictions.probabilities[predictions.speaker == speaker]


def test_without_adaptation_it_is_the_classifier(
    plain: Classifier, reading: Classifier, prosodic: Table
) -> None:
    expected = reading.probabilities(prosodic["x"], prosodic["functionals"])
    assert predict_table(reading, prosodic).probabilities == pytest.approx(expected, abs=1e-5)
    assert predict_table(reading, prosodic, block=7).probabilities == pytest.approx(
        expected, abs=1e-5
    )
    found = predict_table(plain, prosodic, protocol="so", seed=3)
    assert (found.protocol, found.seed) == ("so", 3)
    assert found.path.tolist() == prosodic["path"].tolist()
    assert found.probabilities == pytest.approx(plain.probabilities(prosodic["x"]), abs=1e-5)


def test_it_is_adapted_to_every_speaker_with_the_own_clips(
    reading: Classifier, prosodic: Table
) -> None:
    found = predict_table(reading, prosodic, adapt=True)
    assert found.probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)
    for speaker in ("01", "06"):
        own = prosodic[prosodic["speaker"] == speaker]
        known = reading.adapt(own["x"], own["functionals"])
        expected = reading.probabilities(own["x"], own["functionals"], known)
        assert of(found, speaker) == pytest.approx(expected, abs=1e-5)
    assert np.abs(found.probabilities - predict_table(reading, prosodic).probabilities).max() > 0.01


def test_clips_of_others_do_not_change_the_result(reading: Classifier, prosodic: Table) -> None:
    before = predict_table(reading, prosodic, adapt=True)
    changed = prosodic.copy()
    others = changed["speaker"] != "03"
    changed["functionals"][others] *= -2
    changed["x"][others] += 3
    after = predict_table(reading, changed, adapt=True)
    assert of(after, "03") == pytest.approx(of(before, "03"), abs=1e-6)
    assert np.abs(of(after, "04") - of(before, "04")).max() > 0.01
    # One clip of the same speaker changes what is said of all of that speaker's.
    changed = prosodic.copy()
    first = int(np.flatnonzero(changed["speaker"] == "03")[0])
    changed["functionals"][first] += 50
    after = predict_table(reading, changed, adapt=True)
    assert np.abs(of(after, "03")[1:] - of(before, "03")[1:]).max(axis=1).min() > 1e-4


def test_a_speaker_is_known_by_corpus_too(reading: Classifier, prosodic: Table) -> None:
    apart = prosodic.copy()
    half = np.flatnonzero(apart["speaker"] == "03")[::2]
    apart["corpus"][half] = "other"
    before, after = (predict_table(reading, t, adapt=True) for t in (prosodic, apart))
    assert np.abs(of(after, "03") - of(before, "03")).max() > 1e-3
    assert of(after, "04") == pytest.approx(of(before, "04"), abs=1e-6)


@pytest.mark.parametrize("kind", ["plain", "reading"])
def test_labels_are_not_looked_at(
    kind: str, request: pytest.FixtureRequest, prosodic: Table
) -> None:
    engine = request.getfixturevalue(kind)
    relabelled = prosodic.copy()
    relabelled["y"] = np.random.default_rng(0).permutation(relabelled["y"])
    before, after = (predict_table(engine, t, adapt=True) for t in (prosodic, relabelled))
    assert after.probabilities == pytest.approx(before.probabilities, abs=1e-6)
    uncalibrated = predict_table(engine, prosodic)
    assert np.abs(before.probabilities - uncalibrated.probabilities).max() > 0.01


def test_who_is_not_known_is_not_calibrated(reading: Classifier, prosodic: Table) -> None:
    table = prosodic.copy()
    table["speaker"][table["speaker"] == "01"] = ""
    # Three clips are too few.
    table["speaker"][np.flatnonzero(table["speaker"] == "02")[3:]] = "else"
    told, untold = (by_path(predict_table(reading, table, adapt=c)) for c in (True, False))
    for record in table:
        same = told[record["path"]] == pytest.approx(untold[record["path"]], abs=1e-6)
        assert same == (record["speaker"] in ("", "02")), record["speaker"]


def test_some_records_alone(reading: Classifier, prosodic: Table) -> None:
    records = np.flatnonzero(np.isin(prosodic["speaker"], ["02", "05"]))
    done: list[int] = []
    found = predict_table(
        reading, prosodic, records=records, adapt=True, progress=done.append, block=5
    )
    assert found.path.tolist() == prosodic["path"][records].tolist()
    assert sum(done) == len(records)
    whole = by_path(predict_table(reading, prosodic, adapt=True))
    for path, row in by_path(found).items():
        assert row == pytest.approx(whole[path], abs=1e-5)


def test_unlabelled_clips_and_copies_are_left_out(reading: Classifier, prosodic: Table) -> None:
    table = prosodic.copy()
    table["y"][::4] = ""
    table["augment"][1::4] = "noise:10"
    found = predict_table(reading, table, adapt=True)
    kept = np.arange(96) % 4 >= 2
    assert found.path.tolist() == table["path"][kept].tolist()
    # Nor is a voice learnt from them.
    alone = predict_table(reading, table[kept], adapt=True)
    assert found.probabilities == pytest.approx(alone.probabilities, abs=1e-6)


def test_a_voice_with_many_clips_is_learnt_from_some(
    plain: Classifier, spoken: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ser.evaluation import predict

    monkeypatch.setattr(predict, "_MAX_ADAPTATION_CLIPS", 6)
    table = spoken.copy()
    table["speaker"] = "01"
    found = predict_table(plain, table, adapt=True)
    known = plain.adapt(table["x"][[0, 19, 38, 57, 76, 95]])
    assert found.probabilities == pytest.approx(
        plain.probabilities(table["x"], None, known), abs=1e-5
    )
