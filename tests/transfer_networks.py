"""A small pretrained network for tests: two blocks, and their weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser.models.imagenet import PublishedWeights
from ser.models.transfer import TransferArchitecture


@dataclass(frozen=True)
class Tiny(TransferArchitecture):
    """As the real ones, with a convolution and batch normalisation in each block."""

    name = "tiny"
    summary = "for tests"
    source = PublishedWeights("https://weights.invalid/tiny_notop.h5", "0" * 32)
    block_ends = ("block1_pool", "block2_pool")
    min_size = 8

    def application(self, keras: Any, **arguments: Any) -> Any:
        layers = keras.layers
        x = entry = keras.Input(arguments["input_shape"])
        for number in (1, 2):
            x = layers.Conv2D(8, 3, padding="same", name=f"block{number}_conv")(x)
            x = layers.BatchNormalization(name=f"block{number}_norm")(x)
            x = layers.ReLU(name=f"block{number}_relu")(x)
            x = layers.MaxPooling2D(2, name=f"block{number}_pool")(x)
        return keras.Model(entry, x, name=arguments["name"])

    def preprocess(self, keras: Any, x: Any) -> Any:
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="expected")(x)


def random_base(keras: Any, arch: TransferArchitecture, seed: int = 7) -> Any:
    """Makes the base of an architecture as keras.applications does, with weights by lot."""
    keras.utils.set_random_seed(seed)
    return arch.application(
        keras,
        include_top=False,
        weights=None,
        input_shape=(arch.size, arch.size, 3),
        name="somebody_elses",
    )


def tiny_weights(keras: Any, path: Path) -> Path:
    """Writes weights for `Tiny`."""
    random_base(keras, Tiny(weights="none", size=8)).save_weights(path)
    return path
