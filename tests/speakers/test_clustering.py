"""Voices among embeddings."""

from __future__ import annotations

import numpy as np
import pytest

from ser.arrays import Matrix
from ser.speakers.clustering import cluster
from ser.speakers.encoder import SIZE


def voices(counts: list[int], spread: float = 0.08, seed: int = 0) -> Matrix:
    """Draws embeddings around random directions."""
    rng = np.random.default_rng(seed)
    rows = []
    for count in counts:
        center = rng.normal(size=SIZE)
        center /= np.linalg.norm(center)
        rows.append(center + rng.normal(0, spread, (count, SIZE)))
    found = np.concatenate(rows)
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("counts", [[40], [40, 60], [30, 50, 40], [40, 40, 40, 40], [5], [12, 9]])
def test_the_number_is_found(counts: list[int]) -> None:
    found = cluster(voices(counts))
    assert len(found) == len(counts)
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.ones(len(counts)), abs=1e-5)


def test_the_number_is_told() -> None:
    embeddings = voices([40, 60, 30])
    assert len(cluster(embeddings, 2, 2)) == 2
    assert len(cluster(embeddings, 1, 2)) == 2
    assert len(cluster(embeddings, 4, 6)) == 4
    assert len(cluster(embeddings, 1, 1)) == 1


def test_each_embedding_is_nearest_to_its_voice() -> None:
    embeddings = voices([40, 60, 30])
    labels = (embeddings @ cluster(embeddings).T).argmax(axis=1)
    for part in (labels[:40], labels[40:100], labels[100:]):
        assert len(set(part.tolist())) == 1
    assert len(set(labels.tolist())) == 3


def test_few_and_many() -> None:
    assert len(cluster(voices([1]), 2, 4)) == 1
    assert len(cluster(voices([1, 1]), 2, 4)) == 2
    # More than are clustered at once.
    assert len(cluster(voices([2000, 3000]))) == 2
