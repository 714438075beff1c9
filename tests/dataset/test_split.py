from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from tables import make_table, ravdess_table

from ser.dataset.groups import By, groups, train_indices
from ser.dataset.split import (
    count_side,
    make_folds,
    pick_indices,
    split_indices,
    split_table,
    stratify,
)
from ser.dataset.table import FeatureTable, Table, clip_hashes, source_keys, speaker_keys
from ser.errors import ParameterError, TableError
from ser.labels import COMMON

WAYS: tuple[By, ...] = ("speaker", "clip", "corpus")


def random_table(seed: int) -> Table:
    """A table with everything that tempts a split to leak."""
    random = np.random.default_rng(seed)
    count = int(random.integers(12, 120))
    table = make_table(
        count,
        seed=seed,
        corpus=random.choice(["a", "b", "c"], count),
        speaker=random.choice([f"{i:02d}" for i in range(int(random.integers(3, 9)))], count),
        y=random.choice([*COMMON, ""], count, p=[0.3, *[0.1] * 6, 0.05, 0.05]),
        gender=random.choice(["female", "male", ""], count),
    )
    for _ in range(int(random.integers(0, 4))):
        i, j = random.integers(0, count, 2)
        table["x"][i] = table["x"][j]
    # Copies and overlapping windows of one file; a file has one speaker.
    for _ in range(int(random.integers(0, 6))):
        i, j = random.integers(0, count, 2)
        for name in ("path", "corpus", "speaker"):
            table[name][i] = table[name][j]
        table["start"][i] = table["start"][j] + random.choice([0.0, 1.5, 3.0])
    return table


def assert_apart(table: Table, train: np.ndarray, test: np.ndarray, by: By) -> None:  # type: ignore[type-arg]
    # Said once more in plain words, and not with the functions under test.
    assert sorted([*train, *test]) == list(range(len(table)))
    assert len(train)
    assert len(test)
    keys = {
        "clip": source_keys(table),
        "speaker": speaker_keys(table),
        "corpus": table["corpus"].tolist(),
    }
    kinds = [source_keys(table), clip_hashes(table), keys[by]]
    for kind in kinds:
        assert not {kind[i] for i in train} & {kind[i] for i in test}
    for i in train:
        for j in test:
            if (table["corpus"][i], table["path"][i]) == (table["corpus"][j], table["path"][j]):
                gap = abs(table["start"][i] - table["start"][j])
                assert gap >= 3.0, "windows of three seconds overlap"


@pytest.mark.parametrize("by", WAYS)
@pytest.mark.parametrize("seed", range(20))
def test_sides_never_share_a_group(seed: int, by: By) -> None:
    table = random_table(seed)
    count = len(set(groups(table, by).tolist()))
    if count < 2:
        with pytest.raises(TableError, match="too few"):
            split_indices(table, 0.25, by=by, seed=seed)
        return
    train, test = split_indices(table, 0.25, by=by, seed=seed)
    assert_apart(table, train, test, by)
    folds = make_folds(table, min(count, 3), by=by, seed=seed)
    assert sorted(np.concatenate(folds.tests)) == list(range(len(table)))
    for test in folds.tests:
        assert_apart(table, train_indices(len(table), test), test, by)


def test_random_tables_are_worth_splitting() -> None:
    counts = [len(set(groups(random_table(seed), "speaker").tolist())) for seed in range(20)]
    assert sum(count >= 3 for count in counts) > 15


def test_ravdess_is_stratified_and_balanced_by_gender() -> None:
    table = ravdess_table()
    train, test = split_indices(table, 0.2)
    held = count_side(table, test)
    assert held.speakers == 5
    assert held.clips == len(test) == 75
    assert set(held.emotions) == set(COMMON)
    assert abs(held.genders["male"] - held.genders["female"]) == 15
    assert count_side(table, train).speakers == 19


