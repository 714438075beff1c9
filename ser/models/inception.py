"""InceptionV3 on spectrogram images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.imagenet import PublishedWeights
from ser.models.transfer import TransferArchitecture


@dataclass(frozen=True)
class Inception(TransferArchitecture):
    """InceptionV3: eleven blocks of parallel convolutions (Szegedy et al., CVPR 2016)."""

    name = "inception"
    summary = "transfer learning with InceptionV3 on spectrogram pictures"
    source = PublishedWeights(
        "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/"
        "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "bcbd6486424b2319ff4ef7d526e38f63",
    )
    # The convolutions in front of the first block count as part of it.
    block_ends = tuple(f"mixed{number}" for number in range(11))
    min_size = 75

    def application(self, keras: Any, **arguments: Any) -> Any:
        """Makes the base; see `TransferArchitecture.application`."""
        return keras.applications.InceptionV3(**arguments)

    def preprocess(self, keras: Any, x: Any) -> Any:
        """Scales pixels to the range -1 to 1."""
        return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="expected")(x)
