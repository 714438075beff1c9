"""What docs/adding.md tells a reader to write does what the page says."""

from __future__ import annotations

import importlib
import io
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from speech import render
from spoken import CONFIG, spoken_table, train_model

PAGE = ROOT / "docs" / "adding.md"


def written() -> dict[str, str]:
    """Gives the code of each file that the page names: ``This is `ser/…`:`` and a block."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"`(ser/[\w/]+\.py)`:\n\n```python\n(.*?)\n```", text, re.DOTALL)
    return dict(found)


CODE = written()


def defined(path: str) -> dict[str, Any]:
    """Runs the code of a file; what belongs into an existing file sees what is there."""
    module = ModuleType(path.removesuffix(".py").replace("/", ".") + "_of_the_page")
    if (ROOT / path).exists():
        there = vars(importlib.import_module(path.removesuffix(".py").replace("/", ".")))
        vars(module).update({name: value for name, value in there.items() if name[:2] != "__"})
    # Where dataclasses look up the types of their fields.
    sys.modules[module.__name__] = module
    exec(compile(CODE[path], path, "exec", dont_inherit=True), vars(module))
    return vars(module)


def test_every_page_has_its_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text.count("```python") == len(CODE)
    assert len(CODE) == 7


def test_corpus() -> None:
    studio = defined("ser/corpora/studio.py")["Studio"]()
    clip = studio.parse(Path("recordings/anna_03_fear.wav"))
    assert (clip.emotion, clip.speaker, clip.text) == ("fearful", "anna", "03")
    assert studio.parse(Path("recordings/readme.wav")) is None


def test_feature_family() -> None:
    import librosa

    from ser.features.spec import PRESETS
    from ser.features.stft import ShortTimeSpectra

    function = defined("ser/features/families.py")["bandwidth"]
    spec = PRESETS["librosa"]
    samples = render("happy", 2, seed=0, sample_rate=spec.sample_rate)
    found = function(ShortTimeSpectra(samples, spec))
    wanted = librosa.feature.spectral_bandwidth(
        y=samples, sr=spec.sample_rate, n_fft=spec.n_fft, hop_length=spec.hop_length
    )
    np.testing.assert_allclose(found, wanted.T, rtol=1e-3)


@pytest.fixture
def average(monkeypatch: pytest.MonkeyPatch) -> Any:
    from ser.models import registry

    kind = defined("ser/models/average.py")["Average"]
    monkeypatch.setattr(registry, "ARCHITECTURES", {**registry.ARCHITECTURES, "average": kind})
    return kind


def test_architecture(average: Any, tmp_path: Path) -> None:
    from ser.models.artifact import read_card
    from ser.models.backend import load_keras

    table = spoken_table(speakers=range(1, 5))
    config = replace(CONFIG, arch="average", epochs=8, lr=0.01, options={"units": 16})
    path = train_model(table, tmp_path / "average.keras", config)
    assert read_card(path)["training"]["options"] == {"units": 16}
    model = load_keras("cpu").saving.load_model(path)
    answers = np.asarray(model.predict(table["x"], verbose=0))
    labels = np.array(read_card(path)["labels"])
    assert answers.shape == (len(table), len(labels))
    assert np.mean(labels[answers.argmax(axis=1)] == table["y"]) > 0.5


def test_trainer(average: Any) -> None:
    from ser.models.backend import load_keras
    from ser.training.batches import Examples

    table = spoken_table(speakers=range(1, 5))
    examples = Examples(table, np.arange(len(table)), ("neutral", "sad", "angry"))
    kind = defined("ser/training/sgd.py")["MomentumTrainer"]
    trainer = kind(load_keras("cpu"), average(), examples, replace(CONFIG, lr=0.05))
    trainer.build()
    assert type(trainer.model.optimizer).__name__ == "SGD"
    x, y = examples.features(np.arange(len(table))), np.eye(3, dtype=np.float32)[examples.targets]
    losses = [trainer.step(x, y, np.ones(len(table), np.float32))["loss"] for _ in range(10)]
    assert losses[-1] < losses[0]


def test_augmentation() -> None:
    echo = defined("ser/augment/echo.py")["Echo"](6.0, 6.0)
    rng = np.random.default_rng(0)
    pulse = np.zeros(4000, np.float32)
    pulse[0] = 1
    heard = echo.apply(pulse, 16_000, echo.draw(rng), rng)
    assert np.flatnonzero(heard).tolist() == [0, 1280]
    assert heard[1280] == pytest.approx(0.501, abs=1e-3)
    assert len(echo.apply(pulse[:1], 16_000, echo.draw(rng), rng)) == 1


def test_cleaning_step() -> None:
    step = defined("ser/preprocess/highpass.py")["Highpass"](60.0)
    time = np.arange(16_000) / 16_000
    hum, voice = (np.sin(2 * np.pi * f * time).astype(np.float32) for f in (10, 400))
    assert np.abs(step(hum, 16_000)[8000:]).max() < 0.05
    assert np.abs(step(voice, 16_000)[8000:]).max() > 0.9


def test_output_format() -> None:
    from ser.timeline.window import Window

    stream = io.StringIO()
    writer = defined("ser/timeline/writers/markdown.py")["MarkdownWriter"](stream, ["calm"])
    writer.begin()
    writer.write(Window("a|b.wav", 0.0, 3.0, "calm", 0.5, {"calm": 0.5}))
    writer.end()
    assert stream.getvalue().splitlines()[-1] == r"| a\|b.wav | 0.00 | 3.00 | calm | 0.50 |"