def test_emotions_are_alike_where_speakers_differ() -> None:
    # Half of the speakers are angry and the other half sad; each side needs both.
    speakers = [f"{i // 10:02d}" for i in range(200)]
    emotions = ["angry" if i // 10 % 2 else "sad" for i in range(200)]
    table = make_table(200, speaker=speakers, y=emotions)
    _, test = split_indices(table, 0.2)
    assert Counter(table["y"][test].tolist()) == {"angry": 20, "sad": 20}


def test_each_corpus_is_on_both_sides() -> None:
    table = make_table(
        120,
        corpus=["a" if i < 60 else "b" for i in range(120)],
        speaker=[f"{i // 6}" for i in range(120)],
        y="sad",
    )
    _, test = split_indices(table, 0.2)
    assert Counter(table["corpus"][test].tolist()) == {"a": 12, "b": 12}


def test_by_clip_is_stratified_to_the_clip() -> None:
    table = ravdess_table(takes=10)
    _, test = split_indices(table, 0.25, by="clip")
    counts = Counter(table["y"][test].tolist())
    assert counts["neutral"] == 6
    assert all(counts[emotion] == 60 for emotion in COMMON if emotion != "neutral")


def test_same_seed_same_split() -> None:
    table = ravdess_table()
    first = split_indices(table, 0.2, seed=5)
    second = split_indices(table.copy(), 0.2, seed=5)
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
    tests = {tuple(split_indices(table, 0.2, seed=seed)[1].tolist()) for seed in range(5)}
    assert len(tests) > 1


def test_folds_cover_the_table_once_and_are_alike() -> None:
    table = ravdess_table()
    folds = make_folds(table, 5, seed=1)
    assert (folds.by, folds.seed, folds.name) == ("speaker", 1, "5 folds by speaker")
    assert sorted(np.concatenate(folds.tests)) == list(range(len(table)))
    assert sorted(count_side(table, test).speakers for test in folds.tests) == [4, 5, 5, 5, 5]
    for test in folds.tests:
        genders = count_side(table, test).genders
        assert abs(genders["male"] - genders["female"]) <= 15


def test_one_fold_per_corpus() -> None:
    table = make_table(9, corpus=list("aaabbbccc"))
    folds = make_folds(table, 0, by="corpus")
    assert sorted("".join(table["corpus"][test]) for test in folds.tests) == ["aaa", "bbb", "ccc"]
    with pytest.raises(TableError, match="has 1 corpus that can be kept apart"):
        make_folds(table[:3], 0, by="corpus")


def test_too_few_speakers() -> None:
    table = make_table(4, speaker=["1", "1", "2", "2"])
    with pytest.raises(TableError, match=r"t: has 2 speakers .* too few for 3 sides.* by clip"):
        make_folds(table, 3, name="t")
    with pytest.raises(TableError, match="has 0 speakers"):
        split_indices(make_table(0), 0.2)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 20.0])
def test_impossible_fractions(fraction: float) -> None:
    with pytest.raises(ParameterError, match=r"give 0\.2 for one fifth"):
        split_indices(ravdess_table(2), fraction)


@pytest.mark.parametrize("n", [0, 1, -1])
def test_impossible_folds(n: int) -> None:
    with pytest.raises(ParameterError, match="give 2 or more"):
        make_folds(ravdess_table(2), n)


def test_tables_of_a_split() -> None:
    table = ravdess_table(6)
    table["augment"][1::2] = "noise=10dB"
    train, test = split_table(table, 0.3, seed=4)
    assert type(train) is type(test) is FeatureTable
    expected, held_out = split_indices(table, 0.3, seed=4)
    assert train.tobytes() == table[expected].tobytes()
    # The test table holds recordings alone.
    assert set(test["augment"].tolist()) == {""}
    assert test.tobytes() == table[held_out][table[held_out]["augment"] == ""].tobytes()
    assert not set(speaker_keys(train)) & set(speaker_keys(test))


def test_tables_of_a_split_by_name() -> None:
    train, test = split_table(ravdess_table(4), ["1", "ravdess/03"])
    assert sorted(set(test["speaker"].tolist())) == ["01", "03"]
    assert sorted(set(train["speaker"].tolist())) == ["02", "04"]
    with pytest.raises(ParameterError, match="test=ravdess/9") as caught:
        split_table(ravdess_table(4), ["ravdess/9"])
    assert caught.value.parameter == "test"
    with pytest.raises(ParameterError, match=r"test=tes: .* did you mean tess\?"):
        split_table(make_table(2, corpus=["tess", "nemo"]), ["tes"], by="corpus")
    with pytest.raises(ParameterError, match="test=1: is not between 0 and 1"):
        split_table(ravdess_table(4), 1)


