"""RTTM, read by the rules of NIST's RT-09 evaluation plan, appendix A."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from timelines import angry, sad, silence, unsure, written

from ser.timeline.window import Window

NUMBER = r"(\d+\.\d+)"
LINE = re.compile(rf"SPEAKER (\S+) 1 {NUMBER} {NUMBER} <NA> <NA> (\S+) ([01]\.\d+) <NA>")


@dataclass
class Turn:
    file: str
    start: float
    seconds: float
    name: str
    confidence: float


def read(text: str) -> list[Turn]:
    assert text.endswith("\n") or not text
    turns = []
    for line in text.splitlines():
        found = LINE.fullmatch(line)
        assert found is not None, line
        # Readers split at white space.
        assert len(line.split()) == 10
        file, start, seconds, name, confidence = found.groups()
        turns.append(Turn(file, float(start), float(seconds), name, float(confidence)))
    return turns


def test_a_line_per_window_with_speech() -> None:
    windows = (angry(0, 3), silence(3, 6), unsure(6, 9), sad(9, 12.5))
    assert read(written("rttm", *windows)) == [
        Turn("a", 0, 3, "angry", 0.83),
        Turn("a", 6, 3, "uncertain", 0.35),
        Turn("a", 9, 3.5, "sad", 0.9),
    ]


def test_rounded_neighbours_do_not_overlap() -> None:
    turns = read(written("rttm", *(sad(i / 3, (i + 1) / 3) for i in range(100))))
    for turn, following in pairwise(turns):
        assert round(turn.start + turn.seconds, 3) == following.start


def test_many_recordings_fit_and_keep_their_names_apart() -> None:
    files = ("x/a.wav", "y/a.wav", "y/a.mp3", "b c.d.flac", "-")
    windows = [sad(i, i + 1, file=file) for file in files for i in range(2)]
    names = [turn.file for turn in read(written("rttm", *windows))]
    assert names[::2] == names[1::2]
    assert names[::2] == ["a", "y/a", "y/a.mp3", "b_c.d", "-"]


def test_names_that_are_equal_but_for_white_space() -> None:
    files = ("a b.wav", "a_b.wav", "a\tb.wav", "a\nb.wav", "a\rb.wav")
    names = [turn.file for turn in read(written("rttm", *(sad(0, 1, file=f) for f in files)))]
    assert len(set(names)) == len(files)


@pytest.mark.parametrize("name", [" .wav", ".wav", "\u2028.wav", "ß;;.wav"])
def test_odd_names_are_one_field(name: str) -> None:
    assert len(read(written("rttm", sad(0, 1, file=name)))) == 1


def test_names_that_are_not_utf8() -> None:
    name = b"caf\xe9.wav".decode("utf-8", "surrogateescape")
    (turn,) = read(written("rttm", Window(name, 0, 1, "very sad", 0.5, {})))
    assert turn.file == "caf\\udce9"
    assert turn.name == "very_sad"
