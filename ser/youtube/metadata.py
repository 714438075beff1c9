"""Metadata of a recording that was fetched, and its file name."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ser.errors import SerError
from ser.youtube.config import Section


@dataclass(frozen=True, slots=True)
class FetchedAudio:
    """A recording that was fetched, and its file.

    Attributes:
        id: Its id on the site.
        title: Its title there.
        uploader: Who published it; None where the site does not say.
        duration: Seconds of sound in the file.
        url: The page it is on.
        path: The file.
        start: Where the file begins in the recording, in seconds.
        end: Where it ends; None is the end of the recording.
    """

    id: str
    title: str
    uploader: str | None
    duration: float
    url: str
    path: str
    start: float = 0.0
    end: float | None = None

    def to_json(self, encoding: str | None = "utf-8") -> str:
        """Writes one line of JSON; ``start`` and ``end`` only for parts of a recording.

        Args:
            encoding: Of the stream; what it cannot hold is escaped.
        """
        record: dict[str, Any] = asdict(self)
        record["duration"] = round(self.duration, 3)
        if Section(self.start, self.end).whole:
            del record["start"], record["end"]
        text = json.dumps(record, ensure_ascii=False)
        try:
            text.encode(encoding or "utf-8")
        except UnicodeEncodeError:
            return json.dumps(record)
        return text


def describe_audio(
    info: Mapping[str, Any], path: Path, duration: float, section: Section | None = None
) -> FetchedAudio:
    """Makes the metadata of a file from yt-dlp's.

    Args:
        info: yt-dlp's fields.
        path: The file.
        duration: Seconds of sound in it.
        section: The part of the recording that it holds; None is all.
    """
    section = section or Section()
    uploader = info.get("uploader") or info.get("channel") or info.get("creator")
    return FetchedAudio(
        id=str(info["id"]),
        title=str(info.get("title") or info["id"]),
        uploader=str(uploader) if uploader else None,
        duration=duration,
        url=page_of(info),
        path=str(path),
        start=section.start,
        end=section.end,
    )


def page_of(info: Mapping[str, Any]) -> str:
    """Gives the address of a recording's page, as it is known so far."""
    for key in ("webpage_url", "url", "original_url", "id"):
        if info.get(key):
            return str(info[key])
    return "recording"


# Windows takes these for devices, with any suffix and in any case.
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"]
    + [f"{device}{digit}" for device in ("COM", "LPT") for digit in "0123456789¹²³"]
)

# What Windows or a path does not allow; a reader still sees what was meant.
_REPLACEMENTS = str.maketrans(
    {"/": "-", "\\": "-", ":": "-", "|": "-", '"': "'", "<": "(", ">": ")", "*": "", "?": ""}
)

# Most file systems take 255 bytes, or 255 UTF-16 units; encrypted ones take 143. The rest is for
# the id, the section, the suffix and the temporary name.
_TITLE_BYTES = 100
_ID_BYTES = 30
_HASH_DIGITS = 8


def file_name(title: str, identity: str, suffix: str, *, section: str = "", key: str = "") -> str:
    """Makes the name ``TITLE [ID].wav``.

    Args:
        title: Anything.
        identity: The recording's id on its site.
        suffix: With its dot.
        section: Which part of the recording the file holds; behind the id.
        key: What tells recordings apart whose ids do not: a hash of it stands behind the id. One
            stands there as well where an id had to be changed, which may make two alike.

    Returns:
        A name without separators, control or formatting characters, leading dashes or dots, or
        Windows' reserved names; at most 200 bytes of UTF-8.

    Examples:
        >>> file_name("AC/DC: live?", "a1", ".wav")
        'AC-DC- live [a1].wav'
    """
    name = _clean(identity, _ID_BYTES)
    if key or name != identity:
        name = "-".join(filter(None, (name, digest(identity, key))))
    # Dashes in front would be options, dots hidden files, tildes somebody's home.
    start = _clean(title.lstrip(".-~ "), _TITLE_BYTES).lstrip(".-~ ")
    parts = [start, f"[{name}]", _clean(section, _ID_BYTES)]
    stem = " ".join(part for part in parts if part)
    # Windows looks at what stands before the first dot.
    if stem.split(".")[0].rstrip().upper() in _RESERVED:
        stem = f"_{stem}"
    return stem + suffix


def digest(identity: str, key: str) -> str:
    """Shortens an id and what makes it unique to a few hexadecimal digits."""
    text = f"{key}\0{identity}".encode(errors="surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_HASH_DIGITS]


def join_inside(folder: Path, name: str) -> Path:
    """Joins a name to its folder.

    Raises:
        SerError: The name leads out of the folder, which `file_name` never does.
    """
    if name in ("", ".", "..") or re.search(r"[/\\\0]", name) or Path(name).is_absolute():
        raise SerError(f"name {name!r}", "leads out of the output folder", "report it")
    return folder / name


def _clean(text: str, longest: int) -> str:
    """Removes what some system does not allow in a name, and shortens it to a number of bytes."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        category = unicodedata.category(character)
        # Cf: marks that turn the direction of writing around, joiners, and other invisible things.
        # Cs: halves of characters. Co, Cn: private and unassigned ones, which fonts do not show.
        if category in ("Cf", "Cs", "Co", "Cn"):
            continue
        kept.append(" " if category[0] in "ZC" else character)
    line = " ".join("".join(kept).translate(_REPLACEMENTS).split())
    while len(line.encode()) > longest:
        line = line[:-1]
    # Windows drops dots and spaces from the end.
    return line.rstrip(". ")
