"""Networks in LiteRT: sent to other processes, and a damaged one is named."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from ser.errors import ArtifactError
from ser.models.artifact import read_litert
from ser.models.litert import LiteRTRunner


def test_it_travels(pooled_model: Path) -> None:
    network = read_litert(pooled_model)
    assert network is not None
    run = LiteRTRunner(pooled_model, network)
    noise = np.random.default_rng(0).normal(0, 30, (3, 1, 96)).astype(np.float32)
    found = run({"features": noise})
    assert found.shape == (3, 3)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(run))({"features": noise}), found)
    np.testing.assert_allclose(run({"features": noise[:1]}), found[:1], atol=1e-5)


def test_a_damaged_network_is_named() -> None:
    with pytest.raises(ArtifactError, match=r"^here: has a damaged part \(.*; mend it$"):
        LiteRTRunner("here", b"no network", "part", "mend it")
