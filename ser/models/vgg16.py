"""VGG16 on spectrogram images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.imagenet import PublishedWeights
from ser.models.transfer import TransferArchitecture

_PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications/"

# Means of blue, green and red over ImageNet, which the published weights expect subtracted.
_MEANS = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class VGG16(TransferArchitecture):
    """Thirteen convolutions in five blocks (Simonyan and Zisserman, ICLR 2015)."""

    name = "vgg16"
    summary = "transfer learning with VGG16 on spectrogram pictures"
    source = PublishedWeights(
        f"{_PUBLISHED}vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
    )
    block_ends = tuple(f"block{number}_pool" for number in range(1, 6))
    min_size = 32

    def application(self, keras: Any, **arguments: Any) -> Any:
        """Makes the base; see `TransferArchitecture.application`."""
        return keras.applications.VGG16(**arguments)

    def preprocess(self, keras: Any, x: Any) -> Any:
        """Subtracts the means of ImageNet; gray needs no particular order of channels."""
        return keras.layers.Rescaling(1.0, offset=[-mean for mean in _MEANS], name="expected")(x)
