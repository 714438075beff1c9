from __future__ import annotations

import numpy as np
import pytest
from tables import make_table

from ser.dataset.near_duplicates import near_duplicates
from ser.dataset.table import Table
from ser.features.extract import Extractor
from ser.features.layout import width
from ser.features.spec import FeatureSpec

RATE = 16_000
SPEC = FeatureSpec(n_mels=40)


def utterance(seed: int) -> np.ndarray:
    """Noise whose spectrum and loudness change ten times in two seconds."""
    random = np.random.default_rng(seed)
    parts = []
    for _ in range(10):
        noise = random.normal(size=RATE // 5)
        colour = np.exp(random.normal(size=8)).repeat(RATE // 5 // 2 // 8)
        spectrum = np.fft.rfft(noise) * np.append(colour, colour[-1])
        parts.append(np.fft.irfft(spectrum) * 10 ** random.uniform(-1.5, 0))
    return (np.concatenate(parts) * 0.02).astype(np.float32)


def table_of(samples: list[np.ndarray], spec: FeatureSpec = SPEC) -> Table:
    extractor = Extractor(spec)
    matrices = [extractor(each) for each in samples]
    frames = max(map(len, matrices))
    table = make_table(len(samples), spec=spec, frames=frames, coefficients=width(spec))
    table["x"] = 0
    for i, matrix in enumerate(matrices):
        table["x"][i, : len(matrix)] = matrix
        table["frames"][i] = len(matrix)
    return table


def found(table: Table, groups: list[int] | None = None) -> list[tuple[int, int]]:
    every = np.arange(len(table))
    pairs = near_duplicates(table, every, every if groups is None else np.array(groups))
    assert all(0.98 <= pair.similarity <= 1 for pair in pairs)
    return [(pair.first, pair.second) for pair in pairs]


OTHERS = [utterance(seed) for seed in range(1, 12)]


@pytest.mark.parametrize("spec", [SPEC, FeatureSpec(families=("mfcc",), n_mfcc=20)])
def test_sound_is_found_at_another_level_cut_elsewhere_and_with_noise(spec: FeatureSpec) -> None:
    one = utterance(0)
    silence = np.zeros(3200, np.float32)
    noise = np.random.default_rng(9).normal(size=len(one)).astype(np.float32) * 1e-5
    for other in (one * 0.1, np.concatenate([silence, one, silence]), one + noise):
        assert found(table_of([one, *OTHERS, other], spec)) == [(0, len(OTHERS) + 1)]
    assert found(table_of([one, *OTHERS], spec)) == []


def test_what_is_known_to_sound_the_same_is_no_finding() -> None:
    one = utterance(0)
    table = table_of([one, *OTHERS, one * 0.5])
    assert found(table, [0, *range(1, 12), 0]) == []
    assert near_duplicates(table, np.arange(12), np.arange(13)) == []
    assert near_duplicates(table[:1], np.arange(1), np.arange(1)) == []


@pytest.mark.parametrize("pool", ["mean", "stats"])
def test_pooled_features_are_compared_whatever_the_level(pool: str) -> None:
    spec = SPEC.with_changes(pool=pool)
    one = utterance(0)
    assert found(table_of([one, *OTHERS, one * 0.3], spec)) == [(0, len(OTHERS) + 1)]


def test_progress_comes_to_twice_the_records() -> None:
    for spec in (SPEC, SPEC.with_changes(pool="mean")):
        steps: list[int] = []
        table = table_of(OTHERS, spec)
        near_duplicates(table, np.arange(len(table)), np.arange(len(table)), steps.append)
        assert sum(steps) == 2 * len(table)
