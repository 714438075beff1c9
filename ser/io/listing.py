"""Audio files in folders: which files are audio, and a walk in a fixed order."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath, PurePosixPath

from ser.errors import CorpusError, SerError

_LIBSNDFILE = """
    wav wave flac ogg oga opus mp3 mp2 aiff aif aifc au snd caf w64 rf64 voc sph nist avr ircam
"""
_FFMPEG = """
    m4a m4b m4r m4p aac adts loas mp4 m4v mov qt qta mkv mka webm weba wma wmv asf avi flv f4a f4v
    amr amr-nb amr-wb awb 3gp 3gpp 3g2 3gpp2 3ga ac3 eac3 ec3 dts mpg mpeg mpga mp1 ts mts m2ts vob
    ogv ogm ogx tta wv ape spx gsm qcp ra rm oma aa3 dsf dff mpc tak shn nut mxf dv divx
"""
EXTENSIONS: frozenset[str] = frozenset(f".{name}" for name in (_LIBSNDFILE + _FFMPEG).split())
"""Extensions, in lower case, of what libsndfile or FFmpeg decode."""


# More kinds of files are only hinted at.
_NAMED_ENDINGS = 4


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


class PassedOver:
    """Counts the files of a folder that are no recordings by their endings."""

    def __init__(self) -> None:
        self._endings: Counter[str] = Counter()

    def add(self, path: Path) -> None:
        """Counts a file."""
        self._endings[path.suffix.lower() or "no ending"] += 1

    def remark(self) -> str | None:
        """Says in a line how many there are, and of which endings; None where there are none."""
        count = self._endings.total()
        if not count:
            return None
        most = ", ".join(f"{name} {n}" for name, n in self._endings.most_common(_NAMED_ENDINGS))
        more = ", …" if len(self._endings) > _NAMED_ENDINGS else ""
        what = (
            "1 file passed over that is no recording by its ending"
            if count == 1
            else f"{count} files passed over that are no recordings by their endings"
        )
        return f"{what} ({most}{more})"


def walk(
    path: Path,
    on_error: Callable[[SerError], None] | None = None,
    on_other: Callable[[Path], None] = lambda path: None,
) -> Iterator[Path]:
    """Lists the audio files under a folder.

    Subfolders are entered, links to folders too (each folder once, so that circular links end);
    hidden files and folders are not. Pipes, sockets and devices are passed over: to open one may
    take for ever.

    Args:
        path: A folder.
        on_error: Called for each folder that cannot be read; without it the first one raises.
        on_other: Called for each file that is no recording by its ending; hidden ones are not.

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
            if _is_hidden(name) or _is_special(found):
                continue
            if is_audio(found):
                yield found
            else:
                on_other(found)


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
