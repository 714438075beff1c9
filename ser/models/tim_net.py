"""TIM-Net, the temporal-aware bi-directional multi-scale network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from ser.models.base import Architecture, Problem, option
from ser.models.limits import DEPTH, DROPOUT, SIZE
from ser.models.sequence import MOMENTUM, averaging_weights, masked_mean, sequence_input


@dataclass(frozen=True)
class TIMNet(Architecture):
    """Gated dilated convolutions in both directions of time, fused over their scales.

    Implemented from the description in Ye et al., "Temporal Modeling Matters: A Novel Temporal
    Emotional Modeling Approach for Speech Emotion Recognition" (ICASSP 2023). A temporal-aware
    block has two dilated causal convolutions, each with batch normalization, rectifier and spatial
    dropout. The sigmoid of their output is an attention mask that is multiplied with the block's
    input. The dilation doubles from block to block. One stack of blocks runs forwards in time, a
    second one on the reversed frames. The sum of both is averaged over time after every block, and
    a weighted sum of these scales, with learned weights, goes to the output layer.

    Differences from the paper: padding is left out of the averages; `filters` sets the number of
    channels, which need not be that of the MFCC; there are no more blocks than the number of frames
    permits; dropout precedes the output layer.

    A pooled table has no time axis: there the blocks run along the coefficients.
    """

    name = "tim-net"
    summary = "gated dilated convolutions in both directions of time, their scales fused"
    defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({"lr": 3e-3})

    layers: int = option(8, "temporal-aware blocks in each direction", DEPTH, low=4, high=10)
    filters: int = option(48, "channels of every convolution", SIZE, low=24, high=96, log=True)
    kernel: int = option(2, "steps that a convolution spans", choices=(2, 3))
    dropout: float = option(0.1, "share of channels dropped in a block", DROPOUT, low=0.0, high=0.4)

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`."""
        layers = keras.layers
        entry, x, mask = sequence_input(keras, problem)
        steps = x.shape[1]
        forwards = self._block_outputs(keras, x, steps)
        backwards = self._block_outputs(keras, keras.ops.flip(x, axis=1), steps)
        weights = averaging_weights(keras, mask)
        reversed_weights = None if weights is None else keras.ops.flip(weights, axis=1)
        means = [
            masked_mean(keras, layers.Concatenate()(forwards), weights),
            masked_mean(keras, layers.Concatenate()(backwards), reversed_weights),
        ]
        x = layers.Reshape((len(forwards), self.filters))(layers.Add()(means))
        x = layers.Permute((2, 1))(x)
        x = layers.Dense(1, use_bias=False, kernel_initializer="ones", name="fusion")(x)
        x = layers.Dropout(self.dropout)(layers.Reshape((self.filters,))(x))
        # Softmax stays in float32 even where the rest runs in half precision.
        x = layers.Dense(problem.classes, dtype="float32")(x)
        return keras.Model(
            entry, layers.Softmax(dtype="float32", name="emotion")(x), name=self.name
        )

    def _block_outputs(self, keras: Any, x: Any, steps: int) -> list[Any]:
        """Maps (batch, steps, channels) to a list of (batch, steps, filters), one per block."""
        layers = keras.layers
        x = layers.Conv1D(self.filters, 1)(x)
        scales = []
        for block in range(self.layers):
            dilation = 2**block
            # This block would see nothing but the padding in front of the first frame.
            if block and dilation >= steps:
                break
            gate = self._dilated_convolution(keras, x, dilation)
            gate = self._dilated_convolution(keras, gate, dilation)
            x = layers.Multiply()([x, layers.Activation("sigmoid")(gate)])
            scales.append(x)
        return scales

    def _dilated_convolution(self, keras: Any, x: Any, dilation: int) -> Any:
        layers = keras.layers
        x = layers.Conv1D(
            self.filters, self.kernel, padding="causal", dilation_rate=dilation, use_bias=False
        )(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
        return layers.SpatialDropout1D(self.dropout)(x)
