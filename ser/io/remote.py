"""Where a batch reads and writes: folders of this machine, or URLs that fsspec knows.

``s3://bucket/calls``, ``gs://…``, ``az://…``, ``sftp://…``, ``file:///…``: fsspec brings the
protocol, or names the package that does. A result appears under its name when it is whole, here as
there.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from ser.errors import AudioError, DependencyError, SerError, missing_package
from ser.io.files import atomic_path, make_folder, tidy
from ser.io.listing import is_audio

# Names that are URLs, as `ser.io.remote` reads and writes them, and names that are paths.

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_FOLDED = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")


def is_url(text: str) -> bool:
    """Says whether this is a URL and no path."""
    return _URL.match(text) is not None


def as_given(path: Path) -> str:
    """Gives a path back as it was written: `Path` makes one slash of the two in a URL."""
    text = str(path)
    found = _FOLDED.match(text)
    if found is None or path.exists():
        return text
    # file:///a/b comes out as file:/a/b: the third slash belongs to the path.
    slashes = ":///" if found[1].lower() in ("file", "local") else "://"
    return found[1] + slashes + text[found.end() :]


# Where an upload is an object when it is complete, and does not exist before; elsewhere a file is
# moved to its name. (In an object store, moving is copying.)
_OBJECTS = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oci", "oss", "memory"})


class Found(NamedTuple):
    """A recording behind a URL.

    Attributes:
        url: Its own URL.
        name: Its path within the folder that was asked for; its own name if that was a file.
        size: Bytes; 0 where it is not known.
    """

    url: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for results.

    Attributes:
        location: A path, or a URL.
    """

    location: str

    def check(self) -> None:
        """Makes sure, before any work is done, that there is such a folder.

        Raises:
            SerError: It cannot be made, or is a file.
            DependencyError: Nothing is installed that knows the URL.
        """
        if is_url(self.location):
            filesystem(self.location)
            return
        make_folder(Path(self.location))

    def existing(self, names: Collection[str]) -> set[str]:
        """Says which results are there.

        Args:
            names: Paths within the folder, with ``/``.

        Raises:
            SerError: The place cannot be read.
        """
        if not is_url(self.location):
            return {name for name in names if Path(self.location, name).is_file()}
        system, root = filesystem(self.location)
        with _explained(self.location, "cannot be listed"):
            try:
                # One question for all: an object store answers a thousand names at a time.
                there = system.find(root)
            except FileNotFoundError:
                return set()
        start = len(root.rstrip("/")) + 1
        return {path[start:] for path in there} & set(names)

    @contextlib.contextmanager
    def writing(self, name: str, token: str = "") -> Iterator[Path]:
        """Yields a path to write a result to, which takes its place when the block ends well.

        Args:
            name: A path within the folder, with ``/``.
            token: See `ser.io.files.tidy`.

        Raises:
            OSError: The result cannot be written, here.
            SerError: Likewise, behind a URL.
        """
        if not is_url(self.location):
            with atomic_path(Path(self.location, name), token) as path:
                yield path
            return
        with tempfile.TemporaryDirectory(prefix="ser-") as folder:
            path = Path(folder, "result" + PurePosixPath(name).suffix)
            yield path
            self._publish(path, name, token)

    def tidy(self, names: Collection[str], token: str) -> None:
        """Removes what killed processes have left of these results, where this machine sees it."""
        if not is_url(self.location):
            for folder in {Path(self.location, name).parent for name in names}:
                tidy(folder, token)

    def _publish(self, path: Path, name: str, token: str) -> None:
        system, root = filesystem(self.location)
        target = PurePosixPath(root, _legible(name))
        with _explained(f"{self.location.rstrip('/')}/{name}", "cannot be written"):
            if _OBJECTS & set(_protocols(system)):
                system.put_file(str(path), str(target))
                return
            system.makedirs(str(target.parent), exist_ok=True)
            hidden = str(target.parent / f".{token}-{uuid.uuid4().hex}")
            try:
                system.put_file(str(path), hidden)
                system.mv(hidden, str(target))
            except BaseException:
                with contextlib.suppress(OSError):
                    system.rm_file(hidden)
                raise


def filesystem(url: str) -> tuple[Any, str]:
    """Opens what a URL leads to.

    Returns:
        fsspec's file system, and the path in it.

    Raises:
        DependencyError: fsspec, or what it needs for this protocol, is not installed.
        SerError: There is no such protocol, or it does not let anybody in.
    """
    try:
        from fsspec.core import url_to_fs
    except ModuleNotFoundError as error:
        raise missing_package(url, error.name) from error
    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        # As "Install s3fs to access S3".
        raise DependencyError(
            url, f"cannot be reached ({error})", "install that package"
        ) from error
    except Exception as error:
        raise SerError(
            url, f"cannot be reached ({_first_line(error)})", "check the URL and what it needs"
        ) from error
    return system, str(path)


@contextlib.contextmanager
def fetch(source: str) -> Iterator[str]:
    """Yields a path on this machine: the source itself, or a copy of what is behind a URL.

    Raises:
        AudioError: It cannot be had.
    """
    if not is_url(source):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="ser-") as folder:
        system, path = filesystem(source)
        local = str(Path(folder, "input" + PurePosixPath(path).suffix))
        try:
            system.get_file(path, local)
        except Exception as error:
            # Each of the file systems behind fsspec has exceptions of its own.
            raise AudioError(
                source, f"cannot be read ({_first_line(error)})", "check the URL and the rights"
            ) from error
        yield local


def exists(url: str) -> bool:
    """Says whether there is a file behind a URL.

    Raises:
        SerError: Nobody can say.
    """
    system, path = filesystem(url)
    with _explained(url, "cannot be looked for"):
        return bool(system.isfile(path))


def find_audio(url: str) -> list[Found]:
    """Lists the recordings behind a URL: a file, or all audio files of a folder, sorted.

    Raises:
        SerError: There is nothing, or it cannot be read.
    """
    system, path = filesystem(url)
    with _explained(url, "cannot be read"):
        about = system.info(path)
        if about.get("type") != "directory":
            return [Found(url, PurePosixPath(path).name, int(about.get("size") or 0))]
        root = path.rstrip("/")
        found = []
        for full, about in sorted(system.find(path, detail=True).items()):
            name = full[len(root) + 1 :]
            parts = PurePosixPath(name).parts
            hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
            if not hidden and is_audio(Path(name)):
                own = url.rstrip("/") + "/" + name
                found.append(Found(own, name, int(about.get("size") or 0)))
    if not found:
        raise AudioError(url, "holds no audio files", "name audio files or a folder")
    return found


@contextlib.contextmanager
def _explained(subject: str, what: str) -> Iterator[None]:
    try:
        yield
    except SerError:
        raise
    except FileNotFoundError as error:
        raise SerError(subject, "does not exist", "check the URL") from error
    except Exception as error:
        raise SerError(
            subject, f"{what} ({_first_line(error)})", "check the URL and the rights"
        ) from error


def _protocols(system: Any) -> tuple[str, ...]:
    protocol = system.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _legible(name: str) -> str:
    """Escapes the bytes of a file name that are not UTF-8, which no URL would take."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
