"""Transfer learning: published image networks on spectrograms as images."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from ser.errors import SerError
from ser.models.base import Architecture, Option, Problem, option, standardized_input
from ser.models.imagenet import PublishedWeights, fetch_weights
from ser.models.limits import DROPOUT, POSITIVE, SHARE, SIZE, Limits
from ser.models.sequence import MIN_FRAMES, MOMENTUM

IMAGENET = "imagenet"
NONE = "none"

_BASE_LAYER = "base"

# In pixels. Memory ends long before it.
_LARGEST_IMAGE = 4096

# Features of unit variance become gray levels: three deviations on either side of the middle.
_GRAY = 127.5
_CONTRAST = _GRAY / 3

_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class TransferArchitecture(Architecture):
    """A published network without its top layers (the base), and a small head of our own.

    The features become a gray image of `size` by `size` pixels, time to the right, in the range
    that the base was trained on. The outputs of the base are averaged over the image and normalized
    over the batch; two dense layers follow.

    With pretrained weights, the head is trained alone first, so that its random first gradients do
    not destroy the base, and then together with the last blocks of the base at a lower rate
    (Yosinski et al., NeurIPS 2014). Batch normalization of the base stays in inference mode
    throughout, as Keras's guide to fine-tuning recommends: a small corpus would spoil its
    statistics. Without pretrained weights nothing is frozen. The base is then initialized after He
    et al. (ICCV 2015) and gets the features unscaled.

    Attributes:
        source: The published weights.
        block_ends: The name of the last layer of each block of the base.
        min_size: The smallest image that the base accepts.
    """

    trainer = "phased"
    defaults = MappingProxyType({"epochs": 30, "lr": 1e-3})
    source: ClassVar[PublishedWeights]
    block_ends: ClassVar[tuple[str, ...]]
    min_size: ClassVar[int]

    weights: str = option(
        IMAGENET,
        "initial weights of the base: imagenet (published, downloaded once), none (random), or the "
        "path of a weights file (.h5) without top",
    )
    fine_tune: int = option(
        1,
        "last blocks of the base that are trained in the second phase; 0 for the head alone",
        low=0,
        high=3,
    )
    head_share: float = option(
        0.3, "share of the epochs that trains the head alone", SHARE, low=0.1, high=0.6
    )
    base_rate: float = option(
        0.1, "rate of the second phase, as a ratio of --lr", POSITIVE, low=0.01, high=0.3, log=True
    )
    size: int = option(96, "width and height of the image in pixels")
    units: int = option(128, "width of the dense layer", SIZE, low=64, high=512, log=True)
    dropout: float = option(0.4, "share dropped around the dense layer", DROPOUT, low=0.1, high=0.6)

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Lists the hyperparameters by name; the base limits two of them."""
        known = super().options()
        blocks = Limits(0, len(cls.block_ends))
        known["fine_tune"] = replace(known["fine_tune"], limits=blocks)
        known["size"] = replace(known["size"], limits=Limits(cls.min_size, _LARGEST_IMAGE))
        return known

    @property
    def pretrained(self) -> bool:
        """Whether the base begins with weights that were trained elsewhere."""
        return self.weights != NONE

    def required_files(self, notify: Callable[[str], None] = lambda text: None) -> list[Path]:
        """Finds or downloads the weights file; see `Architecture.required_files`."""
        if not self.pretrained:
            return []
        if self.weights == IMAGENET:
            return [fetch_weights(self.source, notify)]
        return [self._given_weights()]

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network, with pretrained weights if it has any; see `Architecture.build`.

        Raises:
            SerError: The table is pooled, or the weights are missing or of another network.
        """
        if problem.frames < MIN_FRAMES:
            raise SerError(
                f"`arch={self.name}`",
                f"cannot make a picture of {problem.frames} frame(s)",
                "extract without --pool, or train another architecture",
            )
        layers = keras.layers
        base = self._build_base(keras)
        entry, x = standardized_input(keras, problem)
        x = self._to_image(keras, x)
        x = base(x)
        x = layers.GlobalAveragePooling2D()(x)
        # The outputs of a deep base are of any magnitude, and differ little between spectrograms.
        x = layers.BatchNormalization(momentum=MOMENTUM)(x)
        x = layers.Dropout(self.dropout)(x)
        x = layers.Dense(self.units, activation="relu")(x)
        x = layers.Dropout(self.dropout)(x)
        # Softmax stays in float32 even where the rest runs in half precision.
        x = layers.Dense(problem.classes, dtype="float32")(x)
        x = layers.Softmax(dtype="float32", name="emotion")(x)
        return keras.Model(entry, x, name=self.name)

    def head_epochs(self, epochs: int) -> int:
        """Counts the epochs that train the head alone.

        Args:
            epochs: Epochs of the whole training.

        Returns:
            0 without pretrained weights. Otherwise each requested phase has at least one epoch.
        """
        if not self.pretrained or not self.head_share:
            return 0
        if not self.fine_tune or self.head_share == 1:
            return epochs
        return max(1, min(epochs - 1, round(self.head_share * epochs)))

    def unfreeze_blocks(self, model: Any) -> None:
        """Makes the last `fine_tune` blocks of the base trainable.

        Args:
            model: A network from `build`; it has to be compiled again afterwards.
        """
        if not self.pretrained:
            return
        base = model.get_layer(_BASE_LAYER)
        frozen = len(self.block_ends) - self.fine_tune
        names = [layer.name for layer in base.layers]
        first = names.index(self.block_ends[frozen - 1]) + 1 if frozen else 0
        base.trainable = True
        for position, layer in enumerate(base.layers):
            layer.trainable = position >= first and not _is_batch_normalization(layer)

    @abstractmethod
    def application(self, keras: Any, **arguments: Any) -> Any:
        """Calls the function of ``keras.applications`` that makes the base."""

    @abstractmethod
    def preprocess(self, keras: Any, x: Any) -> Any:
        """Scales pixels to the range that the base was trained on.

        Args:
            keras: The module.
            x: Pixels from 0 to 255, (batch, size, size, 3).

        Returns:
            The output of the base's ``preprocess_input``, computed by Keras layers.
        """

    def _build_base(self, keras: Any) -> Any:
        base = self.application(
            keras,
            include_top=False,
            weights=None,
            input_shape=(self.size, self.size, 3),
            name=_BASE_LAYER,
        )
        for path in self.required_files():
            _load_weights(base, path, self.name)
        if self.pretrained:
            base.trainable = False
        else:
            for layer in base.layers:
                if _is_batch_normalization(layer):
                    layer.momentum = MOMENTUM
                elif hasattr(layer, "kernel"):
                    # With Keras's default initialization, signals fade behind rectifiers.
                    draw = keras.initializers.HeNormal()
                    layer.kernel.assign(draw(layer.kernel.shape, layer.kernel.dtype))
        return base

    def _to_image(self, keras: Any, x: Any) -> Any:
        """Maps (batch, frames, coefficients) to pixels (batch, size, size, 3)."""
        layers = keras.layers
        # Rows are coefficients, and time runs to the right, as in printed spectrograms.
        x = layers.Permute((2, 1))(x)
        x = layers.Reshape((*x.shape[1:], 1))(x)
        x = layers.Resizing(self.size, self.size, name="picture")(x)
        if not self.pretrained:
            # A random base expects no range of pixels, and unit variance is easier to train on.
            return layers.Concatenate(name="pixels")([x, x, x])
        x = layers.Rescaling(_CONTRAST, offset=_GRAY, name="grey")(x)
        x = layers.ReLU(max_value=255.0, name="clipped")(x)
        return self.preprocess(keras, layers.Concatenate(name="pixels")([x, x, x]))

    def _given_weights(self) -> Path:
        path = Path(self.weights)
        try:
            with path.open("rb") as stream:
                is_hdf5 = stream.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE
        except OSError as error:
            raise SerError(
                path,
                f"cannot be read ({error.strerror or error})",
                f"weights takes {IMAGENET}, {NONE} or the path of a weights file",
            ) from error
        if not is_hdf5 or path.suffix != ".h5":
            raise SerError(
                path,
                "is no weights file of Keras",
                f"name a file such as {self.source.name}, or one ending in .weights.h5",
            )
        return path


def _is_batch_normalization(layer: Any) -> bool:
    return type(layer).__name__ == "BatchNormalization"


def _load_weights(base: Any, path: Path, name: str) -> None:
    try:
        base.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise SerError(
            path,
            f"does not hold the weights of {name} without its top",
            f"save them with keras.Model.save_weights, or use weights={IMAGENET} or {NONE}",
        ) from error
