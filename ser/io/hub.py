"""Models of the Hugging Face Hub: found in a folder or in the cache, downloaded where they are not.

Nothing but the download itself goes over the network, and nothing is sent: telemetry is switched
off. What is downloaded lies in the usual cache (``HF_HOME``, ``HF_HUB_CACHE``), shared with every
other program that uses it; ``HF_ENDPOINT`` names a mirror.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ser.errors import DependencyError, SerError, missing_package

MODEL_CARD = "README.md"
"""The file of a model's folder that says its license."""

_TIMEOUT = 10.0
"""Seconds to wait for the hub's answer."""

# Bytes of a model card that are read, and characters of a license that are taken.
_CARD_BYTES = 65_536
_LICENSE_LENGTH = 100


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """Which files a kind of model consists of.

    Attributes:
        kind: What the model is, for messages: ``speech recognizer``.
        option: The option that takes its name or folder, for messages; with a colon at its end
            where the name stands directly behind it.
        required: Groups of file names; of each group one file is needed, the first that exists.
        optional: Files that are downloaded too where there are any.
    """

    kind: str
    option: str
    required: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()

    def missing(self, folder: Path) -> list[str]:
        """Lists the files that a folder lacks, alternatives as ``A (or B)``."""
        return [
            _alternatives(group)
            for group in self.required
            if not any((folder / name).is_file() for name in group)
        ]

    def named(self, model: str) -> str:
        """Gives the option with a model's name or folder."""
        return f"{self.option}{'' if self.option.endswith(':') else ' '}{model}"

    def __str__(self) -> str:
        return ", ".join(_alternatives(group) for group in self.required)


class DownloadProgress:
    """Follows a download; this class does nothing, and subclasses show something."""

    def begin(self, name: str, size: int) -> None:
        """A download of `size` bytes begins."""

    def update(self, size: int) -> None:
        """Another `size` bytes have arrived."""

    def end(self) -> None:
        """The download has ended, or has failed."""


NO_PROGRESS = DownloadProgress()


class MissingModelError(SerError):
    """A model is not on this machine and could not be downloaded."""


