"""The list of what is done, in yt-dlp's format: a line ``site id`` per recording."""

from __future__ import annotations

from pathlib import Path

from ser.errors import SerError


def prepare_archive(path: Path) -> None:
    """Makes sure that a list can be read and written before hours of work rely on it.

    The file, and its folder, are made where they are missing.

    Raises:
        SerError: It is something else, or cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+", encoding="utf-8") as file:
            file.seek(0)
            for number, line in enumerate(file, 1):
                if line.strip() and len(line.split()) < 2:
                    raise SerError(
                        path,
                        f"is no list of recordings (line {number} is not 'site id')",
                        "name a new file or one that yt-dlp wrote",
                    )
    except UnicodeDecodeError as error:
        raise SerError(
            path, "is no list of recordings", "name a new file or one that yt-dlp wrote"
        ) from error
    except OSError as error:
        raise SerError(
            path, f"cannot be written ({error.strerror or error})", "check the path"
        ) from error
