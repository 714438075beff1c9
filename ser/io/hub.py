"""Models of the Hugging Face Hub: found in a folder or in the cache, downloaded where they are not.

Nothing but the download itself goes over the network, and nothing is sent: telemetry is switched
off. What is downloaded lies in the usual cache (``HF_HOME``, ``HF_HUB_CACHE``), shared with every
other program that uses it; ``HF_ENDPOINT`` names a mirror.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ser.errors import DependencyError, SerError, missing_package

_SECONDS = 10.0
"""How long to wait for the hub's answer."""


@dataclass(frozen=True, slots=True)
class Needs:
    """Which files a kind of model is made of.

    Attributes:
        what: What it is, for messages: ``speech recogniser``.
        option: The option that takes its name or folder, for messages.
        files: Groups of file names: one of each group is needed, the first that there is.
        also: Files that are taken along where there are any.
    """

    what: str
    option: str
    files: tuple[tuple[str, ...], ...]
    also: tuple[str, ...] = ()

    def missing(self, folder: Path) -> list[str]:
        """Says which files a folder lacks, alternatives as ``A (or B)``."""
        return [
            _alternatives(group)
            for group in self.files
            if not any((folder / name).is_file() for name in group)
        ]

    @property
    def listed(self) -> str:
        """All the files in words."""
        return ", ".join(_alternatives(group) for group in self.files)


class Watch(Protocol):
    """Follows a download."""

    def begin(self, name: str, size: int) -> None:
        """Says what is about to be downloaded, and how many bytes it has."""

    def update(self, size: int) -> None:
        """Counts bytes that have arrived."""

    def end(self) -> None:
        """Says that there is no more to come."""


class Unwatched:
    """Follows a download in silence."""

    def begin(self, name: str, size: int) -> None:
        """Does nothing."""

    def update(self, size: int) -> None:
        """Does nothing."""

    def end(self) -> None:
        """Does nothing."""


UNWATCHED = Unwatched()


class MissingModelError(SerError):
    """A model is not on this machine and could not be fetch."""


def find_model(name: str, needs: Needs, *, offline: bool = False, watch: Watch = UNWATCHED) -> Path:
    """Gives the folder of a model.

    Args:
        name: A folder, or a name on the hub: ``OWNER/MODEL``.
        needs: What must be in it.
        offline: Never use the network.
        watch: Follows the download, where there is one.

    Raises:
        DependencyError: The name is no folder, and the package huggingface_hub is missing.
        MissingModelError: Files are missing from the folder; or the model is neither a folder nor
            in the cache, and the network may not be used or does not bring it. The message says
            which files go where.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        missing = needs.missing(folder)
        if missing:
            raise MissingModelError(
                name,
                f"is no {needs.what}: {', '.join(missing)} is missing",
                f"the folder needs {needs.listed}",
            )
        return folder
    if name.count("/") != 1 or folder.is_absolute() or name.startswith((".", "~")):
        raise MissingModelError(
            name,
            "is neither a folder nor a name on the Hugging Face Hub",
            f"give {needs.option} OWNER/MODEL, or a folder with {needs.listed}",
        )
    found = cached(name, needs)
    if found is not None:
        return found
    if offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        raise MissingModelError(
            name, "is not in the cache, and the network may not be used", _by_hand(name, needs)
        )
    return _download(name, needs, watch)


def cached(name: str, needs: Needs) -> Path | None:
    """Gives the folder of a model in the Hugging Face cache, or None; uses no network."""
    hub = _hub()
    try:
        first = hub.try_to_load_from_cache(name, needs.files[0][0])
    except ValueError as error:
        raise MissingModelError(
            name, "is no name on the Hugging Face Hub", f"give {needs.option} OWNER/MODEL"
        ) from error
    if not isinstance(first, str):
        return None
    folder = Path(first).parent
    return None if needs.missing(folder) else folder


def _download(name: str, needs: Needs, watch: Watch) -> Path:
    hub = _hub()
    try:
        # An answer without sizes would leave the user in the dark about gigabytes.
        info = hub.HfApi().model_info(name, files_metadata=True, timeout=_SECONDS)
        sizes = {file.rfilename: int(file.size or 0) for file in info.siblings or ()}
        wanted = [next((file for file in group if file in sizes), None) for group in needs.files]
        if None in wanted:
            lacking = [
                _alternatives(group)
                for group, file in zip(needs.files, wanted, strict=True)
                if file is None
            ]
            raise MissingModelError(
                name,
                f"is no {needs.what}: {', '.join(lacking)} is missing there",
                f"give another {needs.option}",
            )
        names = [*filter(None, wanted), *(file for file in needs.also if file in sizes)]
        watch.begin(name, sum(sizes[file] for file in names))
        try:
            bar = _bar_class(watch)
            paths = [
                hub.hf_hub_download(name, file, revision=info.sha, tqdm_class=bar) for file in names
            ]
        finally:
            watch.end()
    except (hub.errors.RepositoryNotFoundError, hub.errors.GatedRepoError) as error:
        raise MissingModelError(
            name,
            "is not on the Hugging Face Hub, or not for everybody",
            f"check the name, or give {needs.option} a folder",
        ) from error
    except SerError:
        raise
    except Exception as error:
        # Which library carries the request, and what it raises, changes with the hub's releases.
        raise MissingModelError(
            name, f"cannot be downloaded ({_reason(error)})", _by_hand(name, needs)
        ) from error
    folder = Path(paths[0]).parent
    # The cache finds a model of "main" by this note, which a download by commit does not leave.
    _note_main(folder)
    return folder


def _alternatives(group: tuple[str, ...]) -> str:
    return group[0] + (f" (or {', '.join(group[1:])})" if len(group) > 1 else "")


def _note_main(folder: Path) -> None:
    notes = folder.parent.parent / "refs"
    notes.mkdir(exist_ok=True)
    (notes / "main").write_text(folder.name, encoding="utf-8")


def _by_hand(name: str, needs: Needs) -> str:
    address = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    return (
        f"where there is a network, download {needs.listed} from {address}/{name}, "
        f"put them into one folder and give {needs.option} FOLDER"
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


def _bar_class(watch: Watch) -> type:
    """Makes what the hub takes for a progress bar."""

    class Bar:
        def __init__(self, *arguments: Any, **settings: Any) -> None:
            self.total = settings.get("total")
            self.n = 0
            # A second bar of the same bytes: those on the wire, which may be compressed.
            self._silent = "downloading bytes" in str(settings.get("desc") or "")
            self.update(settings.get("initial") or 0)

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *error: Any) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            self.n += int(n or 0)
            if not self._silent:
                watch.update(int(n or 0))

        def __getattr__(self, name: str) -> Any:
            return lambda *arguments, **settings: None

    return Bar
