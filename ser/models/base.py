"""The interface of architectures, and the hyperparameters that they declare."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, get_args, get_type_hints

from ser.arrays import Vector
from ser.errors import HyperparameterError, choose_from
from ser.models.former_names import FORMER_NAMES
from ser.models.limits import NOT_NEGATIVE, Limits

Value = bool | int | float | str
"""The type of a hyperparameter."""


@dataclass(frozen=True, slots=True)
class Problem:
    """The classification problem: sizes of input and output, and statistics of the training clips.

    Attributes:
        frames: Frames per example; 1 for pooled tables.
        coefficients: Coefficients per frame.
        classes: Number of emotions.
        mean: Mean of each coefficient over the training clips, shape (coefficients,); None where
            the features are normalized already.
        variance: Variance of each coefficient, likewise.
        functionals: Functionals per clip, for architectures that read them; 0 for none.
        functional_mean: Mean of each functional over the training clips, shape (functionals,).
        functional_variance: Variance of each functional, likewise.
        functional_groups: Sizes of the groups of functionals, in their order; see
            `ser.features.layout.functional_groups`.
    """

    frames: int
    coefficients: int
    classes: int
    mean: Vector | None = field(default=None, compare=False)
    variance: Vector | None = field(default=None, compare=False)
    functionals: int = 0
    functional_mean: Vector | None = field(default=None, compare=False)
    functional_variance: Vector | None = field(default=None, compare=False)
    functional_groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    """Description, limits and search range of a hyperparameter.

    Attributes:
        help: One line for users.
        low: Lower end of the search range; None where it is not searched.
        high: Upper end of the search range.
        log: Whether the search is uniform in the logarithm.
        choices: The values allowed, instead of a range; a search tries all of them.
        limits: The values allowed of a number, which may be more than those that are searched.
    """

    help: str
    low: float | None = None
    high: float | None = None
    log: bool = False
    choices: tuple[Value, ...] = ()
    limits: Limits = NOT_NEGATIVE


def option(default: Value, help: str, limits: Limits = NOT_NEGATIVE, **search: Any) -> Any:
    """Declares a hyperparameter as a field of an architecture's dataclass.

    Args:
        default: Its default.
        help: One line for users.
        limits: The values allowed, if it is a number without choices.
        **search: The other attributes of `Option`.
    """
    return field(default=default, metadata={"option": Option(help, limits=limits, **search)})


@dataclass(frozen=True)
class Architecture(ABC):
    """A family of networks; the fields of its dataclass are its hyperparameters.

    Attributes:
        name: Its name for ``--arch``.
        summary: One line for the help.
        trainer: The trainer's name in `ser.training.registry.TRAINERS`.
        reads_functionals: Whether it also takes the functionals of a clip and the baseline of its
            speaker.
        defaults: Values of `ser.training.config.TrainConfig` that suit it better than the common
            defaults, such as ``{"lr": 1e-4}``.
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
            values: Hyperparameters by name; strings, as from a command line, are converted to the
                type of the option.

        Raises:
            HyperparameterError: There is no such option, or the value does not fit.
        """
        known = cls.options()
        types = get_type_hints(cls)
        former = FORMER_NAMES.get(cls.name, {})
        parsed = {}
        for name, value in values.items():
            if name in former:
                cure = f"use {former[name]}={value}"
                raise HyperparameterError(name, f"is called {former[name]} now", cure, value)
            if name not in known:
                cause = f"is not an option of {cls.name}"
                raise HyperparameterError(name, cause, choose_from(name, known), value)
            parsed[name] = _parse_value(name, value, types[name], known[name])
        return cls(**parsed)

    def eight_bits(self, frames: int) -> bool:
        """Says whether the weights are quantized to eight bits for LiteRT.

        That makes inference about three times faster. It is done only where it was measured not to
        change recognition.

        Args:
            frames: Frames per example.
        """
        return False

    def hyperparameters(self) -> dict[str, Value]:
        """Gives the value of every hyperparameter by name."""
        return asdict(self)

    def required_files(self, notify: Callable[[str], None] = lambda text: None) -> list[Path]:
        """Finds or downloads the files that `build` reads, such as pretrained weights.

        Called before any long work, so that a missing file is reported at once.

        Args:
            notify: Called with a message before a download begins.

        Raises:
            SerError: A file is missing and cannot be downloaded.
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
            classes). It consists of Keras's own layers, so that the file loads without this
            package.
        """


def _parse_value(name: str, value: Any, kind: Any, about: Option) -> Value:
    kinds = get_args(kind) or (kind,)
    if bool in kinds and isinstance(value, str):
        if value.lower() not in ("true", "false", "yes", "no", "1", "0"):
            raise HyperparameterError(name, "is neither yes nor no", value=value)
        parsed: Value = value.lower() in ("true", "yes", "1")
    elif isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds):
        parsed = value
    else:
        parsed = _convert(name, value, kinds[0], about)
    if about.choices:
        if parsed not in about.choices:
            cure = choose_from(str(value), map(str, about.choices))
            raise HyperparameterError(name, "is not a choice", cure, value)
    elif isinstance(parsed, int | float) and not isinstance(parsed, bool):
        about.limits.check(name, parsed, value)
    return parsed


def _convert(name: str, value: Any, kind: type[Value], about: Option) -> Value:
    try:
        converted = kind(value)
        # Python cuts the fraction off: 3.7 layers would become 3.
        if kind is not int or isinstance(value, str) or converted == value:
            return converted
    except (TypeError, ValueError, OverflowError):
        pass
    cause = {int: "is not a whole number", float: "is not a number", bool: "is neither yes nor no"}
    cure = "" if about.choices else f"give {about.limits}"
    raise HyperparameterError(name, cause.get(kind, "is not text"), cure, value)


def standardized_input(keras: Any, problem: Problem) -> tuple[Any, Any]:
    """Makes the input layer, and standardizes it where the problem has statistics.

    Returns:
        The input tensor and the standardized tensor, both (batch, frames, coefficients).
    """
    entry = keras.Input((problem.frames, problem.coefficients), name="features")
    if problem.mean is None or problem.variance is None:
        return entry, entry
    layer = keras.layers.Normalization(
        axis=-1, mean=problem.mean.tolist(), variance=problem.variance.tolist(), name="standardise"
    )
    return entry, layer(entry)
