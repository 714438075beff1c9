"""The HTML report of one recording, gathered while the recording is analyzed."""

from __future__ import annotations

import heapq
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal, get_args

from ser.arrays import Samples
from ser.errors import SerError, cannot_write
from ser.io.files import STANDARD, Closeable, atomic_path, is_special
from ser.timeline.postprocess import join_segments
from ser.timeline.summary import Summarizer, TalkTime
from ser.timeline.window import Voice, Window, voice_of, voice_order
from ser.viz.html.encoder import EMBED_LIMIT, SoundEncoder, encoded_size
from ser.viz.html.page import PageFacts, SoundSource, write_page
from ser.viz.html.waveform import WaveformOutline

SoundChoice = Literal["auto", "embed", "link", "none"]
"""Where a report has its sound from: ``embed`` puts it into the page, ``link`` plays the recording
itself, ``none`` has no sound; ``auto`` embeds what fits and links to anything longer."""

SOUND_CHOICES: tuple[str, ...] = get_args(SoundChoice)


class HtmlReport(Closeable):
    """A web page about one recording; a context manager, which holds temporary files.

    Memory does not grow with the recording: sound is encoded and windows are written away as they
    come.

    Args:
        target: The page; known now because a link is relative to it.
        recording: The recording's path, or another name for what is no file.
        labels: The model's labels in its order.
        rate: The sample rate of the blocks, in hertz.
        model: The model's name.
        start: Where the analysis begins, in seconds from the start of the file.
        seconds: How much is analyzed, where that is known: what cannot fit is not encoded.
        sound: Where the sound comes from.
        limit: Bytes of encoded sound that are embedded by ``auto``.

    Attributes:
        linked: The page plays the recording, which must stay where it is.

    Raises:
        SerError: A link is asked for, and the recording is no file.
    """

    def __init__(
        self,
        target: Path,
        recording: str,
        labels: Sequence[str],
        rate: int,
        *,
        model: str = "",
        start: float = 0.0,
        seconds: float | None = None,
        sound: SoundChoice = "auto",
        limit: int = EMBED_LIMIT,
    ) -> None:
        source = Path(recording)
        self._linkable = recording != STANDARD and source.exists() and not is_special(source)
        if sound == "link" and not self._linkable:
            raise SerError(
                recording, "is no file that a report could link to", "embed the sound, or leave it"
            )
        self.linked = False
        self._target = target
        self._recording = recording
        self._labels = tuple(labels)
        self._model = model
        self._start = start
        self._choice = sound
        self._outline = WaveformOutline(rate)
        self._summary = Summarizer(recording, labels)
        self._folder = tempfile.TemporaryDirectory(prefix="ser-report-")
        folder = Path(self._folder.name)
        self._rows = (folder / "windows").open("w", encoding="utf-8")
        self._parts = (folder / "parts").open("w", encoding="utf-8")
        self._voices: dict[Voice, None] = {}
        self._words = (folder / "words").open("w", encoding="utf-8")
        self._words_until = float("-inf")
        self._encoder: SoundEncoder | None = None
        too_long = self._linkable and encoded_size(seconds or 0.0) > limit
        if sound == "embed" or (sound == "auto" and not too_long):
            self._encoder = SoundEncoder(folder / "sound", rate, limit if sound == "auto" else None)

    def close(self) -> None:
        """Removes the temporary files."""
        if self._encoder is not None:
            self._encoder.close()
        self._rows.close()
        self._parts.close()
        self._words.close()
        self._folder.cleanup()

    def add_block(self, samples: Samples) -> None:
        """Takes the next samples, shape (samples,)."""
        self._outline.add(samples)
        if self._encoder is not None:
            self._encoder.add(samples)

    def add_window(self, window: Window) -> None:
        """Takes the next window; windows come in the order of their starts."""
        self._summary.add(window)
        self._voices[voice_of(window)] = None
        self._rows.write(_line(window))
        for word in () if window.spoken is None else window.spoken.times:
            # Windows that overlap have words in common.
            middle = (word.start + word.end) / 2
            if middle > self._words_until:
                self._words_until = middle
                self._words.write(json.dumps([word.start, word.end, word.text]) + "\n")

    def add_part(self, window: Window) -> None:
        """Takes a window that becomes part of a segment: curves are made of those."""
        self._parts.write(_line(window))

    def set_talk(self, talk: TalkTime) -> None:
        """Takes how long somebody speaks."""
        self._summary.talk = talk

    def save(self) -> None:
        """Writes the page, whole or not at all.

        Raises:
            SerError: It cannot be written.
        """
        facts = PageFacts(
            recording=self._recording,
            labels=self._labels,
            model=self._model,
            start=self._start,
            outline=self._outline,
            summary=self._summary.result(),
            voices=tuple(sorted(self._voices, key=voice_order)),
        )
        try:
            sound = self._sound_source()
            with (
                atomic_path(self._target) as temporary,
                temporary.open("w", encoding="utf-8", newline="\n") as stream,
            ):
                if self._parts.tell():
                    windows, joined = self._windows(self._parts), self._windows(self._rows)
                else:
                    windows, joined = self._windows(self._rows), self._joined()
                write_page(stream, facts, sound, windows, joined, _read_lines(self._words))
        except OSError as error:
            raise cannot_write(self._target, error, SerError) from error

    def _sound_source(self) -> SoundSource:
        if self._encoder is not None and not self._encoder.full:
            self._encoder.finish()
            return SoundSource.embedded(self._encoder.path, self._encoder.mime)
        if self._choice == "none" or not self._linkable:
            return SoundSource.none()
        self.linked = True
        # Relative, so that both can be moved; symbolic links stay as the user made them.
        folder = os.path.abspath(self._target.parent)  # noqa: PTH100
        return SoundSource.linked(os.path.relpath(os.path.abspath(self._recording), folder))  # noqa: PTH100

    def _windows(self, written: IO[str]) -> Iterator[Window]:
        for start, end, emotion, confidence, probabilities, channel, speaker in _read_lines(
            written
        ):
            yield Window(
                self._recording,
                start,
                end,
                emotion,
                confidence,
                probabilities,
                channel=channel,
                speaker=speaker,
            )

    def _joined(self) -> Iterator[Window]:
        """Joins the windows of each voice."""

        def own(voice: Voice) -> Iterator[Window]:
            return (each for each in self._windows(self._rows) if voice_of(each) == voice)

        joined = [join_segments(own(voice)) for voice in self._voices]
        return heapq.merge(*joined, key=lambda segment: segment.start)


def _line(window: Window) -> str:
    row = [window.start, window.end, window.emotion, window.confidence, window.probabilities]
    return json.dumps([*row, window.channel, window.speaker], default=dict) + "\n"


def _read_lines(written: IO[str]) -> Iterator[list[Any]]:
    written.flush()
    with Path(written.name).open(encoding="utf-8") as stream:
        yield from map(json.loads, stream)
