"""Text for people."""

from __future__ import annotations

import io
from dataclasses import replace

from timelines import LABELS, WORDS, silence, spoken, unsure, window, written, written_summary

from ser.timeline.summary import TalkTime
from ser.timeline.window import Window
from ser.timeline.writers.registry import make_writer
from ser.timeline.writers.text import bar, can_draw_blocks


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


def test_text_of_prediction_sets() -> None:
    sets = (("angry", "sad"), (), LABELS)
    windows = [
        replace(window(at, at + 3, 0.1, 0.83, 0.07), prediction_set=found)
        for at, found in zip((0, 3, 6), sets, strict=True)
    ]
    ends = [line.partition("{")[2] for line in written("text", *windows).splitlines()]
    assert ends == ["angry, sad}", "none of these}", "cannot say}"]


def test_text_of_silence_and_doubt() -> None:
    text = written("text", window(0, 3, 0.1, 0.83, 0.07), silence(3, 6), unsure(6, 9))
    assert text.splitlines() == [
        "0:00.0–0:03.0  angry    0.83  ████████▎",
        "0:03.0–0:06.0  no speech",
        "0:06.0–0:09.0  uncertain  0.35  ███▌",
    ]
    painted = written("text", silence(0, 3), unsure(3, 6), color=True)
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


def test_text_has_colour_only_when_asked() -> None:
    one = window(0, 3, 0.1, 0.9, 0)
    assert "\x1b" not in written("text", one)
    assert "\x1b[38;5;" in written("text", one, color=True)


def test_text_does_without_blocks_where_the_stream_cannot_encode_them() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    writer = make_writer("text", stream, LABELS)
    writer.begin()
    writer.write(window(0, 3, 0.1, 0.8, 0.1))
    assert raw.getvalue() == b"0:00.0-0:03.0  angry    0.80  ########\n"


def test_a_smoothed_emotion_leads_although_another_is_more_probable() -> None:
    odd = Window("a.wav", 0, 3, "sad", 0.4, {"neutral": 0.0, "angry": 0.6, "sad": 0.4})
    assert "sad      0.40" in written("text", odd, top=2)
    assert written("text", odd, top=2).endswith("  angry 0.60\n")


def test_summary_as_text() -> None:
    lines = written_summary("text").splitlines()
    assert lines[0] == "a.wav  0:04.0  100% speech  1 change"
    assert lines[1].split() == ["angry", "75%", "of", "speech", "███████▌", "mean", "0.53"]
    assert "uncertain" not in written_summary("text")
    assert lines[-1] == "  strongest: sad 0.90 at 0:03.0–0:04.0"


def test_summary_with_silence_and_doubt() -> None:
    lines = written_summary("text", silence(4, 14), unsure(14, 20)).splitlines()
    assert lines[0] == "a.wav  0:20.0  50% speech  1 change"
    assert lines[1].split() == ["uncertain", "60%", "of", "speech", "██████"]
    assert lines[2].split()[:4] == ["angry", "30%", "of", "speech"]


def test_transcribed_words() -> None:
    lines = written("text", spoken(0, 3), silence(3, 6), words=WORDS).splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["0:00.0–0:03.0", "so"],
        ["English", "very"],
        ["voice", "angry"],
        ["words", "sad"],
        ["together", "angry"],
        ["!", "said"],
        ["0:03.0–0:06.0", "no"],
    ]
    # The numbers stand below each other.
    assert len({line.index("0.") for line in lines[2:5]}) == 1


def test_bars_are_drawn_to_an_eighth() -> None:
    assert bar(1, 3) == "███"
    assert bar(0.5, 3) == "█▌"
    assert bar(0, 3) == ""
    assert bar(0.5, 3, plain=True) == "##"
    assert can_draw_blocks(io.StringIO())
    assert not can_draw_blocks(io.TextIOWrapper(io.BytesIO(), encoding="latin-1"))


def test_talk_time_as_text() -> None:
    lines = written_summary("text", talk=TalkTime(2.0, 3, 1.5, 0.9)).splitlines()
    assert "50% speech" in lines[0]
    assert "  talk time 0:02.0, 3 pauses of 0.5 s on average, the longest 0.9 s" in lines
    assert "  talk time 0:02.0" in written_summary("text", talk=TalkTime(2.0, 0, 0, 0)).splitlines()
