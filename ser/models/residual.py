"""Two convolutions with a way around them."""

from __future__ import annotations

from typing import Any

from ser.models.cnn import MOMENTUM, convolve

# What the channels are squeezed to before they are weighed, as a part of them.
_SQUEEZED = 8


def residual_block(keras: Any, x: Any, filters: int, size: int) -> Any:
    """Adds to a picture what two convolutions find in it, channel by channel as it matters.

    Residual learning: He et al., CVPR 2016. The weighing of channels by the picture as a whole:
    squeeze-and-excitation, Hu et al., CVPR 2018.

    Args:
        keras: The module.
        x: Shape (batch, h, w, c).
        filters: Channels of the result; where they differ from `c`, the way around is a
            convolution of size 1.
        size: Of both convolutions.

    Returns:
        Shape (batch, h, w, filters).
    """
    layers = keras.layers
    found = convolve(keras, x, filters, size)
    found = layers.Conv2D(filters, size, padding="same", use_bias=False)(found)
    found = layers.BatchNormalization(momentum=MOMENTUM)(found)
    weight = layers.GlobalAveragePooling2D(keepdims=True)(found)
    weight = layers.Dense(max(4, filters // _SQUEEZED), activation="relu")(weight)
    found = layers.Multiply()([found, layers.Dense(filters, activation="sigmoid")(weight)])
    if x.shape[-1] != filters:
        x = layers.Conv2D(filters, 1, use_bias=False)(x)
    return layers.ReLU()(layers.Add()([x, found]))
