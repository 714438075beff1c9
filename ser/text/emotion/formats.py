"""Output formats for the emotions of texts, one record per text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ser.text.emotion.base import LabelProbabilities
from ser.timeline.writers.base import one_line
from ser.timeline.writers.text import bar, color_text

_BAR = 10

TextFormat = Callable[[str, LabelProbabilities, bool, bool], str]
"""Writes a text and the probability of every label; with colors or not, in ASCII alone or not."""


def as_text(text: str, found: LabelProbabilities, color: bool, plain: bool) -> str:
    """Writes the text, and below it all probabilities, the largest first."""
    lines = [one_line(text)]
    width = max(map(len, found))
    for label, share in sorted(found.items(), key=lambda item: -item[1]):
        drawn = bar(share, _BAR, plain=plain)
        name = label.ljust(width)
        if color:
            name, drawn = color_text(label, name), color_text(label, drawn)
        lines.append(f"  {name}  {share:.2f}  {drawn}".rstrip())
    return "\n".join(lines) + "\n"


def as_json(text: str, found: LabelProbabilities, color: bool, plain: bool) -> str:
    """Writes one JSON object on one line."""
    emotion = max(found, key=lambda name: found[name])
    record = {
        "text": text,
        "emotion": emotion,
        "confidence": round(found[emotion], 6),
        "probabilities": {name: round(share, 6) for name, share in found.items()},
    }
    return json.dumps(record, ensure_ascii=plain) + "\n"


def as_tsv(text: str, found: LabelProbabilities, color: bool, plain: bool) -> str:
    """Writes emotion, confidence, the probability of every label and the text, with tabs."""
    emotion = max(found, key=lambda name: found[name])
    numbers = [f"{share:.6f}" for share in (found[emotion], *found.values())]
    return "\t".join([emotion, *numbers, one_line(text)]) + "\n"


FORMATS: Mapping[str, TextFormat] = MappingProxyType(
    {"text": as_text, "jsonl": as_json, "tsv": as_tsv}
)
"""Every format by name."""


def header(name: str, labels: tuple[str, ...]) -> str:
    """Gives what an output in a format begins with."""
    if name != "tsv":
        return ""
    return "\t".join(["emotion", "confidence", *labels, "text"]) + "\n"
