"""The HTML page of a report: its template is filled part by part, so that memory stays small."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

import numpy as np

from ser import __version__
from ser.arrays import Array
from ser.colors import emotion_color, text_color_on
from ser.labels import NO_SPEECH, UNCERTAIN
from ser.timeline.clock import format_time, milliseconds
from ser.timeline.summary import Summary
from ser.timeline.window import Voice, Window, voice_of
from ser.timeline.writers.base import one_line
from ser.viz.html.waveform import WaveformOutline, lighten_for_dark

_HERE = Path(__file__).parent

# A multiple of 3, so that pieces of base64 can stand side by side.
_PIECE = 3 << 18


@dataclass(frozen=True, slots=True)
class PageFacts:
    """What a page shows of a recording, beside its windows.

    Attributes:
        recording: The recording's name.
        labels: The model's labels in its order.
        model: The model's name.
        start: Where the analysis began, in seconds from the start of the file.
        outline: The waveform outline.
        summary: The summary of the windows.
        voices: The channel and the speaker of each voice, where voices are told apart.
    """

    recording: str
    labels: tuple[str, ...]
    model: str
    start: float
    outline: WaveformOutline
    summary: Summary
    voices: tuple[Voice, ...] = ((None, None),)


@dataclass(frozen=True, slots=True)
class SoundSource:
    """Where a page has its sound from: a file inside it, a link, or nowhere.

    Attributes:
        path: A file to embed, or None.
        mime: Its media type.
        address: A link, relative to the page, or empty.
    """

    path: Path | None
    mime: str
    address: str

    @classmethod
    def embedded(cls, path: Path, mime: str) -> Self:
        """Gives the source for a file inside the page, which begins where the analysis does."""
        return cls(path, mime, "")

    @classmethod
    def linked(cls, path: str) -> Self:
        """Gives the source for a link to the whole recording, by its path relative to the page."""
        # A colon before the first slash would be taken for the end of a scheme, such as file:.
        address = quote(path.encode("utf-8", "surrogateescape"), safe="/")
        return cls(None, "", address)

    @classmethod
    def none(cls) -> Self:
        """Gives the source of a page without sound."""
        return cls(None, "", "")


def write_page(
    stream: IO[str],
    facts: PageFacts,
    sound: SoundSource,
    windows: Iterable[Window],
    segments: Iterable[Window],
    words: Iterable[Sequence[Any]] = (),
) -> None:
    """Writes a page that loads nothing from anywhere, but for a sound that is linked to.

    Args:
        stream: The page is written here.
        facts: What it shows.
        sound: What it plays.
        windows: The windows of the recording in order.
        segments: The same, joined; see `ser.timeline.postprocess`.
        words: The transcript word by word: start and end in seconds, and the text.
    """
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    style = (_HERE / "page.css").read_text(encoding="utf-8")
    title = one_line(Path(facts.recording).name) or facts.recording
    parts: Mapping[str, Callable[[], Iterable[str]]] = {
        "policy": lambda: [_policy(script, style, sound)],
        "title": lambda: [html.escape(title)],
        "path": lambda: [html.escape(one_line(facts.recording))],
        "about": lambda: [html.escape(_summary_line(facts))],
        "version": lambda: [html.escape(__version__)],
        "look": lambda: [style],
        "script": lambda: [script],
        "sound": lambda: _player(sound),
        "data": lambda: _data(facts, sound, windows, segments, words),
    }
    template = (_HERE / "page.html").read_text(encoding="utf-8")
    for number, piece in enumerate(re.split(r"\{\{(\w+)\}\}", template)):
        for text in parts[piece]() if number % 2 else [piece]:
            stream.write(text)


def _policy(script: str, style: str, sound: SoundSource) -> str:
    """Gives the content security policy: what the page holds, no network, no other scripts."""
    media = "'self' file: http: https:" if sound.address else "data:"
    return (
        f"default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"media-src {media}; script-src 'sha256-{_digest(script)}'; "
        f"style-src 'sha256-{_digest(style)}'"
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _summary_line(facts: PageFacts) -> str:
    summary = facts.summary
    changes = f"{summary.changes} change" + ("" if summary.changes == 1 else "s")
    words = [format_time(summary.seconds), f"{summary.speech:.0%} speech", changes]
    if summary.strongest is not None:
        moment = summary.strongest
        words.append(
            f"strongest: {moment.emotion} {moment.confidence:.2f} at {format_time(moment.start)}"
        )
    if facts.model:
        words.append(f"model {one_line(facts.model)}")
    return " · ".join(words)


def _player(sound: SoundSource) -> Iterator[str]:
    if sound.path is None and not sound.address:
        yield '<p class="note">This report was made without its sound.</p>'
        return
    yield '<audio id="audio" controls preload="auto" src="'
    if sound.path is None:
        yield html.escape(sound.address)
    else:
        yield f"data:{sound.mime};base64,"
        with sound.path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield base64.b64encode(piece).decode()
    yield '"></audio>'


def _data(
    facts: PageFacts,
    sound: SoundSource,
    windows: Iterable[Window],
    segments: Iterable[Window],
    words: Iterable[Sequence[Any]],
) -> Iterator[str]:
    """Gives everything that the script draws, as JSON; times are whole milliseconds."""
    names = [*facts.labels, UNCERTAIN, NO_SPEECH]
    low, high = facts.outline.columns()
    # One shout must not make everything else a line: the loudest hundredth is cut off.
    full = float(np.quantile(np.maximum(high, -low), 0.99)) if len(low) else 0.0
    head = {
        "labels": facts.labels,
        "names": names,
        "light": [emotion_color(name) for name in names],
        "dark": [lighten_for_dark(emotion_color(name)) for name in names],
        "inkLight": [text_color_on(emotion_color(name)) for name in names],
        "inkDark": [text_color_on(lighten_for_dark(emotion_color(name))) for name in names],
        "voices": [_voice_name(voice) for voice in facts.voices],
        "silences": [
            [milliseconds(start), milliseconds(end)]
            for start, end in (facts.summary.talk.silences if facts.summary.talk else ())
        ],
        "shares": [round(facts.summary.shares.get(name, 0.0), 4) for name in names],
        "start": milliseconds(facts.start),
        "end": milliseconds(facts.start + facts.outline.seconds),
        # Where the sound's own time begins: a linked file is the whole recording.
        "origin": milliseconds(0 if sound.address else facts.start),
        "column": facts.outline.column_seconds * 1000,
        "low": _scaled(low, full),
        "high": _scaled(high, full),
    }
    yield _json(head)[:-1]
    yield ',"windows":['
    yield from _rows(windows, names, facts.labels, facts.voices)
    yield '],"segments":['
    yield from _rows(segments, names, (), facts.voices)
    yield '],"words":['
    for number, (start, end, text) in enumerate(words):
        row = [milliseconds(start), milliseconds(end), one_line(text)]
        yield "," * bool(number) + _json(row)
    yield "]}"


def _voice_name(voice: Voice) -> str:
    channel, speaker = voice
    parts = [] if channel is None else [f"channel {channel}"]
    return ", ".join([*parts, *([one_line(speaker)] if speaker else [])])


def _rows(
    windows: Iterable[Window],
    names: Sequence[str],
    labels: Sequence[str],
    voices: Sequence[Voice],
) -> Iterator[str]:
    """Gives start, end, numbers of name and voice, confidence, and probabilities in thousandths."""
    numbers = {name: number for number, name in enumerate(names)}
    places = {voice: number for number, voice in enumerate(voices)}
    between = ""
    for window in windows:
        row = [
            milliseconds(window.start),
            milliseconds(window.end),
            numbers[window.emotion],
            round(window.confidence * 1000),
            places[voice_of(window)],
        ]
        if window.probabilities:
            row += [round(window.probabilities.get(label, 0.0) * 1000) for label in labels]
        yield between + _json(row)
        between = ","


def _scaled(values: Array, full: float) -> list[int]:
    """Makes -127 to 127 of what lies within plus and minus `full`."""
    scaled: list[int] = np.rint(np.clip(values / (full or 1.0), -1, 1) * 127).astype(int).tolist()
    return scaled


def _json(value: Any) -> str:
    # Nothing in it may end the element that holds it, nor begin a comment there.
    return json.dumps(value, separators=(",", ":")).replace("<", "\\u003c")
