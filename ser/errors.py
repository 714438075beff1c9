"""The one family of exceptions that `ser` raises on purpose."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

_Kind = TypeVar("_Kind", bound="SerError")

# More names would bury the message.
_MOST_NAMES = 20


class SerError(Exception):
    """Something about the user's input that the user can mend.

    The message is one line made of three parts: which input, what is wrong with it, and what to do.

    Args:
        subject: The input at fault: a path, an option, a label.
        cause: What is wrong with it, without a full stop.
        cure: What the user can do about it, without a full stop; may be empty.
    """

    def __init__(self, subject: object, cause: str, cure: str = "") -> None:
        self.subject = str(subject)
        self.cause = cause
        self.cure = cure
        super().__init__(f"{self.subject}: {cause}" + (f"; {cure}" if cure else ""))

    def __reduce__(self) -> tuple[type[SerError], tuple[Any, ...]]:
        # Exceptions cross process borders in parallel extraction; the default
        # reduction would call the constructor with the joined message alone.
        return (type(self), (self.subject, self.cause, self.cure))


class ParameterError(SerError):
    """A parameter has a value that it cannot have.

    Messages name parameters as Python does; those in a cause or a cure stand in backquotes, as
    `` `n_fft` `` or `` `engine=keras` ``. The command line makes options of them (``--n-fft``,
    ``--engine keras``), and ends with exit code 2.

    Args:
        parameter: Its name, such as ``label_smoothing``.
        cause: What is wrong with the value, without a full stop.
        cure: What the user can do about it, without a full stop; may be empty.
        value: The value, where the message is to show it.
    """

    def __init__(self, parameter: str, cause: str, cure: str = "", value: object = None) -> None:
        self.parameter = parameter
        self.value = value
        super().__init__(parameter if value is None else f"{parameter}={value}", cause, cure)

    def __reduce__(self) -> tuple[type[SerError], tuple[Any, ...]]:
        return (type(self), (self.parameter, self.cause, self.cure, self.value))


class HyperparameterError(ParameterError):
    """A hyperparameter of an architecture is unknown or has a value that it cannot have.

    The command line sets it by ``--set NAME=VALUE``.
    """


class OverwritingError(SerError):
    """An output is one of the inputs, or another output; the command line ends with exit code 2."""


class AudioError(SerError):
    """An audio file cannot be read or written."""


class TableError(SerError):
    """A feature table is not one, or does not fit its use."""


class ArtifactError(SerError):
    """A model artifact is not one, or does not fit its use."""


class LabelError(SerError):
    """An emotion name is unknown where a known one is needed."""


class CorpusError(SerError):
    """A corpus cannot be read: an unknown name, a broken manifest."""


class DependencyError(SerError):
    """An optional dependency is missing; the message names the extra that brings it."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Finds the known name that is most like another (Ratcliff and Metzener 1988), if one is."""
    import difflib

    alike = {other.casefold(): other for other in known}
    found = difflib.get_close_matches(name.casefold(), alike, n=1)
    return alike[found[0]] if found else None


def choose_from(name: str, known: Iterable[str]) -> str:
    """Gives the cure of a name that is not known.

    Args:
        name: What was given instead.
        known: The names that there are.

    Returns:
        The known name that is most like it, if one is, and the first twenty names.

    Examples:
        >>> choose_from("dropot", ["dropout", "filters"])
        'did you mean dropout? Known names: dropout, filters'
    """
    names = list(known)
    if not names:
        return "there are none"
    near = nearest(name, names)
    guess = "use one of" if near is None else f"did you mean {near}? Known names:"
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{guess} {', '.join(names[:_MOST_NAMES])}{more}"


EXTRAS: Mapping[str, str] = MappingProxyType(
    {
        "keras": "train",
        "tensorflow": "train",
        "sklearn": "train",
        "librosa": "train",
        "matplotlib": "plot",
        "pocketsphinx": "listen",
        "faster_whisper": "text",
        "ctranslate2": "text",
        "huggingface_hub": "text",
        "safetensors": "text",
        "transformers": "text",
        "torch": "text",
        "sounddevice": "live",
        "noisereduce": "clean",
        "optuna": "tune",
        "onnx": "export",
        "tensorboard": "tensorboard",
        "distributed": "cluster",
        "fsspec": "cluster",
        "pandas": "pandas",
        "fastapi": "web",
        "uvicorn": "web",
        "websockets": "web",
        "python_multipart": "web",
        "swagger_ui_bundle": "web",
    }
)
"""The extra of setup.cfg that brings a package, by the name under which it is imported."""