def test_copies_without_their_clips_count() -> None:
    table = make_table(16, speaker=[str(i // 2) for i in range(16)], augment="noise=10dB")
    train, test = split_indices(table, 0.25)
    assert (len(train), len(test)) == (12, 4)


def test_pick_by_name() -> None:
    table = ravdess_table(4)
    train, test = pick_indices(table, ["ravdess/02", "4"])
    assert sorted(set(table["speaker"][test].tolist())) == ["02", "04"]
    assert sorted(set(table["speaker"][train].tolist())) == ["01", "03"]


def test_pick_spares_records_without_a_speaker_for_training() -> None:
    table = make_table(4, speaker=["1", "", "2", ""])
    train, test = pick_indices(table, ["1"])
    assert (train.tolist(), test.tolist()) == ([1, 2, 3], [0])


def test_pick_a_corpus() -> None:
    table = make_table(4, corpus=["ravdess", "tess", "tess", "nemo"])
    train, test = pick_indices(table, ["TESS"], by="corpus")
    assert (train.tolist(), test.tolist()) == ([0, 3], [1, 2])


def test_pick_refuses_everything_and_duplicates_on_both_sides() -> None:
    table = make_table(2, speaker=["1", "2"])
    with pytest.raises(TableError, match="nothing left to train on"):
        pick_indices(table, ["1", "2"])
    table["x"][1] = table["x"][0]
    with pytest.raises(TableError, match="same sound on both sides"):
        pick_indices(table, ["1"])


def weights(columns: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.full(columns, 1 / columns)


def test_equal_groups_are_dealt_by_share() -> None:
    sides = stratify(np.ones((10, 2)), weights(2), (0.7, 0.3), seed=0)
    assert np.bincount(sides).tolist() == [7, 3]


def test_rare_columns_are_spread() -> None:
    counts = np.zeros((20, 2))
    counts[:, 0] = 5
    counts[:5, 1] = 1
    sides = stratify(counts, weights(2), [0.2] * 5, seed=3)
    assert sorted(sides[:5].tolist()) == [0, 1, 2, 3, 4]


def test_groups_of_unequal_size() -> None:
    counts = np.array([[50.0], [10], [10], [10], [10], [10]])
    sides = stratify(counts, weights(1), (0.5, 0.5), seed=0)
    assert len(set(sides[1:].tolist())) == 1
    assert sides[0] != sides[1]


@pytest.mark.parametrize("share", [0.001, 0.2, 0.999])
def test_no_side_is_empty(share: float) -> None:
    sides = stratify(np.ones((2, 1)), weights(1), (1 - share, share), seed=0)
    assert sorted(sides.tolist()) == [0, 1]


def test_same_seed_same_stratify() -> None:
    counts = np.random.default_rng(0).integers(0, 9, (30, 4)).astype(float)
    first = stratify(counts, weights(4), [0.25] * 4, seed=7)
    assert (first == stratify(counts, weights(4), [0.25] * 4, seed=7)).all()
    others = [stratify(counts, weights(4), [0.25] * 4, seed=seed) for seed in range(4)]
    assert any((first != other).any() for other in others)


def test_too_few_groups() -> None:
    with pytest.raises(ValueError, match="fewer groups"):
        stratify(np.ones((2, 1)), weights(1), [1 / 3] * 3, seed=0)


def test_many_groups_are_dealt_in_time() -> None:
    emotions = np.random.default_rng(0).integers(0, 8, 20_000)
    sides = stratify(np.eye(8)[emotions], weights(8), (0.8, 0.2), seed=0)
    for emotion in range(8):
        assert (sides[emotions == emotion] == 1).mean() == pytest.approx(0.2, abs=0.001)


@pytest.mark.parametrize("by", ["clip", "speaker"])
def test_doubled_takes_are_on_one_side(by: By) -> None:
    audio = ravdess_table(4, takes=3)
    audio = audio[[path.split("-")[5] in ("01", "02") for path in audio["path"].tolist()]]
    video = audio.copy()
    video["x"] += 1
    video["path"] = [path.replace("/03-", "/01-") + ".mp4" for path in audio["path"].tolist()]
    video["path"] = [path.replace(".wav.mp4", ".mp4") for path in video["path"].tolist()]
    both = np.concatenate([audio, video])
    for train, test in (
        split_indices(both, 0.3, by=by),
        *((train_indices(len(both), test), test) for test in make_folds(both, 3, by=by).tests),
    ):
        assert not set(train % len(audio)) & set(test % len(audio))
