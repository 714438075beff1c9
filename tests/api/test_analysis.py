"""`ser.analyze` and `ser.load_model`: what goes in, and that the commands say the same."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import ROOT, Run
from speech import render
from spoken import EMOTIONS

import ser
from ser.errors import ArtifactError, AudioError, LabelError, ParameterError, SerError

RATE = 16_000


@pytest.fixture(scope="module")
def samples() -> Any:
    parts = [render(emotion, 3, seed=30 + k, seconds=2.0) for k, emotion in enumerate(EMOTIONS)]
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def path(samples: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("said") / "said.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return path


def said(timeline: ser.Timeline) -> list[tuple[float, float, str, float]]:
    return [(w.start, w.end, w.emotion, round(w.confidence, 5)) for w in timeline]


def test_importing_takes_nothing_along() -> None:
    code = (
        "import sys; import ser; print('numpy' in sys.modules, 'ser.api' in sys.modules);"
        "print(sorted(set(ser.__all__) - set(dir(ser))));"
        "ser.analyze; print('ser.api' in sys.modules, 'tensorflow' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split("\n")[:3] == ["False False", "[]", "True False"]


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        ser.nonsense  # noqa: B018


def test_every_source_gives_the_same(tiny_model: Path, path: Path, samples: Any) -> None:
    model = ser.load_model(tiny_model)
    expected = said(ser.analyze(path, model=model, hop=0.5))
    assert len(expected) > 8
    with path.open("rb") as file:
        from_file = ser.analyze(file, model=model, hop=0.5)
    for found in (
        ser.analyze(str(path), model=str(tiny_model), hop=0.5),
        from_file,
        ser.analyze(io.BytesIO(path.read_bytes()), model=model, hop=0.5),
        ser.analyze(samples, sample_rate=RATE, model=model, hop=0.5),
        ser.analyze((samples, RATE), model=model, hop=0.5),
        ser.analyze(np.stack([samples, samples], axis=1), sample_rate=RATE, model=model, hop=0.5),
    ):
        assert said(found) == expected
    assert from_file.name == str(path)
    assert ser.analyze(samples, sample_rate=RATE, model=model, name="x")[0].file == "x"


def test_the_command_says_the_same(tiny_model: Path, path: Path, run: Run) -> None:
    for options, arguments in (
        ({}, []),
        ({"segments": True}, ["--segments"]),
        ({"hop": 0.5, "start": 1.0, "end": 5.0}, ["--hop", 0.5, "--start", 1, "--end", 5]),
        ({"vad": False, "min_confidence": 0.9}, ["--no-vad", "--min-confidence", 0.9]),
        ({"adapt": "self", "hop": 0.5}, ["--adapt", "self", "--hop", 0.5]),
        ({"prior": {"sad": 1, "angry": 3}}, ["--prior", "sad=1,angry=3"]),
    ):
        timeline = ser.analyze(path, model=tiny_model, **options)  # type: ignore[arg-type]
        done = run("ser-analyze", path, "--model", tiny_model, "-f", "csv", *arguments)
        assert done.returncode == 0, done.err
        rows = list(csv.DictReader(io.StringIO(done.out)))
        assert [row["emotion"] for row in rows] == [w.emotion for w in timeline]
        assert [float(row["confidence"]) for row in rows] == pytest.approx(
            [w.confidence for w in timeline], abs=1e-3
        )


def test_a_prior_of_the_model_and_of_one_recording(tiny_model: Path, path: Path) -> None:
    model = ser.load_model(tiny_model, prior={"sad": 1, "angry": 3})
    wanted = said(ser.analyze(path, model=tiny_model, prior={"sad": 1, "angry": 3}))
    assert said(ser.analyze(path, model=model)) == wanted
    assert said(ser.analyze(path, model=model, prior="alike")) == said(
        ser.analyze(path, model=tiny_model, prior="alike")
    )
    with pytest.raises(ParameterError, match="bored"):
        ser.load_model(tiny_model, prior={"bored": 1})
    with pytest.raises(ParameterError, match="coverage"):
        ser.analyze(path, model=model, coverage=0.9)


def test_speech_of_the_voice_counts(prosodic_model: Path, path: Path) -> None:
    model = ser.load_model(prosodic_model)
    plain = ser.analyze(path, model=model, vad=False)
    found = [
        ser.analyze(path, model=model, vad=False, adapt="self"),
        ser.analyze(path, model=model, vad=False, adapt=[path, path]),
        ser.analyze(path, model=model, vad=False, enrol={"sad": path}),
        ser.analyze(path, model=model, vad=False, enrol={"sad": [path], "angry": [path]}),
    ]
    for adapted in found:
        assert said(adapted) != said(plain)
    with pytest.raises(SerError, match="bored"):
        ser.analyze(path, model=model, enrol={"bored": path})


def test_a_clip_as_a_whole(tiny_model: Path, samples: Any) -> None:
    model = ser.load_model(tiny_model)
    clip = samples[:RATE]
    found = model.predict(clip, sample_rate=RATE)
    assert list(found) == list(model.labels)
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)
    window = ser.analyze(clip, sample_rate=RATE, model=model, vad=False)[0]
    assert found == pytest.approx(window.probabilities, abs=1e-5)
    other = np.repeat(clip, 2)
    assert model.predict(other, sample_rate=2 * RATE) == pytest.approx(found, abs=0.2)


def test_sound_in_blocks(tiny_model: Path, samples: Any) -> None:
    model = ser.load_model(tiny_model)
    blocks = (samples[at : at + 1000] for at in range(0, len(samples), 1000))
    found = list(model.stream(blocks, sample_rate=RATE))
    expected = ser.analyze(samples, sample_rate=RATE, model=model)
    assert [(w.start, w.emotion) for w in found] == [(w.start, w.emotion) for w in expected]
    taken = 0

    def live() -> Any:
        nonlocal taken
        for at in range(0, len(samples), 1600):
            taken += 1
            yield samples[at : at + 1600]

    next(iter(model.stream(live(), sample_rate=RATE)))
    # A window of a second is known after a second, and not at the end.
    assert taken <= 11


def test_mistakes_are_named(tiny_model: Path, path: Path, samples: Any, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="sample_rate"):
        ser.analyze(samples, model=tiny_model)
    with pytest.raises(ParameterError, match="sample_rate"):
        ser.analyze(path, sample_rate=RATE, model=tiny_model)
    with pytest.raises(ParameterError, match="hop"):
        ser.analyze(path, hop=0.0, model=tiny_model)
    with pytest.raises(AudioError, match="does not exist"):
        ser.analyze(tmp_path / "none.wav", model=tiny_model)
    with pytest.raises(ArtifactError):
        ser.load_model(tmp_path / "none.keras")
    assert issubclass(LabelError, ser.SerError)


def test_unknown_engines(tiny_model: Path) -> None:
    with pytest.raises(ParameterError, match=r"^engine=kears: is unknown; did you mean keras"):
        ser.load_model(tiny_model, engine="kears")  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match=r"^device=zzz: is unknown; use one of"):
        ser.load_model(tiny_model, device="zzz")  # type: ignore[arg-type]


def test_the_shipped_model(path: Path) -> None:
    model = ser.load_model()
    assert len(model.labels) == 8
    assert ser.analyze(path)[0].probabilities.keys() == set(model.labels)


def test_a_model_is_saved(tiny_model: Path, tmp_path: Path) -> None:
    ser.load_model(tiny_model).save(tmp_path / "copy.keras")
    assert (tmp_path / "copy.keras").read_bytes() == tiny_model.read_bytes()
    with pytest.raises(ArtifactError):
        ser.load_model(tiny_model).save(tmp_path)
