"""URLs that fsspec knows: reading recordings from them, writing results to them.

``s3://bucket/calls``, ``gs://…``, ``az://…``, ``sftp://…``, ``file:///…``: fsspec brings the
protocol, or names the package that does. A result appears under its name when it is complete, in a
folder of this machine as behind a URL.
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
from ser.io.files import atomic_path, make_folder, remove_leftovers
from ser.io.listing import is_audio

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_FOLDED_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/(?!/)")


def is_url(text: str) -> bool:
    """Says whether a name is a URL, and not a path."""
    return _URL.match(text) is not None


def url_or_path(path: Path) -> str:
    """Gives the text of a path, which may be a URL: `Path` makes one slash of the two in it."""
    text = str(path)
    found = _FOLDED_URL.match(text)
    if found is None or path.exists():
        return text
    # file:///a/b comes out as file:/a/b: the third slash belongs to the path.
    slashes = ":///" if found[1].lower() in ("file", "local") else "://"
    return found[1] + slashes + text[found.end() :]


# Object stores: an object exists when its upload is complete, and not before. Elsewhere a file is
# uploaded under another name and moved. (In an object store, moving is copying.)
_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "adl", "oci", "oss", "memory"})


class RemoteFile(NamedTuple):
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
class OutputFolder:
    """A folder for results, on this machine or behind a URL.

    Attributes:
        location: A path, or a URL.
    """

    location: str

    def check(self) -> None:
        """Makes sure that the folder exists or can be made, before any work is done.

        Raises:
            SerError: It cannot be made, or is a file.
            DependencyError: The package for this URL is not installed.
        """
        if is_url(self.location):
            filesystem(self.location)
            return
        make_folder(Path(self.location))

    def existing(self, names: Collection[str]) -> set[str]:
        """Finds out which results exist.

        Args:
            names: Paths within the folder, with ``/``.

        Raises:
            SerError: The folder cannot be read.
        """
        if not is_url(self.location):
            return {name for name in names if Path(self.location, name).is_file()}
        system, root = filesystem(self.location)
        with _wrap_errors(self.location, "cannot be listed"):
            try:
                # One question for all: an object store answers a thousand names at a time.
                there = system.find(root)
            except FileNotFoundError:
                return set()
        start = len(root.rstrip("/")) + 1
        return {path[start:] for path in there} & set(names)

    @contextlib.contextmanager
    def new_file(self, name: str, token: str = "") -> Iterator[Path]:
        """Yields a path to write a result to, which appears in the folder when the block ends well.

        Args:
            name: A path within the folder, with ``/``.
            token: See `ser.io.files.remove_leftovers`.

        Raises:
            OSError: The result cannot be written on this machine.
            SerError: The result cannot be written to the URL.
        """
        if not is_url(self.location):
            with atomic_path(Path(self.location, name), token) as path:
                yield path
            return
        with tempfile.TemporaryDirectory(prefix="ser-") as folder:
            path = Path(folder, "result" + PurePosixPath(name).suffix)
            yield path
            self._upload(path, name, token)

    def remove_leftovers(self, names: Collection[str], token: str) -> None:
        """Removes temporary files of these results that killed processes left on this machine."""
        if not is_url(self.location):
            for folder in {Path(self.location, name).parent for name in names}:
                remove_leftovers(folder, token)

    def _upload(self, path: Path, name: str, token: str) -> None:
        system, root = filesystem(self.location)
        target = PurePosixPath(root, _escape(name))
        with _wrap_errors(f"{self.location.rstrip('/')}/{name}", "cannot be written"):
            if _OBJECT_STORES & set(_protocols(system)):
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
    """Opens the file system of a URL.

    Returns:
        fsspec's file system, and the path in it.

    Raises:
        DependencyError: fsspec, or what it needs for this protocol, is not installed.
        SerError: There is no such protocol, or it refuses access.
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
        AudioError: It cannot be downloaded.
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
        SerError: This cannot be found out.
    """
    system, path = filesystem(url)
    with _wrap_errors(url, "cannot be looked for"):
        return bool(system.isfile(path))


def find_audio(url: str) -> list[RemoteFile]:
    """Lists the recordings behind a URL: a file, or all audio files of a folder, sorted.

    Raises:
        SerError: There is nothing, or it cannot be read.
    """
    system, path = filesystem(url)
    with _wrap_errors(url, "cannot be read"):
        about = system.info(path)
        if about.get("type") != "directory":
            return [RemoteFile(url, PurePosixPath(path).name, int(about.get("size") or 0))]
        root = path.rstrip("/")
        found = []
        for full, about in sorted(system.find(path, detail=True).items()):
            name = full[len(root) + 1 :]
            parts = PurePosixPath(name).parts
            hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
            if not hidden and is_audio(Path(name)):
                own = url.rstrip("/") + "/" + name
                found.append(RemoteFile(own, name, int(about.get("size") or 0)))
    if not found:
        raise AudioError(url, "holds no audio files", "name audio files or a folder")
    return found


@contextlib.contextmanager
def _wrap_errors(subject: str, what: str) -> Iterator[None]:
    """Turns the exceptions of file systems, each of which has its own, into `SerError`."""
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


def _escape(name: str) -> str:
    """Escapes the bytes of a file name that are not UTF-8, which no URL would take."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
