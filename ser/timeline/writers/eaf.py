"""A timeline as an annotation file of ELAN."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ser.io.files import STANDARD
from ser.timeline.readers.eaf import open_eaf
from ser.timeline.writers.base import escape_surrogates
from ser.timeline.writers.tiers import Interval, TierWriter, free_name

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

    Where the windows come from such a file, everything in it stays, and the tiers are added.

    ELAN looks for the recording where it was, and then beside the annotation file.
    """

    def document(self, tiers: Mapping[str, Sequence[Interval]], end: int) -> str:
        """Gives the file's text."""
        from xml.etree.ElementTree import Element, SubElement

        if self.options.annotation.lower().endswith(".eaf"):
            return _extend(Path(self.options.annotation), tiers)
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
            root.append(_tier(tier, intervals, slots, count))
            count += len(intervals)
        used = SubElement(header, "PROPERTY", NAME="lastUsedAnnotationId")
        used.text = str(count)
        root.append(_linguistic_type("default-lt"))
        return _text(root)


_Slot = tuple[int, bool, str, int]
"""Milliseconds, whether an interval begins there, its tier and its number: what to sort by."""


def _slots(tiers: Mapping[str, Sequence[Interval]], prefix: str = "") -> dict[_Slot, str]:
    """Names every start and end, in order: each has its own, or ELAN would move them together."""
    slots: list[_Slot] = []
    for tier, intervals in tiers.items():
        for number, (start, end, _) in enumerate(intervals):
            slots += [(start, True, tier, number), (end, False, tier, number)]
    return {slot: f"{prefix}ts{i}" for i, slot in enumerate(sorted(slots), start=1)}


def _extend(path: Path, tiers: Mapping[str, Sequence[Interval]]) -> str:
    """Gives the text of an annotation file with further tiers."""
    from xml.etree.ElementTree import SubElement, register_namespace

    register_namespace("xsi", "http://www.w3.org/2001/XMLSchema-instance")
    root = open_eaf(path)
    ids = {value for element in root.iter() for value in element.attrib.values()}
    named = {free_name(name, ids): intervals for name, intervals in tiers.items()}
    numbered = (f"ser{number}_" for number in itertools.count(1))
    prefix = next(each for each in numbered if not any(value.startswith(each) for value in ids))
    slots = _slots(named, prefix)
    times = root.find("TIME_ORDER")
    if times is None:
        times = SubElement(root, "TIME_ORDER")
    for (time, _, _, _), slot_id in slots.items():
        SubElement(times, "TIME_SLOT", TIME_SLOT_ID=slot_id, TIME_VALUE=str(time))
    kind = free_name("emotion", ids)
    # Behind the last tier, in front of the types: the schema wants this order.
    place = max((i for i, element in enumerate(root) if element.tag == "TIER"), default=None)
    if place is None:
        place = list(root).index(times)
    count = 0
    for name, intervals in named.items():
        place += 1
        root.insert(place, _tier(name, intervals, slots, count, kind=kind, prefix=prefix))
        count += len(intervals)
    last = max((i for i, each in enumerate(root) if each.tag == "LINGUISTIC_TYPE"), default=place)
    root.insert(last + 1, _linguistic_type(kind))
    return _text(root)


def _linguistic_type(name: str) -> Element:
    """Makes the type of tiers whose annotations have times."""
    from xml.etree.ElementTree import Element

    return Element(
        "LINGUISTIC_TYPE",
        GRAPHIC_REFERENCES="false",
        LINGUISTIC_TYPE_ID=name,
        TIME_ALIGNABLE="true",
    )


def _text(root: Element) -> str:
    from xml.etree.ElementTree import indent, tostring

    indent(root)
    text = tostring(root, encoding="us-ascii").decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _tier(
    tier: str,
    intervals: Sequence[Interval],
    slots: Mapping[_Slot, str],
    before: int,
    *,
    kind: str = "default-lt",
    prefix: str = "",
) -> Element:
    from xml.etree.ElementTree import Element, SubElement

    element = Element("TIER", LINGUISTIC_TYPE_REF=kind, TIER_ID=tier)
    for number, (start, end, text) in enumerate(intervals):
        annotation = SubElement(
            SubElement(element, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=f"{prefix}a{before + number + 1}",
            TIME_SLOT_REF1=slots[start, True, tier, number],
            TIME_SLOT_REF2=slots[end, False, tier, number],
        )
        SubElement(annotation, "ANNOTATION_VALUE").text = text
    return element


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
