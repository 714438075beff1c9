"""What an analysis gives: the windows of a recording, to look at, to save and to compute with."""

from __future__ import annotations

import html
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ser.audio import reader
from ser.audio.causes import until_incomplete
from ser.audio.reader import Source, source_name
from ser.audio.selection import DEFAULT, Selection
from ser.errors import SerError, missing_package
from ser.inference.windowing import FULL, TimeRange
from ser.io.roles import refuse_overwriting
from ser.timeline.clock import format_time
from ser.timeline.postprocess import Postprocessing
from ser.timeline.summary import Summarizer, Summary, TalkTime
from ser.timeline.turn import Turn, measure_turns
from ser.timeline.window import Window
from ser.timeline.writers.columns import (
    CHANNEL_FIELD,
    SET_FIELD,
    SPEAKER_FIELD,
    WINDOW_FIELDS,
)
from ser.timeline.writers.registry import write_timeline
from ser.wording import counted

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

# Rows of the table in a notebook.
_ROWS = 10

_PICTURES = (".png", ".svg")


class Timeline(Sequence[Window]):
    """The windows, or segments, of one recording in the order of their starts.

    A notebook shows it as a picture and a table.

    Args:
        windows: The windows.
        labels: The model's labels in its order.
        source: The recording; `plot` and pages read its sound again.
        name: The recording's name; None for the source's own.
        model: The model's name, for pictures.
        sample_rate: The rate at which pictures read the sound, in hertz.
        time_range: Which part of the recording was analyzed.
        selection: Which track of it was heard, and which channel.
        remarks: What is unusual about it.
        talk: How long somebody speaks in it, for `summary`.
        turns: Who speaks when, for `speakers`.
        annotation: The annotation file that the windows come from; TextGrid and EAF files keep
            what is in it.

    Attributes:
        labels: The model's labels in its order.
        name: The recording's name.
        model: The model's name.
        remarks: What is unusual about the recording: gaps, broken packets, an end that is missing.

    Examples:
        >>> windows = [Window("a.wav", 0.0, 3.0, "sad", 0.7, {"calm": 0.3, "sad": 0.7})]
        >>> timeline = Timeline(windows, labels=("calm", "sad"))
        >>> timeline[0].emotion, len(timeline), timeline.summary().emotion
        ('sad', 1, 'sad')
    """

    def __init__(
        self,
        windows: Iterable[Window],
        *,
        labels: Sequence[str],
        source: Source | None = None,
        name: str | None = None,
        model: str = "",
        sample_rate: int = 16_000,
        time_range: TimeRange = FULL,
        selection: Selection = DEFAULT,
        remarks: Sequence[str] = (),
        talk: TalkTime | None = None,
        turns: Sequence[Turn] = (),
        annotation: str = "",
    ) -> None:
        self._windows = tuple(windows)
        self.labels = tuple(labels)
        self.model = model
        self._source = source
        self._rate = sample_rate
        self._range = time_range
        self._selection = selection
        self.remarks = tuple(remarks)
        self._talk = talk
        self._turns = tuple(turns)
        self._annotation = annotation
        if name is None:
            name = source_name(source) if source is not None else ""
            name = self._windows[0].file if self._windows else name
        self.name = name

    @overload
    def __getitem__(self, index: int) -> Window: ...

    @overload
    def __getitem__(self, index: slice) -> Timeline: ...

    def __getitem__(self, index: int | slice) -> Window | Timeline:
        if isinstance(index, slice):
            part = self._with(self._windows[index])
            if len(part) < len(self):
                # Talk time is that of the whole.
                part._talk = None
            return part
        return self._windows[index]

    def __len__(self) -> int:
        return len(self._windows)

    def __iter__(self) -> Iterator[Window]:
        return iter(self._windows)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Timeline):
            return NotImplemented
        return self._windows == other._windows and self.labels == other.labels

    def __hash__(self) -> int:
        return hash((self.labels, self.name, len(self._windows)))

    def __repr__(self) -> str:
        seconds = self._windows[-1].end if self._windows else 0.0
        return f"<Timeline: {counted(len(self), 'window')} of {self.name}, {format_time(seconds)}>"

    def segments(self, *, smooth: float | None = None, min_confidence: float = 0.0) -> Timeline:
        """Joins neighbouring windows of one emotion.

        `ser.analyze` with ``segments=True`` does more: its windows overlap by half, and are
        smoothed by 0.8 before they are joined.

        Args:
            smooth: Smooth first, with this probability that an emotion lasts for another second.
            min_confidence: Call windows uncertain first whose emotion is less probable, 0 to 1.

        Returns:
            Segments that do not overlap, in the order of their starts.

        Raises:
            ParameterError: `smooth` is no probability under 1.
        """
        return self._with(Postprocessing(smooth, min_confidence, join=True)(self._windows))

    def summary(self) -> Summary:
        """Summarizes the recording: shares of the emotions, of speech, the strongest moment."""
        summarizer = Summarizer(self.name, self.labels)
        summarizer.talk = self._talk
        for window in self._windows:
            summarizer.add(window)
        return summarizer.result()

    def speakers(self) -> dict[str, Summary]:
        """Summarizes each speaker by itself, where speakers are told apart.

        Returns:
            By name, in the order in which they first speak; `Summary.turns` says how each takes
            part in the conversation.
        """
        taking = measure_turns(self._turns)
        found: dict[str, Summarizer] = {}
        for window in self._windows:
            if window.speaker:
                own = found.setdefault(
                    window.speaker, Summarizer(self.name, self.labels, None, window.speaker)
                )
                own.add(window)
        for speaker, own in found.items():
            own.turns = taking.get(speaker)
        return {speaker: own.result() for speaker, own in found.items()}

    def to_dict(self) -> dict[str, Any]:
        """Gives the timeline in plain types, for JSON.

        Returns:
            ``file``, ``model``, ``labels``, and ``windows``: the records that the format ``jsonl``
            has, times in seconds.
        """
        stream = io.StringIO()
        write_timeline(stream, self._windows, "jsonl", labels=self.labels)
        return {
            "file": self.name,
            "model": self.model,
            "labels": list(self.labels),
            "windows": [json.loads(line) for line in stream.getvalue().splitlines()],
        }

    def to_pandas(self) -> pandas.DataFrame:
        """Makes a data frame: a row per window.

        Returns:
            A `pandas.DataFrame` with the columns ``file``, ``start``, ``end`` (in seconds),
            ``emotion``, ``confidence``, and the probability of every label by its name, which is
            not a number (NaN) in windows without speech. Where a coverage was asked for, the
            column ``set`` has the emotions of each prediction set, a tuple. Where channels or
            speakers are told apart, ``channel`` and ``speaker`` are the last columns.

        Raises:
            DependencyError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ModuleNotFoundError as error:
            raise missing_package("to_pandas", error.name) from error
        rows = [
            [getattr(window, field) for field in WINDOW_FIELDS]
            + [window.probabilities.get(label, float("nan")) for label in self.labels]
            for window in self._windows
        ]
        frame = pd.DataFrame(rows, columns=[*WINDOW_FIELDS, *self.labels])
        sets = [window.prediction_set for window in self._windows]
        if any(found is not None for found in sets):
            frame[SET_FIELD] = sets
        for field in (CHANNEL_FIELD, SPEAKER_FIELD):
            names = [getattr(window, field) for window in self._windows]
            if any(name is not None for name in names):
                frame[field] = names
        return frame

    def save(self, path: str | Path, format: str | None = None) -> None:
        """Writes the timeline to a file, whole or not at all.

        Args:
            path: The file. Its ending tells the format: every format of ``ser-analyze``
                (``.jsonl``, ``.csv``, ``.tsv``, ``.vtt``, ``.srt``, ``.TextGrid``, ``.eaf``,
                ``.rttm``, ``.txt`` …), ``.html`` for a page, ``.png`` or ``.svg`` for a picture.
            format: The format's name, where the ending does not tell.

        Raises:
            OverwritingError: It would replace the recording.
            SerError: The format is unknown, or the file cannot be written.
        """
        refuse_overwriting(path, self._source)
        suffix = Path(path).suffix.lower() if format is None else f".{format}"
        if suffix == ".html":
            self._save_page(Path(path))
        elif suffix in _PICTURES:
            from ser.viz.figure import save_figure

            save_figure(self.plot(), Path(path))
        else:
            write_timeline(
                path,
                self._windows,
                format,
                labels=self.labels,
                annotation=self._annotation,
                whole=bool(self._annotation),
            )

    def plot(self, *, sound: bool = True) -> Figure:
        """Draws the probabilities over time, below the sound where it can be read again.

        Args:
            sound: Draw waveform and spectrogram too. The recording is read again for that.

        Returns:
            A figure of matplotlib.

        Raises:
            DependencyError: matplotlib is not installed.
        """
        from ser.viz.overview import Overview
        from ser.viz.timeline import plot_timeline

        overview = None
        if sound and self._is_readable():
            overview = Overview(self._rate)
            for block in self._blocks():
                overview.add(block)
        subtitle = f"model {self.model}" if self.model else ""
        return plot_timeline(self._windows, overview, title=Path(self.name).name, subtitle=subtitle)

    def _repr_html_(self) -> str:
        """Shows the timeline in a notebook: a picture where matplotlib is there, and a table."""
        try:
            from ser.viz.figure import figure_svg

            picture = figure_svg(self.plot(sound=False))
        except SerError:
            picture = ""
        head = "".join(f"<th>{name}</th>" for name in ("start", "end", "emotion", "confidence"))
        rows = "".join(
            f"<tr><td>{format_time(w.start)}</td><td>{format_time(w.end)}</td>"
            f"<td>{html.escape(w.emotion)}</td><td>{w.confidence:.2f}</td></tr>"
            for w in self._windows[:_ROWS]
        )
        more = len(self) - _ROWS
        rest = f"<p>… and {more} more</p>" if more > 0 else ""
        title = html.escape(Path(self.name).name)
        return (
            f"<div><p><b>{title}</b>: {counted(len(self), 'window')}</p>{picture}"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{rest}</div>"
        )

    def _with(self, windows: Iterable[Window]) -> Timeline:
        return Timeline(
            windows,
            labels=self.labels,
            source=self._source,
            name=self.name,
            model=self.model,
            sample_rate=self._rate,
            time_range=self._range,
            selection=self._selection,
            remarks=self.remarks,
            talk=self._talk,
            turns=self._turns,
            annotation=self._annotation,
        )

    def _is_readable(self) -> bool:
        """Says whether the sound can be read again: from a file or from memory."""
        if isinstance(self._source, str | Path):
            return Path(self._source).is_file()
        return isinstance(self._source, tuple)

    def _blocks(self) -> Iterator[Any]:
        assert self._source is not None  # noqa: S101  # _is_readable was asked
        return until_incomplete(
            reader.stream(
                self._source,
                self._rate,
                offset=self._range.start,
                duration=self._range.seconds,
                selection=self._selection,
            )
        )

    def _save_page(self, path: Path) -> None:
        from ser.viz.html.report import HtmlReport

        readable = self._is_readable()
        with HtmlReport(
            path,
            self.name,
            self.labels,
            self._rate,
            model=self.model,
            start=self._range.start,
            sound="auto" if readable else "none",
        ) as report:
            for block in self._blocks() if readable else ():
                report.add_block(block)
            for window in self._windows:
                report.add_window(window)
            report.save()
