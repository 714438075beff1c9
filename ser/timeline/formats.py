"""The registry of timeline formats: one line for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import IO

from ser.errors import SerError
from ser.timeline.audacity import AudacityWriter
from ser.timeline.csvformat import CsvWriter
from ser.timeline.eaf import EafWriter
from ser.timeline.jsonl import JsonLinesWriter
from ser.timeline.rttm import RttmWriter
from ser.timeline.srt import SrtWriter
from ser.timeline.text import TextWriter
from ser.timeline.textgrid import TextGridWriter
from ser.timeline.tsv import TsvWriter
from ser.timeline.vtt import VttWriter
from ser.timeline.writer import Writer

FORMATS: Mapping[str, type[Writer]] = MappingProxyType(
    {
        "text": TextWriter,
        "jsonl": JsonLinesWriter,
        "tsv": TsvWriter,
        "csv": CsvWriter,
        "vtt": VttWriter,
        "srt": SrtWriter,
        "audacity": AudacityWriter,
        "textgrid": TextGridWriter,
        "rttm": RttmWriter,
        "eaf": EafWriter,
    }
)
"""Every format by the name that ``--format`` takes."""


def make_writer(
    name: str,
    stream: IO[str],
    labels: Sequence[str],
    *,
    colour: bool = False,
    headings: bool = False,
    top: int = 1,
    words: Sequence[str] = (),
) -> Writer:
    """Makes the writer of a format; the arguments are those of `Writer`.

    Raises:
        SerError: There is no such format.
    """
    if name not in FORMATS:
        raise SerError(name, "is not a timeline format", f"use one of {', '.join(FORMATS)}")
    return FORMATS[name](stream, labels, colour=colour, headings=headings, top=top, words=words)
