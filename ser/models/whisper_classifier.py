"""Fine-tuning of Whisper's encoder: its first blocks, pooled over time, and a small head."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ser.errors import HyperparameterError, SerError
from ser.features.encoder_spec import MOST_BLOCKS
from ser.models.base import Architecture, Problem, option
from ser.models.limits import DROPOUT, POSITIVE, SHARE, SIZE, Limits
from ser.models.sequence import MOMENTUM
from ser.models.whisper import (
    WhisperSize,
    apply_encoder,
    block_statistics,
    layer_shapes,
    set_encoder_weights,
)
from ser.models.whisper_weights import find_weights, load_weights

_FRONT = ("conv1", "conv2", "positions")


@dataclass(frozen=True)
class WhisperClassifier(Architecture):
    """The first blocks of a pretrained Whisper encoder, mean and deviation of each, dense layers.

    It reads the encoder's own log-mel spectrogram, the family ``whisper``. The head is trained
    first, with the encoder as it is; then the last blocks too, the lower the slower. Convolutions
    and positions stay as they are.

    Sources: Radford et al., "Robust speech recognition via large-scale weak supervision", ICML
    2023; Howard and Ruder, "Universal language model fine-tuning for text classification", ACL
    2018.
    """

    name = "whisper"
    summary = "the first blocks of Whisper's encoder, fine-tuned; needs --preset whisper"
    trainer = "layerwise"
    defaults = MappingProxyType({"epochs": 20, "lr": 1e-3})

    weights: str = option(
        "openai/whisper-tiny.en",
        "the encoder: a name on the Hugging Face Hub, or a folder, as of ser-extract --encoder",
    )
    blocks: int = option(3, "blocks of the encoder, from its first", Limits(1, MOST_BLOCKS))
    unfreeze: int = option(
        2,
        "last of these blocks that are trained in the second phase; 0 for the head alone",
        Limits(0, MOST_BLOCKS),
    )
    head_share: float = option(
        0.3, "share of the epochs that trains the head alone", SHARE, low=0.1, high=0.6
    )
    base_rate: float = option(
        0.2, "rate of the second phase, as a ratio of --lr", POSITIVE, low=0.02, high=0.5, log=True
    )
    decay: float = option(
        0.7,
        "rate of a block, as a ratio of that of the block behind it, and of the last one to the "
        "head",
        Limits(0.0, 1.0, above=True),
        low=0.4,
        high=1.0,
    )
    units: int = option(128, "width of the dense layer", SIZE, low=32, high=512, log=True)
    dropout: float = option(0.4, "share dropped around the dense layer", DROPOUT, low=0.1, high=0.6)

    def __post_init__(self) -> None:
        """Checks what depends on each other.

        Raises:
            HyperparameterError: More blocks are to be trained than there are.
        """
        if self.unfreeze > self.blocks:
            raise HyperparameterError(
                "unfreeze", f"is more than blocks={self.blocks}", "give fewer", self.unfreeze
            )

    def required_files(self, notify: Callable[[str], None] = lambda text: None) -> list[Path]:
        """Finds or downloads the encoder; see `Architecture.required_files`."""
        return [find_weights(self.weights, notify=notify)]

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network with the encoder's weights; see `Architecture.build`.

        Raises:
            HyperparameterError: The encoder has fewer blocks.
            SerError: The table has other features, or the weights are missing.
        """
        weights = load_weights(self.weights)
        self._check(problem, weights.size)
        layers, ops = keras.layers, keras.ops
        entry = keras.Input((problem.frames, problem.coefficients), name="features")
        # The second convolution reads every other frame.
        x = entry[:, : problem.frames - problem.frames % 2]
        mask = ops.cast(ops.any(ops.not_equal(x, 0.0), axis=-1), "float32")
        found, coarse = apply_encoder(
            keras, weights.size, range(1, self.blocks + 1), x, mask, exact={}
        )
        pooled = [part for each in found for part in block_statistics(ops, each, coarse)]
        x = layers.Concatenate(name="pooled", dtype="float32")(pooled)
        # What the blocks say is of very different magnitude, and differs little between clips.
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.Dropout(self.dropout)(x)
        x = layers.Dense(self.units, activation="relu")(x)
        x = layers.Dropout(self.dropout)(x)
        # Softmax stays in float32 even where the rest runs in half precision.
        x = layers.Dense(problem.classes, dtype="float32")(x)
        x = layers.Softmax(dtype="float32", name="emotion")(x)
        model = keras.Model(entry, x, name=self.name)
        set_encoder_weights(model, weights.layers)
        for name in (*_FRONT, *self._block_layers(1)):
            model.get_layer(name).trainable = False
        return model

    def head_epochs(self, epochs: int) -> int:
        """Counts the epochs that train the head alone.

        Args:
            epochs: Epochs of the whole training.

        Returns:
            At least one, and at least one less than all where blocks are to be trained.
        """
        if not self.unfreeze or self.head_share == 1:
            return epochs
        if not self.head_share:
            return 0
        return max(1, min(epochs - 1, round(self.head_share * epochs)))

    def unfreeze_blocks(self, model: Any) -> None:
        """Makes the last `unfreeze` blocks trainable.

        Args:
            model: A network from `build`; it has to be compiled again afterwards.
        """
        for name in self._block_layers(self.blocks - self.unfreeze + 1):
            model.get_layer(name).trainable = True

    def rate_factors(self) -> Mapping[str, float]:
        """Gives the learning rates of the encoder's layers, as ratios of the head's."""
        return {
            name: self.decay ** (self.blocks + 1 - block)
            for block in range(1, self.blocks + 1)
            for name in _layers_of(block)
        }

    def _block_layers(self, first: int) -> list[str]:
        return [name for block in range(first, self.blocks + 1) for name in _layers_of(block)]

    def _check(self, problem: Problem, size: WhisperSize) -> None:
        if self.blocks > size.blocks:
            cause = f"is more than the {size.blocks} of {self.weights}"
            raise HyperparameterError("blocks", cause, "give fewer", self.blocks)
        # Features that are normalized have no statistics.
        if problem.coefficients != size.mels or problem.frames < 2 or problem.mean is None:
            raise SerError(
                f"`arch={self.name}`",
                "does not fit a table with these features",
                f"extract with --preset whisper --n-mels {size.mels}",
            )
        if problem.frames // 2 > size.positions:
            raise SerError(
                f"`arch={self.name}`",
                f"has positions for {size.positions / 50:g} s, and the clips are longer",
                "extract with --duration 3, say",
            )


def _layers_of(block: int) -> list[str]:
    """Names the layers of a block; those of all sizes have the same."""
    names = layer_shapes(WhisperSize(1, 1, 1, block, 1, 1))
    return [name for name in names if name.startswith(f"block{block}_")]
