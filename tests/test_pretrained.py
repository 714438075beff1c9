"""The model that ships: complete, small, honest about itself, and at work on a recording."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from conftest import Run, RunPython
from speech import render_demo

from ser.audio import reader
from ser.features.extract import fit_frames
from ser.features.spec import FeatureSpec
from ser.inference.classification import find_windows
from ser.inference.classifier import open_classifier
from ser.inference.windowing import default_windowing
from ser.labels import COMMON, RAVDESS_CODES
from ser.models.artifact import read_card
from ser.pretrained import DEFAULT_MODEL, DEFAULT_TRANSLATOR, SMALL_MODEL, find_model


@pytest.fixture(scope="module", params=[DEFAULT_MODEL, SMALL_MODEL], ids=["default", "small"])
def model(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


@pytest.fixture(scope="module")
def card(model: Path) -> dict[str, Any]:
    return read_card(model)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.wav"
    soundfile.write(path, render_demo(), 16_000)
    return path


def test_models_have_names() -> None:
    assert find_model("small") == SMALL_MODEL
    assert find_model("default") == DEFAULT_MODEL
    assert find_model("./small") == Path("small")
    assert find_model(Path("models/mine.keras")) == Path("models/mine.keras")


def test_it_is_small_and_holds_its_networks(model: Path) -> None:
    assert model.stat().st_size < (15e6 if model == DEFAULT_MODEL else 5e6)
    members = {"config.json", "model.weights.h5", "ser.json", "model.tflite"}
    if model == DEFAULT_MODEL:
        members |= {"encoder.tflite", "speaker.npz"}
    with zipfile.ZipFile(model) as archive:
        assert archive.testzip() is None
        assert members <= set(archive.namelist())
        assert b"optimizer" not in archive.read("model.weights.h5")
        assert b"Lambda" not in archive.read("config.json")


def test_the_card_is_complete(card: dict[str, Any]) -> None:
    assert card["kind"] == "classifier"
    assert card["labels"] == list(COMMON)
    assert card["corpora"] == ["nemo", "ravdess", "tess"]
    assert len(card["speakers"]) == 24 + 2 + 9
    assert card["clips"] >= 1439 + 2798 + 4481
    spec = FeatureSpec.from_dict(card["spec"])
    assert (spec.encoder is None) == (card["architecture"] == "prosody-cnn")
    assert card["litert"] is True
    assert card["litert_bits"] == (8 if spec.encoder is None else 32)
    assert card["parameters"] > 0
    assert isinstance(card["seed"], int)
    assert "non-commercial" in card["licence"]
    assert "CC BY-NC-SA 4.0" in card["licence"]
    assert card["created"].startswith("20")
    assert {"ser", "keras", "tensorflow"} <= set(card["versions"])
    # What is shipped must not say whose machine it comes from.
    assert "/home" not in json.dumps(card)
    assert "/work" not in json.dumps(card)


def test_the_figures_and_how_they_came_about(card: dict[str, Any]) -> None:
    protocol = card["protocol"]
    for words in ("ravdess", "8 classes", "5-fold", "speakers apart", "seed"):
        assert words in protocol
    metrics = card["metrics"]
    low, high = metrics["uar_interval"]
    assert low < metrics["uar"] < high
    assert metrics["uar"] >= 0.66
    assert metrics["resampled"] == "speakers"
    assert metrics["level"] == 0.95
    assert 0.2 < card["temperature"] < 5


def test_the_card_as_text(run: Run, model: Path) -> None:
    done = run("ser-stats", model)
    assert (done.returncode, done.err) == (0, "")
    for words in ("neutral, calm, happy", "ravdess", "non-commercial", "UAR"):
        assert words.lower() in done.out.lower()


@pytest.mark.parametrize("name", ["default", "small"])
def test_the_demo_recording(run: Run, demo: Path, name: str) -> None:
    options = ("--model", name, "--format", "jsonl")
    done = run("ser-analyze", demo, *options)
    assert (done.returncode, done.err) == (0, "")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert rows[0]["start"] == 0
    assert rows[-1]["end"] == pytest.approx(soundfile.info(demo).duration, abs=0.5)
    for row in rows:
        assert list(row["probabilities"]) == list(COMMON)
        assert sum(row["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    # Six manners of speaking are not all the same to it.
    close = run("ser-analyze", demo, "--hop", 0.5, "--adapt", "none", *options)
    assert len({json.loads(line)["emotion"] for line in close.out.splitlines()}) > 1


def test_both_engines_agree(demo: Path, model: Path) -> None:
    answers = []
    for engine in ("litert", "keras"):
        classifier = open_classifier(model, engine)
        windows = find_windows(demo, classifier, default_windowing(classifier))
        answers.append(np.array([list(w.probabilities.values()) for w in windows]))
    # LiteRT has the weights in eight bits.
    assert np.abs(answers[0] - answers[1]).max() < 0.02
    assert (answers[0].argmax(axis=1) == answers[1].argmax(axis=1)).all()


def test_nothing_heavy_is_imported_for_it(demo: Path, run_python: RunPython) -> None:
    done = run_python(
        "import sys; from ser.cli.analyze.command import main\n"
        "assert main.main(sys.argv[1:], standalone_mode=False) == 0\n"
        "heavy = {'tensorflow', 'keras', 'librosa', 'scipy', 'sklearn', 'matplotlib', 'numba'}\n"
        "print(sorted((heavy | {'av'}) & set(sys.modules)), file=sys.stderr)",
        demo,
    )
    assert done.err == "[]\n"


@pytest.mark.corpora
def test_it_knows_the_clips_that_it_was_trained_on(corpora: Path, model: Path) -> None:
    # No figure of merit, but proof that analysis hears what training heard.
    engine = open_classifier(model)
    clips = sorted((corpora / "ravdess").rglob("03-01-*-01-01-01-*.*"))[::3]
    assert len(clips) >= 48
    right = 0
    for clip in clips:
        samples = reader.read(clip, engine.spec.sample_rate, offset=engine.spec.offset)
        matrix, functionals = engine.extractor.compute_all(engine.extractor.prepare(samples))
        x = fit_frames(matrix, engine.frames)[None]
        answer = engine.labels[int(engine.probabilities(x, functionals[None]).argmax())]
        right += answer == RAVDESS_CODES[clip.name.split("-")[2]]
    assert right / len(clips) > 0.75


@pytest.fixture(scope="module")
def translator() -> dict[str, Any]:
    return read_card(DEFAULT_TRANSLATOR)


def test_the_translator_is_small_and_says_what_it_is(translator: dict[str, Any]) -> None:
    assert Path(DEFAULT_TRANSLATOR).stat().st_size < 15e6
    assert translator["kind"] == "translator"
    assert translator["architecture"] == "gan-translate"
    assert translator["labels"] == list(COMMON)
    assert translator["litert"] is True
    assert len(translator["speakers"]) == 24
    assert "non-commercial" in translator["licence"]
    with zipfile.ZipFile(DEFAULT_TRANSLATOR) as archive:
        assert archive.testzip() is None
        assert b"optimizer" not in archive.read("model.weights.h5")
        assert b"Lambda" not in archive.read("config.json")


def test_the_translator_makes_voices_louder_and_higher(demo: Path) -> None:
    from ser.conversion.contours import extract_contours
    from ser.conversion.converter import open_converter

    phrase = extract_contours(reader.read(demo, 16_000)[: 3 * 16_000])
    for engine in ("network", "rules"):
        convert = open_converter(DEFAULT_TRANSLATOR, engine)
        angry, calm = (convert(phrase, emotion) for emotion in ("angry", "calm"))
        half = convert(phrase, "angry", 0.5)
        voiced = phrase.voiced
        assert angry.pitch[voiced].mean() > 3
        assert angry.gain[voiced].mean() > calm.gain[voiced].mean() + 8
        assert 0 < half.gain[voiced].mean() < angry.gain[voiced].mean()
        assert convert(phrase, "angry", 0.0).is_identity
