"""Every format, read back by an independent reader."""

from __future__ import annotations

import csv
import io
import json

import pytest
from timelines import LABELS, silence, unsure, window, written

from ser.errors import SerError
from ser.labels import UNCERTAIN
from ser.timeline.summary import Summariser
from ser.timeline.window import Window
from ser.timeline.writers.base import Writer
from ser.timeline.writers.registry import FORMATS, make_writer

SUMMARIES = [name for name, kind in FORMATS.items() if kind.summaries]
STREAMED = [name for name in FORMATS if name not in ("textgrid", "eaf")]


class Flushed(io.StringIO):
    """Remembers what a reader behind a pipe would have seen."""

    seen = ""

    def flush(self) -> None:
        self.seen = self.getvalue()


def summary_of(name: str, *more: Window) -> str:
    summariser = Summariser("a.wav", LABELS)
    for one in (window(0, 3, 0.1, 0.7, 0.2), window(3, 4, 0.08, 0.02, 0.9), *more):
        summariser.add(one)
    stream = io.StringIO()
    writer = make_writer(name, stream, LABELS)
    writer.begin(summaries=True)
    writer.write_summary(summariser.result())
    writer.end()
    return stream.getvalue()


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


def test_text_is_aligned_for_people() -> None:
    text = written("text", window(0, 3, 0.1, 0.83, 0.07), window(3, 6, 0.99, 0.0, 0.01))
    assert text.splitlines() == [
        "0:00.0–0:03.0  angry    0.83  ████████▎",
        "0:03.0–0:06.0  neutral  0.99  █████████▉",
    ]


def test_text_names_each_recording_when_there_are_several() -> None:
    text = written(
        "text",
        window(0, 3, 0.1, 0.9, 0),
        window(0, 3, 0.1, 0.9, 0, file="b.wav"),
        window(3, 6, 0.1, 0.9, 0, file="b.wav"),
        headings=True,
    )
    lines = text.splitlines()
    assert [line for line in lines if not line[:1].isdigit()] == ["a.wav", "", "b.wav"]
    assert len(lines) == 6


def test_text_of_silence_and_doubt() -> None:
    text = written("text", window(0, 3, 0.1, 0.83, 0.07), silence(3, 6), unsure(6, 9))
    assert text.splitlines() == [
        "0:00.0–0:03.0  angry    0.83  ████████▎",
        "0:03.0–0:06.0  no speech",
        "0:06.0–0:09.0  uncertain  0.35  ███▌",
    ]
    painted = written("text", silence(0, 3), unsure(3, 6), colour=True)
    assert painted.startswith("0:00.0–0:03.0  \x1b[2mno speech\x1b[0m\n")
    assert "38;5" not in painted


def test_text_shows_the_next_most_probable() -> None:
    windows = (window(0, 3, 0.1, 0.83, 0.07), unsure(3, 6), silence(6, 9))
    assert written("text", *windows, top=2).splitlines() == [
        "0:00.0–0:03.0  angry    0.83  ████████▎   neutral 0.10",
        "0:03.0–0:06.0  uncertain  0.35  ███▌        angry 0.35, sad 0.34",
        "0:06.0–0:09.0  no speech",
    ]
    first = written("text", windows[0], top=9).splitlines()[0]
    assert first.endswith("  neutral 0.10, sad 0.07")


def test_a_smoothed_emotion_leads_although_another_is_more_probable() -> None:
    odd = Window("a.wav", 0, 3, "sad", 0.4, {"neutral": 0.0, "angry": 0.6, "sad": 0.4})
    assert "sad      0.40" in written("text", odd, top=2)
    assert written("text", odd, top=2).endswith("  angry 0.60\n")


def test_text_has_colour_only_when_asked() -> None:
    one = window(0, 3, 0.1, 0.9, 0)
    assert "\x1b" not in written("text", one)
    assert "\x1b[38;5;" in written("text", one, colour=True)


def test_text_does_without_blocks_where_the_stream_cannot_encode_them() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    writer = make_writer("text", stream, LABELS)
    writer.begin()
    writer.write(window(0, 3, 0.1, 0.8, 0.1))
    assert raw.getvalue() == b"0:00.0-0:03.0  angry    0.80  ########\n"


def test_jsonl_holds_everything() -> None:
    record = json.loads(written("jsonl", window(0.5, 3.25, 0.1, 0.83, 0.07)))
    assert record == {
        "file": "a.wav",
        "start": 0.5,
        "end": 3.25,
        "emotion": "angry",
        "confidence": 0.83,
        "probabilities": {"neutral": 0.1, "angry": 0.83, "sad": 0.07},
    }
    assert list(record["probabilities"]) == list(LABELS)


def test_jsonl_of_silence_and_doubt() -> None:
    quiet, doubt = map(json.loads, written("jsonl", silence(0, 3), unsure(3, 6)).splitlines())
    assert (quiet["emotion"], quiet["confidence"]) == ("no speech", 0)
    assert quiet["probabilities"] == {}
    assert (doubt["emotion"], doubt["probabilities"]["sad"]) == ("uncertain", 0.34)


def test_jsonl_keeps_names_that_are_not_utf8() -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    line = written("jsonl", window(0, 1, 1, 0, 0, file=name))
    line.encode("utf-8")
    assert json.loads(line)["file"] == name
    assert "é" in written("jsonl", window(0, 1, 1, 0, 0, file="café.wav"))


