"""VGG19 on spectrogram images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ser.models.imagenet import PublishedWeights
from ser.models.vgg16 import VGG16


@dataclass(frozen=True)
class VGG19(VGG16):
    """Sixteen convolutions in five blocks (Simonyan and Zisserman, ICLR 2015)."""

    name = "vgg19"
    summary = "transfer learning with VGG19 on spectrogram pictures"
    source = PublishedWeights(
        VGG16.source.url.replace("vgg16", "vgg19"), "253f8cb515780f3b799900260a226db6"
    )

    def application(self, keras: Any, **arguments: Any) -> Any:
        """Makes the base; see `TransferArchitecture.application`."""
        return keras.applications.VGG19(**arguments)
