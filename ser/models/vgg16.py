"""VGG16 on spectrogram pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.imagenet import Source
from ser.models.transfer import Transfer

_PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications/"

# What the weights expect to be taken from blue, green and red: the means over ImageNet.
_MEANS = (103.939, 116.779, 123.68)


@dataclass(frozen=True)
class VGG16(Transfer):
    """Thirteen convolutions in five blocks (Simonyan and Zisserman, ICLR 2015)."""

    name = "vgg16"
    summary = "transfer learning with VGG16 on spectrogram pictures"
    source = Source(
        f"{_PUBLISHED}vgg16/vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "6d6bbae143d832006294945121d1f1fc",
    )
    ends = tuple(f"block{number}_pool" for number in range(1, 6))
    least_size = 32

    def application(self, keras: Any, **arguments: Any) -> Any:
        """Makes the base; see `Transfer.application`."""
        return keras.applications.VGG16(**arguments)

    def expected(self, keras: Any, x: Any) -> Any:
        """Takes the means of ImageNet off; grey is the same in any order of channels."""
        return keras.layers.Rescaling(1.0, offset=[-mean for mean in _MEANS], name="expected")(x)
