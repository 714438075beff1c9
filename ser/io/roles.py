"""Which files a piece of work reads and which it writes: no output is an input, or another output.

An output replaces the file of its name. If that file were an input, under the same name or another
(a link, another spelling), the user would lose it, and a second output would replace the first.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Hashable, Iterable
from pathlib import Path

from ser.errors import OverwritingError
from ser.io.files import STANDARD
from ser.io.remote import is_url, url_or_path


class FileRoles:
    """The inputs and outputs of a piece of work, as they become known.

    Folders count as inputs in `add_trees` alone: elsewhere the files in them are what is read or
    written, and are added once they are known. Devices and pipes may have any role, and several.
    """

    def __init__(self) -> None:
        self._inputs: dict[Hashable, str] = {}
        self._trees: dict[Path, str] = {}
        self._outputs: dict[Hashable, str] = {}

    def add_inputs(self, names: Iterable[str | Path]) -> None:
        """Adds files that are read; one may be added twice.

        Args:
            names: Paths, URLs, or ``-`` for standard input.

        Raises:
            OverwritingError: One is an output.
        """
        for name in names:
            key = _identity(name, 0)
            if key is None:
                continue
            if key in self._outputs:
                raise _input_lost(self._outputs[key], str(name))
            self._inputs.setdefault(key, str(name))

    def add_trees(self, names: Iterable[str | Path]) -> None:
        """Adds folders of which every file may be read, such as that of a model.

        Raises:
            OverwritingError: A file in one is an output.
        """
        for name in names:
            folder = Path(name)
            if not folder.is_dir():
                self.add_inputs([name])
                continue
            self._trees.setdefault(folder.resolve(), str(name))
            for output in self._outputs.values():
                self._check_trees(output)

    def add_outputs(self, names: Iterable[str | Path]) -> None:
        """Adds files that are written.

        Args:
            names: Paths, URLs, or ``-`` for standard output.

        Raises:
            OverwritingError: One is an input, or another output.
        """
        for name in names:
            key = _identity(name, 1)
            if key is None:
                continue
            if key in self._inputs:
                raise _input_lost(str(name), self._inputs[key])
            if key in self._outputs:
                other = self._outputs[key]
                also = "" if other == str(name) else f" ({other} is the same file)"
                raise OverwritingError(
                    name, f"is to be written twice{also}", "name each output once"
                )
            self._check_trees(str(name))
            self._outputs[key] = str(name)

    def _check_trees(self, output: str) -> None:
        if not self._trees or output == STANDARD:
            return
        path = Path(output).resolve()
        for folder, name in self._trees.items():
            if path.is_file() and folder in path.parents:
                raise _input_lost(output, name)


def refuse_overwriting(output: str | Path, *sources: object) -> None:
    """Refuses to write a file over one that it is made of.

    Args:
        output: The file to write.
        *sources: What it is made of: paths, URLs, open files; anything else is in memory, and safe.

    Raises:
        OverwritingError: It is one of these files.
    """
    roles = FileRoles()
    for source in sources:
        name = source if isinstance(source, str | Path) else getattr(source, "name", None)
        if isinstance(name, str | Path):
            roles.add_inputs([name])
    roles.add_outputs([output])


def _input_lost(output: str, source: str) -> OverwritingError:
    also = "" if output == source else f" ({source})"
    return OverwritingError(
        output, f"is an input too{also}, which would be lost", "name another output"
    )


def _identity(name: str | Path, descriptor: int) -> Hashable | None:
    """Gives what two names of one file have in common; None for what cannot be overwritten."""
    text = url_or_path(Path(name)) if isinstance(name, Path) else name
    if is_url(text):
        return text
    try:
        status = os.fstat(_standard(descriptor)) if text == STANDARD else Path(text).stat()
    except (OSError, ValueError):
        # There is no such file yet, or no such stream.
        return None if text == STANDARD else os.path.realpath(text)
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def _standard(descriptor: int) -> int:
    """Gives the descriptor of a standard stream, which is none where it stands for one.

    Raises:
        OSError: There is no such stream.
    """
    stream = sys.stdin if descriptor == 0 else sys.stdout
    if stream is None:
        raise OSError("closed")
    return stream.fileno()
