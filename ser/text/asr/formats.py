"""Output formats of transcripts: text, subtitles, a table and JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ser.text.asr.base import Utterance
from ser.timeline.clock import format_time, milliseconds
from ser.timeline.writers.base import escape_surrogates, one_line
from ser.timeline.writers.subtitles import timestamp

UtteranceFormat = Callable[[str, int, Utterance], str]
"""Writes an utterance, from the recording's name and the utterance's number from 1 on."""


def as_text(file: str, number: int, utterance: Utterance) -> str:
    """Writes ``0:03.0–0:06.0  the words``, and a translation in the line below."""
    span = f"{format_time(utterance.start)}–{format_time(utterance.end)}"
    lines = [f"{span:>15}  {one_line(utterance.text)}"]
    if utterance.translation:
        lines.append(f"{'English':>15}  {one_line(utterance.translation)}")
    return "\n".join(lines) + "\n"


def as_json(file: str, number: int, utterance: Utterance) -> str:
    """Writes everything as one JSON object on one line; times in seconds."""
    times = [
        {"word": word.text, **{k: round(v, 3) for k, v in word._asdict().items() if k != "text"}}
        for word in utterance.words
    ]
    record = {
        "file": file,
        "start": round(utterance.start, 3),
        "end": round(utterance.end, 3),
        "text": utterance.text,
        "language": utterance.language,
        "translation": utterance.translation,
        "times": times,
    }
    return json.dumps(record, ensure_ascii=not file.isprintable()) + "\n"


def as_tsv(file: str, number: int, utterance: Utterance) -> str:
    """Writes file, start, end (milliseconds), language, text and translation with tabs between."""
    cells = [
        escape_surrogates(file),
        str(milliseconds(utterance.start)),
        str(milliseconds(utterance.end)),
        utterance.language,
        one_line(utterance.text),
        one_line(utterance.translation),
    ]
    return "\t".join(cell.replace("\t", " ") for cell in cells) + "\n"


def as_srt(file: str, number: int, utterance: Utterance) -> str:
    """Writes a subtitle in SubRip's form."""
    start, end = milliseconds(utterance.start), milliseconds(utterance.end)
    times = f"{timestamp(start, ',')} --> {timestamp(end, ',')}"
    return f"{number}\n{times}\n{one_line(utterance.text)}\n\n"


def as_vtt(file: str, number: int, utterance: Utterance) -> str:
    """Writes a subtitle in WebVTT's form."""
    start, end = milliseconds(utterance.start), milliseconds(utterance.end)
    text = one_line(utterance.text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{number}\n{timestamp(start, '.')} --> {timestamp(end, '.')}\n{text}\n\n"


FORMATS: Mapping[str, tuple[str, UtteranceFormat]] = MappingProxyType(
    {
        "text": ("", as_text),
        "jsonl": ("", as_json),
        "tsv": ("file\tstart\tend\tlanguage\ttext\ttranslation\n", as_tsv),
        "srt": ("", as_srt),
        "vtt": ("WEBVTT\n\n", as_vtt),
    }
)
"""Every format by name: the text that it begins with, and how it writes an utterance."""

ONE_RECORDING = frozenset({"srt", "vtt"})
"""The formats that hold one recording."""
