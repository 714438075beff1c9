"""What every format has in common: records are flushed, and one file holds what it can hold."""

from __future__ import annotations

import io

import pytest
from timelines import LABELS, OVERLAPPING, window, written

from ser.errors import SerError
from ser.timeline.summary import Summarizer
from ser.timeline.writers.base import MultiWriter, Writer, escape_surrogates, one_line
from ser.timeline.writers.registry import FORMATS, make_writer

STREAMED = [name for name in FORMATS if name not in ("textgrid", "eaf")]
WITHOUT_SUMMARIES = sorted(name for name, kind in FORMATS.items() if not kind.summaries)


class Flushed(io.StringIO):
    """Remembers what a reader behind a pipe would have seen."""

    seen = ""

    def flush(self) -> None:
        self.seen = self.getvalue()


@pytest.mark.parametrize("name", STREAMED)
def test_every_record_is_flushed_at_once(name: str) -> None:
    stream = Flushed()
    writer: Writer = make_writer(name, stream, LABELS)
    writer.begin()
    if name in ("vtt", "srt"):
        # Whether windows overlap shows with the second.
        writer.write(window(0, 1, 0.1, 0.7, 0.2))
    for i in range(3):
        before = stream.seen
        writer.write(window(i + 1, i + 2, 0.1, 0.7, 0.2))
        assert len(stream.seen) > len(before)
        assert stream.seen == stream.getvalue()


@pytest.mark.parametrize("name", WITHOUT_SUMMARIES)
def test_formats_without_summaries_refuse_them(name: str) -> None:
    writer = make_writer(name, io.StringIO(), LABELS)
    writer.begin()
    with pytest.raises(ValueError, match="no summaries"):
        writer.write_summary(Summarizer("a.wav", LABELS).result())


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.one_recording])
def test_formats_of_one_recording_refuse_a_second(name: str) -> None:
    windows = window(0, 1, 1, 0, 0), window(0, 1, 1, 0, 0, file="b.wav")
    with pytest.raises(SerError, match=r"b\.wav: does not fit into one file with a\.wav"):
        written(name, *windows)


def test_several_formats_at_once_are_what_each_writer_alone_would() -> None:
    streams = {name: io.StringIO() for name in FORMATS}
    several = MultiWriter([make_writer(name, stream, LABELS) for name, stream in streams.items()])
    several.begin()
    for one in OVERLAPPING:
        several.write(one)
    several.end()
    for name, stream in streams.items():
        assert stream.getvalue() == written(name, *OVERLAPPING)


def test_several_formats_of_summaries() -> None:
    streams = [io.StringIO(), io.StringIO()]
    several = MultiWriter(
        [make_writer(n, s, LABELS) for n, s in zip(("csv", "text"), streams, strict=True)]
    )
    several.begin(summaries=True)
    several.write_summary(Summarizer("a.wav", LABELS).result())
    several.end()
    assert all("a.wav" in stream.getvalue() for stream in streams)


def test_texts_fit_into_one_printable_line() -> None:
    assert one_line(" a\tb\x1b[31m\n\n c ") == "a b [31m c"
    assert one_line("caf\udce9") == "caf\\udce9"
    assert escape_surrogates("caf\udce9 é") == "caf\\udce9 é"
