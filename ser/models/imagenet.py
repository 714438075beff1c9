"""Published weights of keras.applications: found in Keras's folder, or downloaded into it."""

from __future__ import annotations

import hashlib
import http.client
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ser.errors import SerError
from ser.io.files import atomic_path

# Seconds without any data after which a download fails.
_TIMEOUT = 15

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class PublishedWeights:
    """A published weights file.

    Attributes:
        url: Its address.
        md5: Its checksum, as keras.applications states it.
    """

    url: str
    md5: str

    @property
    def name(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


def keras_folder() -> Path:
    """Gives the folder where Keras keeps such files, ``~/.keras/models``."""
    return Path(os.environ.get("KERAS_HOME", "~/.keras")).expanduser() / "models"


def fetch_weights(
    source: PublishedWeights, notify: Callable[[str], None] = lambda text: None
) -> Path:
    """Finds a weights file in Keras's folder, or downloads it there.

    `keras.utils.get_file` is not used: it prints, has no timeout, and needs Keras imported.

    Args:
        source: The file.
        notify: Called with a message before a download begins.

    Returns:
        The path of a file with the right checksum.

    Raises:
        SerError: The file is missing and cannot be downloaded, or has another checksum.
    """
    target = keras_folder() / source.name
    if target.exists():
        if _md5(target) != source.md5:
            raise SerError(
                target,
                "is damaged or another file than the published one (MD5 checksum)",
                f"delete it, and it is fetched again from {source.url}",
            )
        return target
    notify(f"fetching {source.url} into {target.parent}")
    try:
        _download(source, target)
    except (OSError, http.client.HTTPException) as error:
        raise SerError(
            source.name,
            f"is not in {target.parent} and cannot be downloaded ({_reason(error)})",
            f"get {source.url} elsewhere and put it there or name it with --set weights=PATH; "
            "--set weights=none trains from random weights",
        ) from error
    return target


def _download(source: PublishedWeights, target: Path) -> None:
    digest = hashlib.md5(usedforsecurity=False)
    with atomic_path(target) as temporary:
        with (
            urllib.request.build_opener().open(source.url, timeout=_TIMEOUT) as response,
            temporary.open("wb") as sink,
        ):
            while data := response.read(_CHUNK):
                digest.update(data)
                sink.write(data)
        if digest.hexdigest() != source.md5:
            raise OSError("what arrived is incomplete or another file, by its MD5 checksum")


def _md5(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _reason(error: Exception) -> str:
    """Describes an error without urllib's angle brackets."""
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause or type(error).__name__)