def how_to_install(extra: str) -> str:
    """Says how to install one of the extras, as the cure of an error.

    The package is on no index, so that the extra has to be asked for where its source is.
    """
    return f"pip install '.[{extra}]' in the checkout of ser"


def how_to_get(package: str) -> str:
    """Says how to install a package, by the name under which it is imported: the cure of an error.

    Packages of the base are missing only where `ser` is run by a Python that it was not installed
    for.
    """
    extra = EXTRAS.get(package.partition(".")[0])
    if extra is None:
        return "pip install '.' in the checkout of ser, or take the Python where that was done"
    return how_to_install(extra)


def missing_package(subject: object, package: str | None) -> DependencyError:
    """Makes the error of a package that is not installed.

    Args:
        subject: The option or the feature that needs it.
        package: The name under which it is imported, such as a `ModuleNotFoundError` has it.
    """
    name = package or "?"
    return DependencyError(subject, f"needs the Python package {name}", how_to_get(name))


def require(subject: object, *packages: str) -> None:
    """Makes sure that packages are installed, without importing them.

    Args:
        subject: The option or the feature that needs them.
        *packages: The names under which they are imported.

    Raises:
        DependencyError: One is missing.
    """
    import importlib.util

    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise missing_package(subject, package)


# After these errors no other output can be written either, and a closed pipe is the end.
_ENDING = frozenset(
    getattr(errno, name)
    for name in ("EBADF", "ENOSPC", "EDQUOT", "EROFS", "EFBIG", "EIO", "EPIPE")
    if hasattr(errno, name)
)


def ends_all(error: Exception) -> bool:
    """Says whether an error concerns all outputs, as a full disk does, and not one input."""
    return isinstance(error, OSError) and error.errno in _ENDING


def failure_of(subject: object, error: Exception) -> SerError:
    """Makes the failure of one input of whatever went wrong with it, so that the others are done.

    Decoders, features and networks come from many libraries, and raise what they like.

    Args:
        subject: The input.
        error: What was raised.

    Returns:
        The error itself if it is a `SerError`, else one that names it.

    Raises:
        Exception: It concerns all outputs, and no input.
        KeyboardInterrupt: An interruption was behind it.
    """
    if isinstance(error, SerError):
        return error
    interruption = interruption_behind(error)
    if interruption is not None:
        raise interruption from None
    if ends_all(error):
        raise error
    said = " ".join(str(error).split())
    failure = AudioError(
        subject, f"cannot be analysed ({type(error).__name__}{f': {said}' if said else ''})"
    )
    failure.__cause__ = error
    return failure


def took_process_down(subject: object) -> AudioError:
    """Makes the error of a recording that worker processes have died of."""
    return AudioError(
        subject,
        "took its worker process down, by a fault in its decoder or for want of memory",
        "convert it to WAV, or use fewer `jobs`",
    )


def cannot_write(target: object, error: Exception, kind: type[_Kind]) -> _Kind:
    """Makes the error of an output that the system does not take.

    Args:
        target: The output.
        error: What the system said.
        kind: The class of the error.
    """
    cause = getattr(error, "strerror", None) or error
    return kind(target, f"cannot be written ({cause})", "check the folder and free space")


@contextlib.contextmanager
def renamed(copy: object, name: object) -> Iterator[None]:
    """Gives errors about a copy of something the name that the user knows.

    Raises:
        SerError: As raised within, about `name` where it was about `copy`.
    """
    try:
        yield
    except SerError as error:
        if error.subject != str(copy) or error.subject == str(name):
            raise
        raise type(error)(name, error.cause, error.cure) from error


@contextlib.contextmanager
def interruptions() -> Iterator[None]:
    """Brings an interruption back that a library has turned into an error of its own.

    A signal may come while a database commits or a network runs, and their code says then that this
    went wrong.
    """
    try:
        yield
    except Exception as error:
        behind = interruption_behind(error)
        if behind is None:
            raise
        raise behind from None


def interruption_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """Finds the interruption that an exception is, or that led to it.

    Args:
        error: The exception, or None.

    Returns:
        The interruption, or None.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error
