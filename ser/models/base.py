"""The contract that every architecture keeps."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, get_args, get_type_hints

import numpy as np
import numpy.typing as npt

from ser.errors import SerError

Value = bool | int | float | str
"""What an option of an architecture can be."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What a network has to take in and to tell apart.

    Attributes:
        frames: Frames per example; 1 for pooled tables.
        coefficients: Coefficients per frame.
        classes: Number of emotions.
        mean: Mean of each coefficient over the training clips, shape (coefficients,), or None
            where clips are normalised already.
        variance: Variance likewise.
        functionals: Functionals per clip, for architectures that read them; 0 for none.
        functional_mean: Mean of each over the training clips, shape (functionals,).
        functional_variance: Variance likewise.
    """

    frames: int
    coefficients: int
    classes: int
    mean: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    variance: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    functionals: int = 0
    functional_mean: npt.NDArray[np.float32] | None = field(default=None, compare=False)
    functional_variance: npt.NDArray[np.float32] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Option:
    """What a hyperparameter of an architecture means, and where it is worth looking for it.

    Attributes:
        help: One line for people.
        low: The least value that a search tries; None where it is not searched.
        high: The greatest.
        log: Whether the search goes in ratios.
        choices: The values allowed, instead of a range; a search tries all of them.
    """

    help: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()


def option(default: Value, help: str, **place: Any) -> Any:
    """Declares a field of an architecture's dataclass; see `Option`."""
    return field(default=default, metadata={"option": Option(help, **place)})


@dataclass(frozen=True)
class Architecture(ABC):
    """A family of networks with a name; the fields of its dataclass are its hyperparameters.

    Attributes:
        name: What ``--arch`` calls it.
        summary: One line for the help.
        trainer: How it is trained: a name of `ser.training.registry.TRAINERS`.
        reads_functionals: Whether it takes the functionals of a clip and of its voice as well.
        defaults: Values of `ser.training.config.TrainConfig` that suit it better than the common
            ones, such as ``{"lr": 1e-4}``.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    trainer: ClassVar[str] = "gradient"
    reads_functionals: ClassVar[bool] = False
    defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    @classmethod
    def options(cls) -> dict[str, Option]:
        """Lists the hyperparameters by name."""
        return {f.name: f.metadata["option"] for f in fields(cls)}

    @classmethod
    def with_options(cls, values: Mapping[str, Any]) -> Self:
        """Makes the architecture with some hyperparameters changed.

        Args:
            values: By name; texts, as from a command line, are read as the option's type.

        Raises:
            SerError: There is no such option, or the value does not fit.
        """
        known = cls.options()
        types = get_type_hints(cls)
        read = {}
        for name, value in values.items():
            if name not in known:
                raise SerError(
                    name,
                    f"is not an option of {cls.name}",
                    f"it has {', '.join(known)}" if known else "it has none",
                )
            read[name] = _read(name, value, types[name], known[name])
        return cls(**read)

    def eight_bits(self, frames: int) -> bool:
        """Says whether LiteRT gets the weights in eight bits, for examples of so many frames.

        It is then faster by a factor of three. Only where that was measured to leave recognition
        as it is.
        """
        return False

    def chosen(self) -> dict[str, Value]:
        """Gives every hyperparameter's value."""
        return asdict(self)

    def files(self, say: Callable[[str], None] = lambda text: None) -> list[Path]:
        """Gives the files that `build` reads, such as pretrained weights.

        Asked for before any long work, so that a missing one is known at once.

        Args:
            say: Told of a download before it begins.

        Raises:
            SerError: One is not there and cannot be had.
        """
        return []

    @abstractmethod
    def build(self, keras: Any, problem: Problem) -> Any:
        """Builds an untrained network.

        Args:
            keras: The module, as `ser.models.backend.load_keras` gives it.
            problem: Sizes, and the statistics of the training clips.

        Returns:
            A `keras.Model` from float32 (batch, frames, coefficients) to probabilities (batch,
            classes), made of Keras's own layers, so that the file loads without this package.
        """


def _read(name: str, value: Any, kind: Any, known: Option) -> Value:
    kinds = get_args(kind) or (kind,)
    if bool in kinds and isinstance(value, str):
        if value.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise SerError(f"{name}={value}", "is neither yes nor no")
        read: Value = value.lower() in ("true", "yes", "1")
    elif isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds):
        read = value
    else:
        try:
            read = kinds[0](value)
        except (TypeError, ValueError) as error:
            raise SerError(f"{name}={value}", f"is not of type {kinds[0].__name__}") from error
    if known.choices and read not in known.choices:
        raise SerError(
            f"{name}={value}", "is not a choice", f"use {', '.join(map(str, known.choices))}"
        )
    return read


def inputs(keras: Any, problem: Problem) -> tuple[Any, Any]:
    """Makes the input, standardised where the problem says how.

    Returns:
        The input tensor and the tensor to go on with, both (batch, frames, coefficients).
    """
    entry = keras.Input((problem.frames, problem.coefficients), name="features")
    if problem.mean is None or problem.variance is None:
        return entry, entry
    layer = keras.layers.Normalization(
        axis=-1, mean=problem.mean.tolist(), variance=problem.variance.tolist(), name="standardise"
    )
    return entry, layer(entry)
