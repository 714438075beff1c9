"""Turns from the tiers of an annotation file of ELAN."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote

from ser.timeline.readers.base import GivenTurn, TurnReader, read_bytes, refuse_damaged
from ser.timeline.readers.textgrid import turns_of_tiers

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element


class EafReader(TurnReader):
    """Reads annotations that have times of their own; the name of the tier is the speaker.

    Tiers whose annotations refer to others (words of an utterance) have none, and give no turns.
    """

    tiers: ClassVar[bool] = True

    def read(self, path: Path, tiers: Sequence[str] = ()) -> list[GivenTurn]:
        """Reads a file; see `TurnReader`."""
        root = open_eaf(path)
        times = {
            slot.get("TIME_SLOT_ID", ""): _seconds(path, slot.get("TIME_VALUE"))
            for slot in root.iterfind("TIME_ORDER/TIME_SLOT")
        }
        spans: dict[str, list[tuple[float, float]]] = {}
        for tier in root.iterfind("TIER"):
            annotations = tier.findall("ANNOTATION/ALIGNABLE_ANNOTATION")
            if not annotations:
                continue
            own = spans.setdefault(tier.get("TIER_ID", ""), [])
            for annotation in annotations:
                start = times.get(annotation.get("TIME_SLOT_REF1", ""))
                end = times.get(annotation.get("TIME_SLOT_REF2", ""))
                if start is not None and end is not None:
                    own.append((start, end))
        return turns_of_tiers(path, spans, tiers)

    def recordings(self, path: Path) -> list[Path]:
        """Gives the recording that a file is linked to, where it can be found."""
        for media in open_eaf(path).iterfind("HEADER/MEDIA_DESCRIPTOR"):
            places = [
                path.parent / media.get("RELATIVE_MEDIA_URL", ""),
                Path(media.get("MEDIA_URL", "").removeprefix("file://")),
            ]
            for place in [each for known in places for each in (known, Path(unquote(str(known))))]:
                if place.is_file():
                    return [place]
        return []


def open_eaf(path: Path) -> Element:
    """Opens an annotation file.

    Args:
        path: The file.

    Returns:
        Its root element. Entities from outside are not read, and Python's parser stops at those
        that would grow without end.

    Raises:
        SerError: It cannot be read, or is no annotation file.
    """
    from xml.etree.ElementTree import ParseError, fromstring

    try:
        root = fromstring(read_bytes(path))  # noqa: S314 - see above
    except (ParseError, ValueError, LookupError) as error:
        raise refuse_damaged(path, "annotation file of ELAN", error) from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise refuse_damaged(path, "annotation file of ELAN", f"its root is {root.tag[:40]}")
    return root


def _seconds(path: Path, value: str | None) -> float | None:
    # A slot without a value lies somewhere between its neighbours.
    if value is None:
        return None
    try:
        return int(value) / 1000
    except ValueError as error:
        raise refuse_damaged(path, "annotation file of ELAN", "a time is no number") from error
