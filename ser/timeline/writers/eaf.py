"""A timeline as an annotation file of ELAN."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ser.io.files import STANDARD
from ser.timeline.writers.base import escape_surrogates
from ser.timeline.writers.tiers import Interval, TierWriter

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# The names that ELAN itself gives to kinds of media.
_KINDS = {
    ".wav": "audio/x-wav",
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
    ".webm": "video/*",
    ".mkv": "video/*",
    ".avi": "video/*",
}

# The schema wants a date. That of the analysis would make files differ that say the same.
_DATE = "1970-01-01T00:00:00+00:00"


class EafWriter(TierWriter):
    """Writes two tiers and a link to the recording (EAF 3.0, http://www.mpi.nl/tools/elan).

    ELAN looks for the recording where it was, and then beside the annotation file.
    """

    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        """Gives the file's text."""
        from xml.etree.ElementTree import Element, SubElement, indent, tostring

        root = Element(
            "ANNOTATION_DOCUMENT",
            {
                "AUTHOR": "ser",
                "DATE": _DATE,
                "FORMAT": "3.0",
                "VERSION": "3.0",
                "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
                "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
            },
        )
        header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
        if self.file not in (None, STANDARD):
            SubElement(header, "MEDIA_DESCRIPTOR", _media(str(self.file)))
        times = SubElement(root, "TIME_ORDER")
        slots = _slots(tiers)
        for (time, _, _, _), name in slots.items():
            SubElement(times, "TIME_SLOT", TIME_SLOT_ID=name, TIME_VALUE=str(time))
        count = 0
        for tier, intervals in tiers.items():
            _add_tier(root, tier, intervals, slots, count)
            count += len(intervals)
        used = SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId")
        used.text = str(count)
        SubElement(
            root,
            "LINGUISTIC_TYPE",
            GRAPHIC_REFERENCES="false",
            LINGUISTIC_TYPE_ID="default-lt",
            TIME_ALIGNABLE="true",
        )
        indent(root)
        text = tostring(root, encoding="us-ascii").decode("ascii")
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


_Slot = tuple[int, bool, str, int]
"""Milliseconds, whether an interval begins there, its tier and its number: what to sort by."""


def _slots(tiers: Mapping[str, Sequence[Interval]]) -> dict[_Slot, str]:
    """Names every start and end, in order: each has its own, or ELAN would move them together."""
    slots: list[_Slot] = []
    for tier, intervals in tiers.items():
        for number, (start, end, _) in enumerate(intervals):
            slots += [(start, True, tier, number), (end, False, tier, number)]
    return {slot: f"ts{i}" for i, slot in enumerate(sorted(slots), start=1)}


def _add_tier(
    root: Element,
    tier: str,
    intervals: Sequence[Interval],
    slots: Mapping[_Slot, str],
    before: int,
) -> None:
    from xml.etree.ElementTree import SubElement

    element = SubElement(root, "TIER", LINGUISTIC_TYPE_REF="default-lt", TIER_ID=tier)
    for number, (start, end, text) in enumerate(intervals):
        annotation = SubElement(
            SubElement(element, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=f"a{before + number + 1}",
            TIME_SLOT_REF1=slots[start, True, tier, number],
            TIME_SLOT_REF2=slots[end, False, tier, number],
        )
        SubElement(annotation, "ANNOTATION_VALUE").text = text


def _media(file: str) -> dict[str, str]:
    # ELAN neither escapes nor unescapes these addresses.
    place = _printable(Path(file).absolute().as_posix())
    return {
        "MEDIA_URL": f"file:{place}" if place.startswith("//") else f"file:///{place.lstrip('/')}",
        "MIME_TYPE": _KINDS.get(Path(file).suffix.lower(), "audio/*"),
        "RELATIVE_MEDIA_URL": f"./{_printable(Path(file).name)}",
    }


def _printable(name: str) -> str:
    """Escapes what XML cannot hold."""
    illegal = r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]"
    return re.sub(illegal, lambda found: f"\\x{ord(found[0]):02x}", escape_surrogates(name))
