"""Augmented copies never land on the other side of their clip, whatever divides the table."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spoken import CONFIG, POOLED, SPEC

from ser.augment.copies import Copies
from ser.augment.recipe import parse_recipe
from ser.corpora.registry import find_clips
from ser.dataset.extract import extract_table
from ser.dataset.groups import groups, originals, train_indices
from ser.dataset.merge import merge_tables
from ser.dataset.plan import RecordWindows
from ser.dataset.split import make_folds, split_indices
from ser.dataset.table import Table, read_table
from ser.evaluation.predict import predict_table
from ser.evaluation.predictions import read_predictions
from ser.inference.classifier import open_classifier
from ser.training.crossval import cross_validate
from ser.training.validation import split_validation

RECIPE = parse_recipe("noise,stretch,pitch,speed+reverb,gain")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, ravdess_like: Path) -> Path:
    """Sixty-four clips, and one of them again under another name, as RAVDESS has it."""
    target = tmp_path_factory.mktemp("corpus") / "ravdess"
    shutil.copytree(ravdess_like, target)
    first, again = sorted((target / "Actor_03").iterdir())[:2]
    shutil.copy(first, again)
    return target


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> Table:
    target = tmp_path_factory.mktemp("table") / "t.npy"
    extract_table(
        find_clips([folder]).clips, SPEC, target, copies=Copies(RECIPE, 2, balance=True), jobs=2
    )
    return read_table(target)


def assert_apart(table: Table, train: Any, test: Any) -> None:
    """Said in plain words, and not with the functions under test."""
    assert len(train)
    assert len(test)
    assert not set(train.tolist()) & set(test.tolist())
    paths = np.asarray(table["path"])
    assert not set(paths[train].tolist()) & set(paths[test].tolist())
    # The two names of one recording count as one.
    twins = [name for name in np.unique(paths) if "/Actor_03/" in name][:2]
    sides = [bool(np.isin(twins, paths[side]).any()) for side in (train, test)]
    assert sum(sides) <= 1


def test_there_is_something_to_leak(table: Table) -> None:
    copies = table["augment"] != ""
    # The most frequent emotion has 8 clips, with two copies each; neutral has as many records.
    assert set(np.unique(table["y"], return_counts=True)[1].tolist()) == {24}
    assert copies.sum() == len(table) - 64


@pytest.mark.parametrize("by", ["speaker", "clip"])
@pytest.mark.parametrize("seed", range(5))
def test_splits(table: Table, by: Any, seed: int) -> None:
    train, test = split_indices(table, 0.3, by=by, seed=seed)
    assert_apart(table, train, test)
    # Every record is on one of the sides, and each side has a share of what was recorded.
    assert len(train) + len(test) == len(table)
    assert len(originals(table, test)) == pytest.approx(0.3 * 64, abs=5)


@pytest.mark.parametrize("by", ["speaker", "clip"])
def test_folds(table: Table, by: Any) -> None:
    folds = make_folds(table, 4, by=by, seed=1)
    for test in folds.tests:
        assert_apart(table, train_indices(len(table), test), test)
    scored = np.concatenate([originals(table, test) for test in folds.tests])
    assert sorted(table["path"][scored].tolist()) == sorted(set(table["path"].tolist()))
    assert not table["augment"][scored].any()


def test_windows_of_one_recording(tmp_path: Path, folder: Path) -> None:
    """Windows that overlap are one group with all their copies; others are not tied by copies."""
    clips = find_clips([folder]).clips[:6]
    for hop, count in ((0.2, 6), (0.4, 18)):
        target = tmp_path / f"{hop}.npy"
        copies = Copies(parse_recipe("stretch:1.5,speed:0.7..1.3"), 2)
        cut = RecordWindows(0.4, hop)
        extract_table(clips, POOLED, target, windows=cut, copies=copies)
        windows = read_table(target)
        numbers = groups(windows, "clip")
        assert len(set(numbers.tolist())) == count
        for source in {(p, s) for p, s in zip(windows["path"], windows["start"], strict=True)}:
            same = (windows["path"] == source[0]) & (windows["start"] == source[1])
            assert same.sum() == 3
            assert len(set(numbers[same].tolist())) == 1


def test_a_stretched_copy_does_not_tie_its_neighbour(table: Table) -> None:
    pair = table[:4].copy()
    pair["path"], pair["start"] = "a.wav", [0, 0, 1, 1]
    pair["duration"], pair["augment"] = [1, 1.2, 1, 1.2], ["", "stretch=1.2"] * 2
    assert groups(pair, "clip").tolist() == [0, 0, 1, 1]


def test_merging_leaves_no_orphans(table: Table, tmp_path: Path) -> None:
    """Copies of the second name would be strangers to the clip that stays."""
    report = merge_tables([table], ["t"], tmp_path / "m.npy")
    merged = read_table(tmp_path / "m.npy")
    paths = set(merged["path"].tolist())
    (gone,) = set(table["path"].tolist()) - paths
    copies = int(((table["path"] == gone) & (table["augment"] != "")).sum())
    assert copies >= 2
    assert report.orphans == copies
    assert report.duplicates == len(table) - len(merged) - copies >= 1
    # In whatever order they come.
    merge_tables([table[::-1]], ["t"], tmp_path / "r.npy")
    backwards = read_table(tmp_path / "r.npy")
    assert len(set(backwards["path"].tolist())) == 63
    for path in set(backwards["path"].tolist()):
        assert "" in backwards["augment"][backwards["path"] == path]


def test_copies_never_replace_their_clip(table: Table, tmp_path: Path) -> None:
    """Chance may change a copy by nothing, as by ``pitch=0st``."""
    table = np.array(table)
    copy = np.flatnonzero(table["augment"] != "")[-1]
    (clip,) = np.flatnonzero((table["path"] == table["path"][copy]) & (table["augment"] == ""))
    table["x"][copy] = table["x"][clip]
    pair = table[[copy, clip]]
    for order in (pair, pair[::-1]):
        assert merge_tables([order], ["t"], tmp_path / "m.npy").duplicates == 1
        assert read_table(tmp_path / "m.npy")["augment"].tolist() == [""]


@pytest.mark.parametrize("known", [True, False])
def test_validation(table: Table, known: bool) -> None:
    records = table.copy()
    if not known:
        records["speaker"] = ""
    data = split_validation(records, "0.3", 0).data
    assert data.validation is not None
    assert_apart(records, data.train, data.validation)
    assert not records["augment"][data.validation].any()
    assert (records["augment"][data.train] != "").any()


def test_cross_validation(table: Table, small: str, tmp_path: Path) -> None:
    """Every clip is tested once and no copy is; random folds train on the others' copies."""
    config = replace(CONFIG, arch=small, epochs=1)
    folds = make_folds(table, 2, by="clip", seed=0)
    cross_validate(table, folds, config, tmp_path, device="cpu")
    predictions = read_predictions(tmp_path / "predictions.csv")
    assert sorted(predictions.path.tolist()) == sorted(set(table["path"].tolist()))
    for number, test in enumerate(folds.tests, start=1):
        tested = set(predictions.path[predictions.fold == number].tolist())
        assert tested == set(table["path"][test].tolist())
        card = open_classifier(tmp_path / f"fold-{number}.keras").card
        assert card["clips"] == len(table) - len(test)


def test_scoring(table: Table, tiny_model: Path) -> None:
    engine = open_classifier(tiny_model)
    known = table[np.isin(table["y"], engine.labels)]
    scored = predict_table(engine, known)
    assert sorted(scored.path.tolist()) == sorted(set(known["path"].tolist()))
    # Whoever has copies alone wants them scored: how does a model fare with noise?
    copies = known[known["augment"] != ""]
    assert len(predict_table(engine, copies)) == len(copies)
