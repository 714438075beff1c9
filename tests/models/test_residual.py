from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ser.models.backend import load_keras
from ser.models.residual import residual_block


@pytest.fixture(scope="module")
def keras() -> Any:
    return load_keras("cpu")


def block(keras: Any, channels: int, filters: int) -> Any:
    keras.utils.set_random_seed(0)
    entry = keras.Input((12, 8, channels))
    return keras.Model(entry, residual_block(keras, entry, filters, 3))


@pytest.mark.parametrize(("channels", "filters"), [(4, 4), (4, 16)])
def test_shape_and_floor(keras: Any, channels: int, filters: int) -> None:
    x = np.random.default_rng(0).standard_normal((2, 12, 8, channels)).astype(np.float32)
    found = np.asarray(block(keras, channels, filters).predict_on_batch(x))
    assert found.shape == (2, 12, 8, filters)
    assert found.min() == 0
    assert found.max() > 0


def test_what_is_found_is_added_to_what_was_there(keras: Any) -> None:
    model = block(keras, 4, 4)
    for layer in model.layers:
        if type(layer).__name__ == "Dense":
            # A sigmoid of -100 lets no channel through: only the way around is left.
            layer.set_weights([layer.get_weights()[0] * 0, layer.get_weights()[1] * 0 - 100])
    x = np.random.default_rng(1).standard_normal((2, 12, 8, 4)).astype(np.float32)
    assert np.asarray(model.predict_on_batch(x)) == pytest.approx(np.maximum(x, 0), abs=1e-6)


def test_the_way_around_is_a_convolution_only_where_channels_differ(keras: Any) -> None:
    sizes = [
        [layer.kernel_size for layer in block(keras, 4, n).layers if hasattr(layer, "kernel_size")]
        for n in (4, 16)
    ]
    assert sizes == [[(3, 3), (3, 3)], [(3, 3), (3, 3), (1, 1)]]
