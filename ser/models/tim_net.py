"""The temporal-aware bi-directional multi-scale network, TIM-Net, after its paper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from ser.models.base import Architecture, Problem, option
from ser.models.sequence import MOMENTUM, along_time, mean_over_time, shares


@dataclass(frozen=True)
class TIMNet(Architecture):
    """Gated, dilated convolutions forwards and backwards in time, fused over their scales.

    Written from the description of Ye et al., "Temporal Modeling Matters: A Novel Temporal
    Emotional Modeling Approach for Speech Emotion Recognition" (ICASSP 2023). A temporal-aware
    block has two dilated causal convolutions, each with batch normalisation, rectifier and spatial
    dropout; a sigmoid of the result is the attention by which the block's input is multiplied. The
    dilation doubles from block to block. One stack of blocks hears the past of each frame, another
    one, on the reversed frames, its future. The sum of both is averaged over time behind every
    block, and a weighted sum of these scales, with weights that are learned, goes to the classes.

    Not as in the paper: padding is left out of the averages, the frames' channels are given by
    `filters` and need not be those of the MFCC, there are no more blocks than the frames have room
    for, and dropout precedes the classes.

    A pooled table has no time axis: there the blocks go along the coefficients.
    """

    name = "tim-net"
    summary = "gated dilated convolutions in both directions of time, their scales fused"
    defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({"lr": 3e-3})

    layers: int = option(8, "temporal-aware blocks in each direction", low=4, high=10)
    filters: int = option(48, "channels of every convolution", low=24, high=96, log=True)
    kernel: int = option(2, "steps that a convolution spans", choices=(2, 3))
    dropout: float = option(0.1, "share of channels dropped in a block", low=0.0, high=0.4)

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network; see `Architecture.build`."""
        layers = keras.layers
        entry, x, real = along_time(keras, problem)
        steps = x.shape[1]
        forwards = self._scales(keras, x, steps)
        backwards = self._scales(keras, keras.ops.flip(x, axis=1), steps)
        share = shares(keras, real)
        reversed_share = None if share is None else keras.ops.flip(share, axis=1)
        means = [
            mean_over_time(keras, layers.Concatenate()(forwards), share),
            mean_over_time(keras, layers.Concatenate()(backwards), reversed_share),
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

    def _scales(self, keras: Any, x: Any, steps: int) -> list[Any]:
        """(batch, steps, channels) to what each block gives, (batch, steps, filters) all."""
        layers = keras.layers
        x = layers.Conv1D(self.filters, 1)(x)
        scales = []
        for block in range(self.layers):
            dilation = 2**block
            # Such a block would see nothing but padding before the first frame.
            if block and dilation >= steps:
                break
            gate = self._half(keras, self._half(keras, x, dilation), dilation)
            x = layers.Multiply()([x, layers.Activation("sigmoid")(gate)])
            scales.append(x)
        return scales

    def _half(self, keras: Any, x: Any, dilation: int) -> Any:
        layers = keras.layers
        x = layers.Conv1D(
            self.filters, self.kernel, padding="causal", dilation_rate=dilation, use_bias=False
        )(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=MOMENTUM)(x))
        return layers.SpatialDropout1D(self.dropout)(x)
