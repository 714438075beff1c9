"""Who speaks when, from samples to turns with names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from voices import RATE, say, talk

from ser.errors import ParameterError
from ser.speakers.diarization import SpeakerTurns
from ser.speakers.voiceprints import enrol, read_store
from ser.timeline.turn import Turn


def annotation(turns: list[Turn]) -> Annotation:
    made = Annotation()
    for number, turn in enumerate(turns):
        made[Segment(turn.start, turn.end), number] = turn.speaker
    return made


@pytest.mark.filterwarnings("ignore:'uem' was approximated")
@pytest.mark.parametrize("limits", [(1, 8), (2, 2), (2, 4)])
def test_two_voices(limits: tuple[int, int]) -> None:
    samples, wanted = talk([1, 2], 12)
    found = SpeakerTurns(*limits).turns((samples, RATE), "talk")
    assert {turn.speaker for turn in found} == {"speaker 1", "speaker 2"}
    assert found[0].speaker == "speaker 1"
    rate = DiarizationErrorRate(collar=0.5)
    parts = rate.compute_components(annotation(wanted), annotation(found))
    assert parts["confusion"] < 0.02 * parts["total"]


def test_one_voice() -> None:
    samples, _ = talk([1], 8)
    found = SpeakerTurns().turns((samples, RATE), "talk")
    assert {turn.speaker for turn in found} == {"speaker 1"}


def test_nobody() -> None:
    assert SpeakerTurns().turns((np.zeros(RATE, np.float32), RATE), "silence") == []


def test_enrolled_names() -> None:
    samples, _ = talk([1, 2], 8)
    ben = enrol("Ben", [(say(2, 3), RATE)])
    found = SpeakerTurns(2, 2, (ben,)).turns((samples, RATE), "talk")
    assert [turn.speaker for turn in found[:2]] == ["speaker 1", "Ben"]


def test_names_hold_over_recordings(tmp_path: Path) -> None:
    store = str(tmp_path / "voices.npz")
    first, _ = talk([1, 2], 8)
    second, _ = talk([2], 6)
    third, _ = talk([2, 1], 8)
    turns = SpeakerTurns(store=store)
    assert [t.speaker for t in turns.turns((first, RATE), "a")[:2]] == ["speaker 1", "speaker 2"]
    assert {t.speaker for t in turns.turns((second, RATE), "b")} == {"speaker 2"}
    assert [t.speaker for t in turns.turns((third, RATE), "c")[:2]] == ["speaker 2", "speaker 1"]
    assert [voice.name for voice in read_store(Path(store))] == ["speaker 1", "speaker 2"]
    # Who is enrolled later has this name from then on.
    anna = enrol("Anna", [(say(1, 4), RATE)])
    named = SpeakerTurns(enrolled=(anna,), store=store).turns((first, RATE), "d")
    assert [t.speaker for t in named[:2]] == ["Anna", "speaker 2"]


@pytest.mark.parametrize("limits", [(0, 2), (3, 2)])
def test_numbers_that_are_none(limits: tuple[int, int]) -> None:
    with pytest.raises(ParameterError, match="is no number of speakers"):
        SpeakerTurns(*limits)
