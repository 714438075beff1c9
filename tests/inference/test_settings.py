"""One value that says how recordings are read, wherever that is done."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import soundfile
from speech import render
from spoken import EMOTIONS

from ser.inference.adaptation import Voices, calibrate
from ser.inference.engine import Engine, open_engine
from ser.inference.recognizer import Part, Windowing, analyse
from ser.inference.settings import Settings
from ser.timeline.postprocess import Refinement

RATE = 16_000


@pytest.fixture(scope="module")
def engine(prosodic_model: Path) -> Engine:
    return open_engine(prosodic_model)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> str:
    parts = [render(emotion, 3, seed=30 + k, seconds=2.0) for k, emotion in enumerate(EMOTIONS)]
    path = tmp_path_factory.mktemp("said") / "said.wav"
    soundfile.write(path, np.concatenate(parts), RATE, subtype="FLOAT")
    return str(path)


def settings(voices: Voices) -> Settings:
    return Settings(Windowing(1.0, 0.5), Part(0.5, 5.0), Refinement(0.8, 0.3, True), False, voices)


@pytest.mark.parametrize("own", [False, True])
def test_what_a_recogniser_is_told(own: bool, engine: Engine, recording: str) -> None:
    chosen = settings(Voices(own=own))
    found = list(chosen.recogniser(recording, engine)(part=chosen.part))
    known = calibrate([recording], engine, vad=False) if own else None
    expected = list(
        analyse(recording, engine, chosen.windowing, part=chosen.part, calibration=known, vad=False)
    )
    assert len(found) == len(expected) > 5
    assert (found[0].start, found[0].end) == (0.5, 1.5)
    for one, other in zip(found, expected, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-6)


def test_a_voice_that_is_known_counts(engine: Engine, recording: str) -> None:
    plain, known = (
        list(settings(voices).recogniser(recording, engine)())
        for voices in (Voices(), Voices(own=True))
    )
    change = [
        abs(one.probabilities[emotion] - other.probabilities[emotion])
        for one, other in zip(plain, known, strict=True)
        for emotion in engine.labels
    ]
    assert max(change) > 0.01


def test_they_go_to_other_processes() -> None:
    chosen = settings(Voices(own=True, labelled=(("sad", "a.wav"),)))
    assert pickle.loads(pickle.dumps(chosen)) == chosen