def test_tsv_counts_milliseconds_and_escapes() -> None:
    text = written("tsv", window(0.0, 2.9996, 0.1, 0.83, 0.07, file="a\tb\nc\\d.wav"))
    assert text.splitlines() == [
        "file\tstart\tend\temotion\tconfidence\tneutral\tangry\tsad",
        "a\\tb\\nc\\\\d.wav\t0\t3000\tangry\t0.830000\t0.100000\t0.830000\t0.070000",
    ]


def test_csv_is_read_back_by_the_csv_module() -> None:
    name = 'a, "b"\nc.wav'
    text = written("csv", window(0, 3, 0.1, 0.83, 0.07, file=name), window(3, 6, 1, 0, 0))
    assert text.count("\r\n") == 3
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["file"] for row in rows] == [name, "a.wav"]
    assert rows[0]["end"] == "3.000"
    assert float(rows[0]["angry"]) == 0.83


@pytest.mark.parametrize(("name", "delimiter"), [("tsv", "\t"), ("csv", ",")])
def test_columns_of_silence_and_doubt(name: str, delimiter: str) -> None:
    text = written(name, silence(0, 3), unsure(3, 6))
    quiet, doubt = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    assert quiet["emotion"] == "no speech"
    assert [quiet[label] for label in LABELS] == ["", "", ""]
    assert (doubt["emotion"], doubt["sad"]) == ("uncertain", "0.340000")


@pytest.mark.parametrize("name", ["tsv", "csv"])
def test_columns_hold_one_kind_of_record(name: str) -> None:
    writer = make_writer(name, io.StringIO(), LABELS)
    writer.begin()
    with pytest.raises(ValueError, match="not both"):
        writer.write_summary(Summariser("a.wav", LABELS).result())


def test_summary_as_text() -> None:
    lines = summary_of("text").splitlines()
    assert lines[0] == "a.wav  0:04.0  100% speech  1 change"
    assert lines[1].split() == ["angry", "75%", "of", "speech", "███████▌", "mean", "0.53"]
    assert "uncertain" not in summary_of("text")
    assert lines[-1] == "  strongest: sad 0.90 at 0:03.0–0:04.0"


def test_summary_with_silence_and_doubt() -> None:
    more = (silence(4, 14), unsure(14, 20))
    lines = summary_of("text", *more).splitlines()
    assert lines[0] == "a.wav  0:20.0  50% speech  1 change"
    assert lines[1].split() == ["uncertain", "60%", "of", "speech", "██████"]
    assert lines[2].split()[:4] == ["angry", "30%", "of", "speech"]
    record = json.loads(summary_of("jsonl", *more))["summary"]
    assert (record["seconds"], record["speech"], record["emotion"]) == (20, 0.5, UNCERTAIN)
    assert record["shares"] == {"neutral": 0, "angry": 0.3, "sad": 0.1, "uncertain": 0.6}
    row = next(csv.DictReader(io.StringIO(summary_of("csv", *more))))
    assert (row["speech"], row["share_uncertain"]) == ("0.500000", "0.600000")
    assert list(row)[-4:] == ["share_uncertain", "mean_neutral", "mean_angry", "mean_sad"]


def test_summary_as_json_and_columns() -> None:
    record = json.loads(summary_of("jsonl"))
    assert record["file"] == "a.wav"
    assert record["summary"]["shares"] == {"neutral": 0, "angry": 0.75, "sad": 0.25, "uncertain": 0}
    assert record["summary"]["strongest"]["emotion"] == "sad"
    row = next(csv.DictReader(io.StringIO(summary_of("tsv")), delimiter="\t"))
    assert (row["duration"], row["strongest_start"], row["changes"]) == ("4000", "3000", "1")
    assert float(row["mean_sad"]) == pytest.approx(0.375)
    row = next(csv.DictReader(io.StringIO(summary_of("csv"))))
    assert (row["duration"], row["emotion"], row["share_angry"]) == ("4.000", "angry", "0.750000")


@pytest.mark.parametrize("name", SUMMARIES)
def test_summary_of_a_recording_without_windows(name: str) -> None:
    stream = io.StringIO()
    writer = make_writer(name, stream, LABELS)
    writer.begin(summaries=True)
    writer.write_summary(Summariser("empty.wav", LABELS).result())
    assert "empty.wav" in stream.getvalue()


@pytest.mark.parametrize("name", sorted(set(FORMATS) - set(SUMMARIES)))
def test_formats_without_summaries_refuse_them(name: str) -> None:
    writer = make_writer(name, io.StringIO(), LABELS)
    writer.begin()
    with pytest.raises(ValueError, match="no summaries"):
        writer.write_summary(Summariser("a.wav", LABELS).result())


@pytest.mark.parametrize("name", [name for name, kind in FORMATS.items() if kind.one_recording])
def test_formats_of_one_recording_refuse_a_second(name: str) -> None:
    windows = window(0, 1, 1, 0, 0), window(0, 1, 1, 0, 0, file="b.wav")
    with pytest.raises(SerError, match=r"b\.wav: does not fit into one file with a\.wav"):
        written(name, *windows)


def test_an_unknown_format_names_the_known() -> None:
    with pytest.raises(SerError, match="text, jsonl, tsv, csv"):
        make_writer("xml", io.StringIO(), LABELS)
