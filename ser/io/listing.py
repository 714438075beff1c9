"""Audio files in folders: which files are audio, and a walk in a fixed order."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from ser.errors import CorpusError, SerError

_LIBSNDFILE = """
    wav wave flac ogg oga opus mp3 mp2 aiff aif aifc au snd caf w64 rf64 voc sph nist avr ircam
"""
_FFMPEG = """
    m4a m4b aac mp4 m4v mov mkv mka webm weba wma wmv asf avi flv amr 3gp 3g2 ac3 eac3 dts mpg mpeg
    tta wv ape spx
"""
EXTENSIONS: frozenset[str] = frozenset(f".{name}" for name in (_LIBSNDFILE + _FFMPEG).split())
"""Extensions, in lower case, of what libsndfile or FFmpeg decode."""


def is_audio(path: Path) -> bool:
    """Says by the extension whether a file found in a folder may hold sound."""
    return path.suffix.lower() in EXTENSIONS


def is_folder(path: Path) -> bool:
    """Says whether a path is a folder; False where that cannot be found out.

    Whoever reads it then says why: a name is too long, or a folder above it is closed.
    """
    try:
        return path.is_dir()
    except OSError:
        return False


def walk(path: Path, on_error: Callable[[SerError], None] | None = None) -> Iterator[Path]:
    """Lists the audio files under a folder.

    Subfolders are entered, links to folders too (each folder once, so that circular links end);
    hidden files and folders are not. Pipes, sockets and devices are passed over: to open one may
    take for ever.

    Args:
        path: A folder.
        on_error: Called for each folder that cannot be read; without it the first one raises.

    Yields:
        Paths that begin with `path`, sorted within each folder, files before subfolders.

    Raises:
        CorpusError: A folder cannot be read and `on_error` is None.
    """

    def failed(error: OSError) -> None:
        problem = CorpusError(
            error.filename or path,
            f"cannot be read ({error.strerror or error})",
            "check the permissions",
        )
        if on_error is None:
            raise problem from error
        on_error(problem)

    entered: set[tuple[int, int]] = set()
    for root, folders, files in os.walk(path, onerror=failed, followlinks=True):
        try:
            status = Path(root).stat()
        except OSError as error:
            failed(error)
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in entered:
            folders.clear()
            continue
        entered.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not _is_hidden(name))
        for name in sorted(files):
            found = Path(root, name)
            if not _is_hidden(name) and is_audio(found) and not _is_special(found):
                yield found


def _is_special(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        # A broken link, say: whoever reads it says so.
        return False


def _is_hidden(name: str) -> bool:
    # __MACOSX holds resource forks that zip files from a Mac bring along under audio names.
    return name.startswith(".") or name == "__MACOSX"


# File systems take 255 bytes; the suffix of the result and a temporary name need some of them.
_MAX_BYTES = 200


def result_name(shown: PurePath) -> str:
    """Turns the path of an input into a relative path for its result.

    It cannot lead out of the folder that it is joined to, and its name is not too long for a file.

    Examples:
        >>> result_name(PurePosixPath("../calls/./a.wav")), result_name(PurePosixPath("/a/b.mp3"))
        ('calls/a.wav', 'a/b.mp3')
    """
    parts = [part for part in shown.parts if part not in (shown.anchor, "..", ".", "")]
    *folders, last = parts or ["recording"]
    data = os.fsencode(last)
    if len(data) > _MAX_BYTES:
        digest = hashlib.blake2b(data, digest_size=6).hexdigest()
        ending = PurePosixPath(last).suffix[:20]
        last = data[: _MAX_BYTES - 60].decode("utf-8", "ignore") + f"~{digest}{ending}"
    return "/".join([*folders, last])
