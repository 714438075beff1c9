"""What takes the results of an analysis, and that it gets all of them, in order."""

from __future__ import annotations

import io

import numpy as np
from timelines import LABELS, angry, sad, silence

from ser.inference.consumers import (
    Consumer,
    DurationMeter,
    SummaryMaker,
    TalkKeeper,
    WindowList,
    WindowWriter,
)
from ser.timeline.summary import TalkTime
from ser.timeline.writers.registry import make_writer


def feed(consumer: Consumer) -> None:
    consumer.add_block(np.zeros(4000, np.float32))
    for window in (sad(0, 3), silence(3, 6), angry(6, 9)):
        consumer.add_window(window)
    consumer.add_block(np.zeros(12_000, np.float32))
    consumer.finish()


def test_the_base_takes_everything_and_does_nothing() -> None:
    feed(Consumer())


def test_a_list_keeps_the_windows() -> None:
    found = WindowList()
    feed(found)
    assert [window.emotion for window in found.windows] == ["sad", "no speech", "angry"]


def test_a_meter_measures_seconds() -> None:
    meter = DurationMeter(16_000)
    feed(meter)
    assert meter.seconds == 1.0


def test_a_writer_writes_each_window() -> None:
    stream = io.StringIO()
    writer = make_writer("jsonl", stream, LABELS)
    writer.begin()
    feed(WindowWriter(writer))
    assert [line.count('"emotion"') for line in stream.getvalue().splitlines()] == [1, 1, 1]


def test_a_summary_is_made_at_the_end_and_written_where_that_is_asked_for() -> None:
    stream = io.StringIO()
    writer = make_writer("jsonl", stream, LABELS)
    writer.begin(summaries=True)
    written, kept = SummaryMaker("a.wav", LABELS, writer), SummaryMaker("a.wav", LABELS)
    assert kept.summaries == ()
    for maker in (written, kept):
        feed(maker)
    assert written.summaries == kept.summaries
    (summary,) = kept.summaries
    assert (summary.windows, summary.seconds) == (3, 9.0)
    assert len(stream.getvalue().splitlines()) == 1


def test_talk_time_is_kept_by_channel() -> None:
    maker, keeper = SummaryMaker("a.wav", LABELS), TalkKeeper()
    assert maker.measures_talk
    assert keeper.measures_talk
    assert not Consumer().measures_talk
    talk = TalkTime(4.5, 2, 1.5, 1.0)
    for consumer in (maker, keeper, Consumer()):
        consumer.set_talk(talk)
    feed(maker)
    (summary,) = maker.summaries
    assert summary.talk == keeper.talk == talk
    assert summary.speech == 0.5
    keeper.set_talk(talk, 2)
    assert keeper.talk is None
    each = SummaryMaker("a.wav", LABELS)
    for number in (1, 2):
        each.set_talk(TalkTime(float(number), 0, 0.0, 0.0), number)
    each.finish()
    assert [summary.talk and summary.talk.seconds for summary in each.summaries] == [1.0, 2.0]
