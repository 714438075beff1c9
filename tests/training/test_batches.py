"""What a training draws from a table: which records, in which order, with which weights."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tables import make_table

from ser.dataset.table import Table
from ser.errors import ParameterError, TableError
from ser.features.prosody.speaker import MIN_CLIPS, average_baseline, estimate_baseline
from ser.features.spec import PRESETS, FeatureSpec
from ser.training.batches import Examples, batches, steps_per_epoch
from ser.training.config import TrainConfig
from ser.training.spec_augment import NO_AUGMENTATION
from ser.training.trainer import describe_problem

LABELS = ("neutral", "sad", "angry")


def table_of(emotions: list[str], **fields: Any) -> Table:
    table = make_table(len(emotions), y=emotions, frames=6, coefficients=3, **fields)
    # Tables are mapped read-only; whoever writes to one fails here as well.
    table.flags.writeable = False
    return table


def examples(table: Table) -> Examples:
    return Examples(table, np.arange(len(table)), LABELS)


def test_unlabelled_records_are_left_out() -> None:
    found = examples(table_of(["sad", "", "angry", "", "neutral"]))
    assert found.indices.tolist() == [0, 2, 4]
    assert found.targets.tolist() == [1, 2, 0]
    with pytest.raises(TableError, match="no labelled records"):
        examples(table_of(["", ""]))


def test_an_emotion_that_training_lacks() -> None:
    with pytest.raises(TableError, match=r"training table lacks: boredom; .*--map"):
        examples(table_of(["sad", "boredom"]))


def test_features_without_padding_and_with_it() -> None:
    table = table_of(["sad", "angry"]).copy()
    table["frames"] = [4, 0]
    table.flags.writeable = False
    found = examples(table)
    assert np.array_equal(found.clip(0), table["x"][0, :4])
    # A clip without frames cannot be, but must not end a training.
    assert found.clip(1).shape == (1, 3)
    assert np.array_equal(found.features(slice(0, 2)), table["x"])


def test_statistics_are_of_real_frames_alone() -> None:
    table = table_of(["sad", "angry", "sad"]).copy()
    table["frames"] = [6, 2, 3]
    table["x"][1, 2:] = 1e6
    table["x"][2, 3:] = -1e6
    table["x"][:, :, 2] = 5
    mean, variance = examples(table).statistics()
    real = np.concatenate([table["x"][0], table["x"][1, :2], table["x"][2, :3]])
    assert mean == pytest.approx(real.mean(axis=0), abs=1e-5)
    assert variance[:2] == pytest.approx(real.var(axis=0)[:2], rel=1e-4)
    # The one that never changes is not divided by zero.
    assert 0 < variance[2] <= 1e-6


def test_balanced_weights() -> None:
    found = examples(table_of(["sad"] * 6 + ["angry"] * 2 + ["neutral"]))
    assert found.weights(TrainConfig()).tolist() == [1.0] * 9
    weights = found.weights(TrainConfig(class_weight="balanced"))
    assert weights.mean() == pytest.approx(1)
    sums = [weights[found.targets == label].sum() for label in range(3)]
    assert sums == pytest.approx([3, 3, 3])
    missing = examples(table_of(["sad"] * 3 + ["angry"]))
    assert missing.weights(TrainConfig(class_weight="balanced")).mean() == pytest.approx(1)


def test_every_epoch_shows_every_clip_once_and_in_a_new_order() -> None:
    table = table_of([LABELS[i % 3] for i in range(12)])
    config = TrainConfig(batch_size=4, augment=NO_AUGMENTATION)
    stream = batches(examples(table), config)
    orders = []
    for _ in range(3):
        order = []
        for x, y, weight in itertools.islice(stream, 3):
            assert x.shape == (4, 6, 3)
            assert weight.tolist() == [1.0] * 4
            for clip, target in zip(x, y, strict=True):
                index = next(i for i in range(12) if np.array_equal(table["x"][i], clip))
                assert LABELS[int(target.argmax())] == table["y"][index]
                assert target.sum() == 1
                order.append(index)
        assert sorted(order) == list(range(12))
        orders.append(order)
    assert orders[0] != orders[1] != orders[2]


def test_a_stream_can_be_taken_up_at_any_epoch() -> None:
    found = examples(table_of([LABELS[i % 3] for i in range(10)]))
    config = TrainConfig(batch_size=4, seed=3)
    steps = steps_per_epoch(found, config)
    assert steps == 2
    whole = list(itertools.islice(batches(found, config), 4 * steps))
    rest = list(itertools.islice(batches(found, config, 2), 2 * steps))
    for one, other in zip(whole[2 * steps :], rest, strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    other = next(batches(found, TrainConfig(batch_size=4, seed=4)))
    assert not np.array_equal(other[0], whole[0][0])


def test_fewer_clips_than_a_batch() -> None:
    found = examples(table_of(["sad", "angry", "neutral"]))
    assert steps_per_epoch(found, TrainConfig()) == 1
    x, y, weight = next(batches(found, TrainConfig()))
    assert (x.shape, y.shape, weight.shape) == ((3, 6, 3), (3, 3), (3,))


def test_mixed_clips_have_mixed_emotions_and_weights() -> None:
    table = table_of(["sad", "sad", "sad", "angry"])
    mixed = replace(NO_AUGMENTATION, mixup=1.0)
    config = TrainConfig(batch_size=4, augment=mixed, class_weight="balanced")
    seen = 0
    for x, y, weight in itertools.islice(batches(examples(table), config), 20):
        assert np.allclose(y.sum(axis=1), 1)
        # Two emotions of three, 2/3 and 2 times as heavy: a mixture has a weight between.
        assert np.allclose(weight, y @ [0, 2 / 3, 2])
        for clip, target in zip(x, y, strict=True):
            if 0.05 < target[1] < 0.95:
                seen += 1
                angry = table["x"][3] * target[2]
                rest = (clip - angry) / target[1]
                assert any(np.allclose(rest, table["x"][i], atol=1e-2) for i in range(3))
    assert seen > 10


def test_mixing_leaves_functionals_as_they_are() -> None:
    table = prosodic_table(["a", "b"] * 4)
    found = Examples(table, np.arange(len(table)), LABELS, reads_functionals=True)
    config = TrainConfig(batch_size=8, augment=replace(NO_AUGMENTATION, mixup=1.0))
    x, _, weight = next(batches(found, config))
    assert isinstance(x, dict)
    assert weight.shape == (8, 2)
    given = {row.tobytes() for row in np.ascontiguousarray(table["functionals"])}
    assert {row.tobytes() for row in x["functionals"]} <= given
    assert not any(np.array_equal(clip, own) for clip in x["features"] for own in table["x"])


def test_pooled_clips_are_not_augmented() -> None:
    spec = FeatureSpec(n_mels=3, pool="mean")
    table = make_table(4, frames=1, coefficients=3, spec=spec, y=["sad", "angry"] * 2)
    x, _, _ = next(batches(examples(table), TrainConfig(batch_size=4)))
    assert sorted(map(tuple, x[:, 0].tolist())) == sorted(map(tuple, table["x"][:, 0].tolist()))


PROSODIC = PRESETS["emotion"].with_changes(functionals="prosody")


def prosodic_table(speakers: list[str], **fields: Any) -> Table:
    table = make_table(
        len(speakers),
        spec=PROSODIC,
        frames=6,
        coefficients=96,
        y=[LABELS[i % 3] for i in range(len(speakers))],
        speaker=speakers,
        **fields,
    )
    rng = np.random.default_rng(5)
    table["functionals"] = rng.normal(3, 2, table["functionals"].shape)
    table.flags.writeable = False
    return table


def reading(table: Table, indices: Any = None) -> Examples:
    chosen = np.arange(len(table)) if indices is None else np.asarray(indices)
    return Examples(table, chosen, LABELS, reads_functionals=True)


def test_functionals_are_those_of_the_records() -> None:
    table = prosodic_table(["a"] * 6 + ["b"] * 6)
    found = reading(table, [1, 4, 7])
    assert np.array_equal(found.functionals, table["functionals"][[1, 4, 7]])
    inputs = found.inputs(slice(1, 3))
    assert isinstance(inputs, dict)
    assert np.array_equal(inputs["features"], table["x"][[4, 7]])
    assert np.array_equal(inputs["functionals"], table["functionals"][[4, 7]])
    # When it is watched, nobody has told it of the voice.
    assert inputs["voice"].shape == (2, 2, table["functionals"].shape[1])
    assert not inputs["voice"].any()
    plain = Examples(table, np.arange(12), LABELS).inputs(slice(0, 2))
    assert isinstance(plain, np.ndarray)


def test_a_table_without_functionals() -> None:
    found = reading(table_of(["sad", "angry"]))
    with pytest.raises(TableError, match=r"holds no functionals, .*--functionals prosody"):
        found.inputs(slice(0, 1))
    table = prosodic_table(["a"] * 6).copy()
    table["functionals"][2, 5] = np.inf
    with pytest.raises(TableError, match="not numbers; extract it again"):
        _ = reading(table).functionals
    assert len(reading(table, [0, 1, 3]).functionals) == 3


def test_the_general_baseline_is_of_these_examples_alone() -> None:
    table = prosodic_table(["a"] * 6 + ["b"] * 6 + ["c"] * 6)
    found = reading(table, range(12))
    names = np.array(["made/a"] * 6 + ["made/b"] * 6, object)
    expected = average_baseline(table["functionals"][:12], names)
    assert np.array_equal(found.general_baseline, expected)


def test_about_half_of_the_voices_are_told() -> None:
    table = prosodic_table(["a"] * 20 + ["b"] * 20 + [""] * 20 + ["c"] * (MIN_CLIPS - 1))
    found = reading(table)
    rng = np.random.default_rng(0)
    told = np.array(
        [found.random_baselines(np.arange(len(found)), rng).any(axis=(1, 2)) for _ in range(40)]
    )
    assert told[:, :40].mean() == pytest.approx(0.5, abs=0.05)
    # Every clip is seen in both ways.
    assert (told[:, :40].any(axis=0) & ~told[:, :40].all(axis=0)).all()
    # Who is not known, or hardly heard, has no voice.
    assert not told[:, 40:].any()


def test_a_voice_is_learnt_from_clips_of_its_own() -> None:
    table = prosodic_table(["a"] * 5 + ["b"] * 30).copy()
    table["functionals"][5:] += 1000
    found = reading(table)
    rng = np.random.default_rng(1)
    positions = np.array([0, 1, 20, 30] * 20)
    voices = found.random_baselines(positions, rng)
    told = voices.any(axis=(1, 2))
    level = voices[:, 0, 0]
    assert (level[told & (positions < 5)] < 100).all()
    assert (level[told & (positions >= 5)] > 900).all()
    # From some of them, more or fewer each time.
    assert len(np.unique(level[told & (positions >= 5)])) > 10
    everything = estimate_baseline(found.functionals[:5], found.general_baseline)
    few = voices[told & (positions < 5)]
    assert any(np.allclose(voice, everything, rtol=1e-5) for voice in few)


def test_batches_of_functionals_and_voices_belong_together() -> None:
    table = prosodic_table(["a"] * 8 + ["b"] * 8)
    config = TrainConfig(batch_size=4, seed=3, augment=NO_AUGMENTATION)
    found = reading(table)
    whole = list(itertools.islice(batches(found, config), 12))
    seen = []
    for x, y, _ in whole[:4]:
        assert isinstance(x, dict)
        assert x["voice"].shape == (4, 2, table["functionals"].shape[1])
        for clip, functionals, target in zip(x["features"], x["functionals"], y, strict=True):
            [index] = [i for i in range(16) if np.array_equal(table["x"][i], clip)]
            assert np.array_equal(functionals, table["functionals"][index])
            assert LABELS[int(target.argmax())] == table["y"][index]
            seen.append(index)
    assert sorted(seen) == list(range(16))
    # A resumed training is told of the same voices.
    again = list(itertools.islice(batches(found, config, 1), 8))
    for (one, _, _), (other, _, _) in zip(whole[4:], again, strict=True):
        assert isinstance(one, dict)
        assert isinstance(other, dict)
        assert all(np.array_equal(one[name], other[name]) for name in one)


def supported() -> Examples:
    """Four clips of one corpus, ten of another that supports it."""
    table = prosodic_table(["a"] * 4 + ["b"] * 10).copy()
    table["corpus"] = ["mine"] * 4 + ["theirs"] * 10
    table["functionals"][4:] += 1000
    return Examples(table, np.arange(14), LABELS, reads_functionals=True, support=["theirs"])


def test_an_epoch_sees_no_more_of_what_supports() -> None:
    found = supported()
    config = TrainConfig(batch_size=4, seed=3, augment=NO_AUGMENTATION)
    assert steps_per_epoch(found, config) == 2
    seen = []
    for x, _, weight in itertools.islice(batches(found, config), 40):
        assert isinstance(x, dict)
        theirs = x["functionals"][:, 0] > 900
        # The picture learns of every clip, prosody of the main ones.
        assert weight.tolist() == [[1.0, 0.0] if other else [1.0, 1.0] for other in theirs]
        seen += [
            (bool(other), clip.tobytes()) for other, clip in zip(theirs, x["features"], strict=True)
        ]
    mine = [clip for theirs, clip in seen if not theirs]
    assert len(mine) == len(seen) / 2
    assert len(set(mine)) == 4
    # Others each time, so that in the end all have been seen.
    assert len({clip for theirs, clip in seen if theirs}) == 10


def test_prosody_in_general_is_that_of_the_main_clips() -> None:
    found = supported()
    assert found.general_baseline[0].max() < 900
    problem = describe_problem(found)
    assert problem.functional_mean is not None
    assert problem.functional_mean == pytest.approx(found.functionals[:4].mean(axis=0), rel=1e-5)


def test_nothing_is_left_to_be_supported() -> None:
    with pytest.raises(ParameterError, match="support: names every corpus"):
        Examples(table_of(["sad", "angry"]), np.arange(2), LABELS, support=["made"])
