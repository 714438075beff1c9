"""What the networks have in common that were made for photographs and look at spectrograms."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from ser.errors import SerError
from ser.models.base import Architecture, Problem, inputs, option
from ser.models.imagenet import Source, fetch

IMAGENET = "imagenet"
NONE = "none"

_BASE = "base"

# Fewer frames than this are no picture: pooled tables have one.
_FEWEST_FRAMES = 16

# Features of unit variance become grey values around the middle, three deviations to either end.
_GREY = 127.5
_CONTRAST = _GREY / 3

# As in ser.models.cnn: running statistics have to follow within a few dozen steps.
_MOMENTUM = 0.9

_HDF5 = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True)
class Transfer(Architecture):
    """A published network without its top, and a small head of our own.

    The features become a grey picture of `size` by `size` pixels, time to the right, in the range
    that the published network was trained on. Its answers are averaged over the picture and
    normalised over the batch; two dense layers follow.

    With pretrained weights the head is trained alone first, so that its first, random gradients
    destroy nothing, and then together with the last blocks of the base at a lower rate (Yosinski
    et al., NeurIPS 2014). Batch normalisation of the base stays in inference mode throughout, as
    Keras's guide to fine-tuning has it: a small corpus would spoil its statistics. Without
    pretrained weights nothing is frozen at any time, because a random base has nothing worth
    keeping: it begins as He et al. (ICCV 2015) have it and sees the features as they are.

    Attributes:
        source: The published weights.
        ends: The last layer of each block of the base, by name.
        least_size: The smallest picture that the base takes.
    """

    trainer = "phased"
    defaults = MappingProxyType({"epochs": 30, "lr": 1e-3})
    source: ClassVar[Source]
    ends: ClassVar[tuple[str, ...]]
    least_size: ClassVar[int]

    weights: str = option(
        IMAGENET, "what the base begins with: imagenet, none, or a weights file (.h5) without top"
    )
    fine_tune: int = option(
        1, "last blocks of the base that are trained in the second phase", low=0, high=3
    )
    head_share: float = option(
        0.3, "share of the epochs that trains the head alone", low=0.1, high=0.6
    )
    base_rate: float = option(
        0.1, "rate of the second phase, as a ratio of --lr", low=0.01, high=0.3, log=True
    )
    size: int = option(96, "pixels of the picture's sides")
    units: int = option(128, "width of the dense layer", low=64, high=512, log=True)
    dropout: float = option(0.4, "share dropped around the dense layer", low=0.1, high=0.6)

    def __post_init__(self) -> None:
        """Checks ranges.

        Raises:
            SerError: A value is out of its range.
        """
        for name, sound, range_ in (
            ("fine_tune", 0 <= self.fine_tune <= len(self.ends), f"0 to {len(self.ends)}"),
            ("head_share", 0 <= self.head_share <= 1, "0 to 1"),
            ("base_rate", self.base_rate > 0, "more than 0"),
            ("size", self.size >= self.least_size, f"at least {self.least_size}"),
            ("units", self.units > 0, "at least 1"),
            ("dropout", 0 <= self.dropout < 1, "0 to less than 1"),
        ):
            if not sound:
                raise SerError(
                    f"{name}={getattr(self, name)}", f"does not fit {self.name}", f"use {range_}"
                )

    @property
    def pretrained(self) -> bool:
        """Whether the base begins with weights from elsewhere."""
        return self.weights != NONE

    def files(self, say: Callable[[str], None] = lambda text: None) -> list[Path]:
        """Gives the weights file, downloaded where necessary; see `Architecture.files`."""
        if not self.pretrained:
            return []
        return [fetch(self.source, say) if self.weights == IMAGENET else self._named()]

    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds the network, with pretrained weights if it has any; see `Architecture.build`.

        Raises:
            SerError: The table is pooled, or the weights are not to be had or of another network.
        """
        if problem.frames < _FEWEST_FRAMES:
            raise SerError(
                f"--arch {self.name}",
                f"cannot make a picture of {problem.frames} frame(s)",
                "extract without --pool, or train another architecture",
            )
        layers = keras.layers
        base = self._base(keras)
        entry, x = inputs(keras, problem)
        x = self._picture(keras, x)
        x = base(x)
        x = layers.GlobalAveragePooling2D()(x)
        # What a deep base says of two spectrograms differs by little and is of any size.
        x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
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
            epochs: Of the whole training.

        Returns:
            0 without pretrained weights. Each phase that is wanted has one epoch at least.
        """
        if not self.pretrained or not self.head_share:
            return 0
        if not self.fine_tune or self.head_share == 1:
            return epochs
        return max(1, min(epochs - 1, round(self.head_share * epochs)))

    def thaw(self, model: Any) -> None:
        """Lets a network's last blocks be trained, as many as `fine_tune` says.

        Args:
            model: What `build` made; it has to be compiled again.
        """
        if not self.pretrained:
            return
        base = model.get_layer(_BASE)
        frozen = len(self.ends) - self.fine_tune
        names = [layer.name for layer in base.layers]
        first = names.index(self.ends[frozen - 1]) + 1 if frozen else 0
        base.trainable = True
        for position, layer in enumerate(base.layers):
            layer.trainable = position >= first and not _normalises(layer)

    @abstractmethod
    def application(self, keras: Any, **arguments: Any) -> Any:
        """Calls the function of ``keras.applications`` that makes the base."""

    @abstractmethod
    def expected(self, keras: Any, x: Any) -> Any:
        """Brings pixels to the range that the base was trained on.

        Args:
            keras: The module.
            x: Pixels from 0 to 255, (batch, size, size, 3).

        Returns:
            What the base's ``preprocess_input`` would give, by Keras's own layers.
        """

    def _base(self, keras: Any) -> Any:
        base = self.application(
            keras,
            include_top=False,
            weights=None,
            input_shape=(self.size, self.size, 3),
            name=_BASE,
        )
        for path in self.files():
            _load(base, path, self.name)
        if self.pretrained:
            base.trainable = False
        else:
            for layer in base.layers:
                if _normalises(layer):
                    layer.momentum = _MOMENTUM
                elif hasattr(layer, "kernel"):
                    # Keras's own default lets a signal fade away in rectifiers.
                    draw = keras.initializers.HeNormal()
                    layer.kernel.assign(draw(layer.kernel.shape, layer.kernel.dtype))
        return base

    def _picture(self, keras: Any, x: Any) -> Any:
        """(batch, frames, coefficients) to (batch, size, size, 3)."""
        layers = keras.layers
        # Rows are coefficients and time runs to the right, as in printed spectrograms.
        x = layers.Permute((2, 1))(x)
        x = layers.Reshape((*x.shape[1:], 1))(x)
        x = layers.Resizing(self.size, self.size, name="picture")(x)
        if not self.pretrained:
            # Nothing expects the range of pixels, and unit variance is easier to begin with.
            return layers.Concatenate(name="pixels")([x, x, x])
        x = layers.Rescaling(_CONTRAST, offset=_GREY, name="grey")(x)
        x = layers.ReLU(max_value=255.0, name="clipped")(x)
        return self.expected(keras, layers.Concatenate(name="pixels")([x, x, x]))

    def _named(self) -> Path:
        path = Path(self.weights)
        try:
            with path.open("rb") as stream:
                sound = stream.read(len(_HDF5)) == _HDF5
        except OSError as error:
            raise SerError(
                path,
                f"cannot be read ({error.strerror or error})",
                f"--weights takes {IMAGENET}, {NONE} or the path of a weights file",
            ) from error
        if not sound or path.suffix != ".h5":
            raise SerError(
                path,
                "is no weights file of Keras",
                f"name a file such as {self.source.name}, or one ending in .weights.h5",
            )
        return path


def _normalises(layer: Any) -> bool:
    return type(layer).__name__ == "BatchNormalization"


def _load(base: Any, path: Path, name: str) -> None:
    try:
        base.load_weights(path)
    except (OSError, ValueError, KeyError) as error:
        raise SerError(
            path,
            f"does not hold the weights of {name} without its top",
            f"save them with keras.Model.save_weights, or use --weights {IMAGENET} or {NONE}",
        ) from error
