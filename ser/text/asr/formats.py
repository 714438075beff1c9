"""Transcripts as text, subtitles, tables and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from types import MappingProxyType

from ser.text.asr.base import Passage
from ser.timeline.clock import format_time, milliseconds
from ser.timeline.writers.base import escape_surrogates, one_line, stamp

Format = Callable[[str, int, Passage], str]
"""Gives the text of a passage, from the recording's name and the passage's number from 1 on."""


def as_text(file: str, number: int, passage: Passage) -> str:
    """Writes ``0:03.0–0:06.0  what was said``, and a translation in the line below."""
    span = f"{format_time(passage.start)}–{format_time(passage.end)}"
    lines = [f"{span:>15}  {one_line(passage.text)}"]
    if passage.translation:
        lines.append(f"{'English':>15}  {one_line(passage.translation)}")
    return "\n".join(lines) + "\n"


def as_json(file: str, number: int, passage: Passage) -> str:
    """Writes everything as one JSON object on one line; times in seconds."""
    times = [
        {"word": word.text, **{k: round(v, 3) for k, v in asdict(word).items() if k != "text"}}
        for word in passage.words
    ]
    record = {
        "file": file,
        "start": round(passage.start, 3),
        "end": round(passage.end, 3),
        "text": passage.text,
        "language": passage.language,
        "translation": passage.translation,
        "times": times,
    }
    return json.dumps(record, ensure_ascii=not file.isprintable()) + "\n"


def as_tsv(file: str, number: int, passage: Passage) -> str:
    """Writes file, start, end (milliseconds), language, text and translation with tabs between."""
    cells = [
        escape_surrogates(file),
        str(milliseconds(passage.start)),
        str(milliseconds(passage.end)),
        passage.language,
        one_line(passage.text),
        one_line(passage.translation),
    ]
    return "\t".join(cell.replace("\t", " ") for cell in cells) + "\n"


def as_srt(file: str, number: int, passage: Passage) -> str:
    """Writes a subtitle in SubRip's form."""
    start, end = milliseconds(passage.start), milliseconds(passage.end)
    return f"{number}\n{stamp(start, ',')} --> {stamp(end, ',')}\n{one_line(passage.text)}\n\n"


def as_vtt(file: str, number: int, passage: Passage) -> str:
    """Writes a subtitle in WebVTT's form."""
    start, end = milliseconds(passage.start), milliseconds(passage.end)
    text = one_line(passage.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{number}\n{stamp(start, '.')} --> {stamp(end, '.')}\n{text}\n\n"


FORMATS: Mapping[str, tuple[str, Format]] = MappingProxyType(
    {
        "text": ("", as_text),
        "jsonl": ("", as_json),
        "tsv": ("file\tstart\tend\tlanguage\ttext\ttranslation\n", as_tsv),
        "srt": ("", as_srt),
        "vtt": ("WEBVTT\n\n", as_vtt),
    }
)
"""Every format by name: what it begins with, and how it writes a passage."""

ONE_RECORDING = frozenset({"srt", "vtt"})
"""The formats that hold one recording."""
