"""Batches of pairs: alignment, weights and augmentation."""

from __future__ import annotations

import numpy as np
import pytest
from sentences import sentence_table

from ser.conversion.contour_grid import MASK, N_CEPSTRA, N_CHANGED, PITCH, VOICED
from ser.conversion.models.gan import STEP_MULTIPLE
from ser.conversion.pairs import find_pairs
from ser.conversion.training.base import PairExamples, build_examples
from ser.conversion.training.gan_batches import ENVELOPE, F0, LENGTH, PairBatch, PairBatches


@pytest.fixture(scope="module")
def examples() -> PairExamples:
    table = sentence_table()
    everything = np.arange(len(table))
    return build_examples(table, everything, find_pairs(table, everything))


@pytest.fixture(scope="module")
def data(examples: PairExamples) -> PairBatches:
    return PairBatches(examples)


def batch_of(data: PairBatches, count: int = 8, seed: int = 0) -> PairBatch:
    return data.batch(np.arange(count), np.random.default_rng(seed))


def test_lengths_hold_every_phrase(data: PairBatches) -> None:
    longest = max(map(len, data.phrases.values()))
    assert longest <= data.source_steps < longest + STEP_MULTIPLE
    assert data.source_steps < data.result_steps <= 1.5 * data.source_steps
    assert data.source_steps % STEP_MULTIPLE == data.result_steps % STEP_MULTIPLE == 0


def test_labels_are_those_of_source_and_target(data: PairBatches, examples: PairExamples) -> None:
    batch, pairs = batch_of(data), examples.pairs
    assert batch.speaker.argmax(axis=1).tolist() == examples.speaker[pairs.source[:8]].tolist()
    assert batch.emotion.argmax(axis=1).tolist() == examples.emotion[pairs.target[:8]].tolist()
    for row, target in zip(batch.real, pairs.target[:8].tolist(), strict=True):
        np.testing.assert_array_equal(row, data.real_input(target))


def test_targets_are_in_the_timing_of_the_sources(
    data: PairBatches, examples: PairExamples
) -> None:
    batch = batch_of(data)
    pairs = examples.pairs
    contours, near = batch.inputs["contours"], batch.targets
    for row in range(8):
        source, target = int(pairs.source[row]), int(pairs.target[row])
        same = source == target
        real = contours[row, :, MASK] > 0
        assert (near[ENVELOPE][row] == contours[row, :, :N_CEPSTRA])[real].all() == same
        lengths = [len(data.phrases[r]) for r in (target, source)]
        assert near[LENGTH][row] == pytest.approx(np.log(lengths[0] / lengths[1]))
        voiced = contours[row, :, VOICED] > 0.5
        assert not batch.weights[F0][row][~voiced].any()


def test_weights_make_up_for_padding(data: PairBatches) -> None:
    for weight in batch_of(data).weights.values():
        assert weight.mean() == pytest.approx(1, abs=1e-4)


def test_only_the_generators_features_are_augmented(data: PairBatches) -> None:
    one, other = (batch_of(data, seed=seed) for seed in (1, 2))
    assert (one.inputs["features"] != other.inputs["features"]).any()
    for name in ("contours", "speech_weight", "speaker_mean", "condition"):
        np.testing.assert_array_equal(one.inputs[name], other.inputs[name])
    np.testing.assert_array_equal(one.targets[F0], other.targets[F0])


def test_real_input_is_relative_to_the_speaker(data: PairBatches, examples: PairExamples) -> None:
    said = [
        data.real_input(record)[: len(data.phrases[record]), :N_CHANGED]
        for record in examples.indices
        if examples.speaker[record] == 0
    ]
    # Pauses count here and not there.
    assert np.abs(np.concatenate(said).mean(axis=0)[PITCH]) < 0.2


def test_the_speaker_classifier_reads_the_voice_as_it_is(
    data: PairBatches, examples: PairExamples
) -> None:
    record = int(examples.indices[0])
    count = len(data.phrases[record])
    plain = data.real_input(record, speaker_relative=False)
    np.testing.assert_array_equal(plain[:count], data.scaled(data.phrases[record]))
    mean = data.speaker_means[examples.speaker[record]]
    np.testing.assert_allclose(
        plain[:count, :N_CHANGED] - data.real_input(record)[:count, :N_CHANGED],
        np.broadcast_to(mean, (count, N_CHANGED)),
        atol=1e-4,
    )
