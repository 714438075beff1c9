"""Reports for the tests, and what is in their pages."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
from pictures import rising_tone
from timelines import LABELS, angry, sad, silence, unsure

from ser.timeline.window import Window
from ser.viz.html.report import HtmlReport

RATE = 16_000
WINDOWS = (angry(0, 3), sad(1.5, 4.5), silence(3, 6), unsure(4.5, 7.5))


def written_report(folder: Path, name: str = "talk.wav", **more: Any) -> str:
    source = folder / name
    # Nobody opens it: what is heard is given.
    source.touch()
    target = folder / "report.html"
    with HtmlReport(target, str(source), LABELS, RATE, model="tiny", **more) as report:
        for block in np.array_split(rising_tone(8), 7):
            report.add_block(block)
        for window in WINDOWS:
            report.add_window(Window(str(source), *window_fields(window)))
        report.save()
    return target.read_text(encoding="utf-8")


def window_fields(window: Window) -> tuple[Any, ...]:
    return (
        window.start, window.end, window.emotion, window.confidence, window.probabilities,
    )  # fmt: skip


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def sound_of(page: str) -> str:
    found = re.search(r'<audio [^>]*src="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])