def find_model(
    name: str, files: ModelFiles, *, offline: bool = False, progress: DownloadProgress = NO_PROGRESS
) -> Path:
    """Gives the folder of a model, which is downloaded where it is not on this machine.

    Args:
        name: A folder, or a name on the hub: ``OWNER/MODEL``.
        files: The files that must be in it.
        offline: Never use the network.
        progress: Follows the download, where there is one.

    Raises:
        DependencyError: The name is no folder, and the package huggingface_hub is missing.
        MissingModelError: Files are missing from the folder; or the model is neither a folder nor
            in the cache, and the network may not be used or does not bring it. The message says
            which files go where.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        missing = files.missing(folder)
        if missing:
            raise MissingModelError(
                name,
                f"is no {files.kind}: {', '.join(missing)} is missing",
                f"the folder needs {files}",
            )
        return folder
    if name.count("/") != 1 or folder.is_absolute() or name.startswith((".", "~")):
        raise MissingModelError(
            name,
            "is neither a folder nor a name on the Hugging Face Hub",
            f"give {files.named('OWNER/MODEL')}, or a folder with {files}",
        )
    found = cached(name, files)
    if found is not None:
        return found
    if offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise MissingModelError(
            name, "is not in the cache, and the network may not be used", _by_hand(name, files)
        )
    return _download(name, files, progress)


def cached(name: str, files: ModelFiles) -> Path | None:
    """Gives the folder of a model in the Hugging Face cache, or None; uses no network."""
    hub = _hub()
    try:
        first = hub.try_to_load_from_cache(name, files.required[0][0])
    except ValueError as error:
        raise MissingModelError(
            name, "is no name on the Hugging Face Hub", f"give {files.named('OWNER/MODEL')}"
        ) from error
    if not isinstance(first, str):
        return None
    folder = Path(first).parent
    return None if files.missing(folder) else folder


def model_name(name: str) -> str:
    """Gives what a model is called in files that go to other machines.

    Args:
        name: A name on the hub, or a folder.

    Returns:
        The name, or the folder's without the folders above it.
    """
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return name
    folder = folder.resolve()
    return folder.parent.name if folder.name == "model" else folder.name


def file_digest(path: Path) -> str:
    """Computes the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_license(folder: Path) -> str | None:
    """Reads the license that a model's card states in the YAML at its beginning.

    Args:
        folder: The model's folder.

    Returns:
        The license as the card has it; the name of a license that is on no list, where it has one;
        None where the card is missing or states nothing.
    """
    try:
        with (folder / MODEL_CARD).open("rb") as stream:
            lines = stream.read(_CARD_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return None
    marks = [number for number, line in enumerate(lines) if line.rstrip() == "---"]
    if len(marks) < 2 or marks[0]:
        return None
    found = {}
    for line in lines[1 : marks[1]]:
        match = re.fullmatch(r"(license|license_name):\s*(.+)", line)
        if match:
            found[match[1]] = match[2].strip("[]'\" ")
    text = found.get("license")
    if text == "other":
        text = found.get("license_name", text)
    return text if text and text.isprintable() and len(text) <= _LICENSE_LENGTH else None


def _download(name: str, files: ModelFiles, progress: DownloadProgress) -> Path:
    hub = _hub()
    try:
        # The listing says which of the alternatives there are, and how large the download is.
        listing = hub.HfApi().model_info(name, files_metadata=True, timeout=_TIMEOUT)
        sizes = {file.rfilename: int(file.size or 0) for file in listing.siblings or ()}
        chosen = [next((file for file in group if file in sizes), None) for group in files.required]
        lacking = [
            _alternatives(group)
            for group, file in zip(files.required, chosen, strict=True)
            if file is None
        ]
        if lacking:
            raise MissingModelError(
                name,
                f"is no {files.kind}: {', '.join(lacking)} is missing there",
                f"give another {files.option}",
            )
        names = [*filter(None, chosen), *(file for file in files.optional if file in sizes)]
        progress.begin(name, sum(sizes[file] for file in names))
        try:
            return Path(
                hub.snapshot_download(name, allow_patterns=names, tqdm_class=_bar_class(progress))
            )
        finally:
            progress.end()
    except (hub.errors.RepositoryNotFoundError, hub.errors.GatedRepoError) as error:
        raise MissingModelError(
            name,
            "is not on the Hugging Face Hub, or not for everybody",
            f"check the name, or give {files.option} a folder",
        ) from error
    except SerError:
        raise
    except Exception as error:
        # Which library carries the request, and what it raises, changes with the hub's releases.
        raise MissingModelError(
            name, f"cannot be downloaded ({_reason(error)})", _by_hand(name, files)
        ) from error


def _alternatives(group: tuple[str, ...]) -> str:
    return group[0] + (f" (or {', '.join(group[1:])})" if len(group) > 1 else "")


def _by_hand(name: str, files: ModelFiles) -> str:
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return (
        f"where there is a network, download {files} from {address}/{name}, "
        f"put them into one folder and give {files.named('FOLDER')}"
    )


def _reason(error: BaseException) -> str:
    """Gives the first line of what went wrong behind all wrappings."""
    behind = error
    while behind.__cause__ is not None:
        behind = behind.__cause__
    text = str(behind).strip().split("\n")[0]
    return text or type(behind).__name__


def _hub() -> Any:
    # Read when the package is imported: what is downloaded and by whom is nobody's business.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("HF_HUB_DISABLE_SYMLINKS_WARNING", "1")
    try:
        import huggingface_hub
        import huggingface_hub.errors
    except ModuleNotFoundError as error:
        missing = missing_package("the Hugging Face Hub", error.name)
        raise DependencyError(
            missing.subject, missing.cause, f"{missing.cure}, or give a folder"
        ) from error
    return huggingface_hub


def _bar_class(progress: DownloadProgress) -> type:
    """Makes a progress bar for the hub, which shows nothing and reports bytes to `progress`."""
    from tqdm.auto import tqdm

    class Bar(tqdm):  # type: ignore[type-arg,misc,unused-ignore]
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            settings.pop("name", None)
            # Other bars count files, or the same bytes a second time: those on the wire, which may
            # be compressed.
            on_the_wire = "downloading bytes" in str(settings.get("desc") or "").lower()
            self._reports = settings.get("unit") == "B" and not on_the_wire
            super().__init__(*arguments, **{**settings, "disable": True})
            if settings.get("initial"):
                self._report(settings["initial"])

        def update(self, n: float | None = 1) -> None:
            self._report(n)

        def _report(self, n: float | None) -> None:
            if self._reports:
                progress.update(int(n or 0))

    return Bar
