"""A model that was trained on preprocessed clips preprocesses what it analyzes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Run, RunPython
from recordings import RATE, sound, speech
from spoken import SPEC, train_model

from ser.corpora.registry import find_clips
from ser.dataset.extract import extract_table
from ser.dataset.table import read_table, spec_of
from ser.features.extract import Extractor, fit_frames
from ser.inference.classification import find_windows
from ser.inference.classifier import open_classifier
from ser.inference.windowing import default_windowing

CLEANED = SPEC.with_changes(normalise="none", clean=("trim:30", "loudness:-20"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, ravdess_like: Path) -> Path:
    folder = tmp_path_factory.mktemp("cleaned")
    extract_table(find_clips([ravdess_like]).clips[:24], CLEANED, folder / "t.npy")
    return train_model(read_table(folder / "t.npy"), folder / "cleaned.keras")


def test_windows_are_cleaned(model: Path, tmp_path: Path) -> None:
    classifier = open_classifier(model)
    assert classifier.spec == CLEANED
    samples = speech(RATE, 3.0)
    (tmp_path / "a.wav").write_bytes(sound(samples, RATE, subtype="FLOAT"))
    (tmp_path / "quiet.wav").write_bytes(sound(samples * np.float32(0.03), RATE, subtype="FLOAT"))
    windows = list(
        find_windows(tmp_path / "a.wav", classifier, default_windowing(classifier), vad=False)
    )
    extract = Extractor(CLEANED)
    parts = [
        fit_frames(extract(samples[n * RATE : (n + 1) * RATE]), classifier.frames) for n in (0, 1)
    ]
    expected = classifier.probabilities(np.stack(parts))
    for window, row in zip(windows, expected, strict=False):
        assert list(window.probabilities.values()) == pytest.approx(row.tolist(), abs=1e-3)
    # Without cleaning these features would say how loud it was.
    quiet = list(
        find_windows(tmp_path / "quiet.wav", classifier, default_windowing(classifier), vad=False)
    )
    for one, other in zip(windows, quiet, strict=True):
        assert one.probabilities == pytest.approx(other.probabilities, abs=1e-3)


def test_a_table_like_the_model_is_cleaned(
    run: Run, model: Path, tmp_path: Path, ravdess_like: Path
) -> None:
    done = run("ser-extract", ravdess_like / "Actor_01", "--like", model, "-o", "t.npy")
    assert done.returncode == 0, done.err
    assert spec_of(read_table(tmp_path / "t.npy")) == CLEANED
    done = run(
        "ser-extract", ravdess_like / "Actor_01", "--like", model, "--clean", "", "-o", "u.npy"
    )
    assert spec_of(read_table(tmp_path / "u.npy")) == CLEANED.with_changes(clean=())
    done = run("ser-merge", "t.npy", "u.npy", "-o", "m.npy")
    assert done.returncode == 1
    assert "clean ['trim:30', 'loudness:-20'] against []" in done.err


def test_analysis_stays_light(run_python: RunPython, model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(speech(RATE, 2.0), RATE))
    done = run_python(
        "import sys\n"
        "from ser.cli.analyze.command import main\n"
        "try: main([sys.argv[1], '--model', sys.argv[2], '-f', 'jsonl'])\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "heavy = {'scipy', 'librosa', 'noisereduce', 'sklearn', 'tensorflow', 'keras'}\n"
        "print(sorted(heavy & set(sys.modules)))\n",
        tmp_path / "a.wav",
        model,
    )
    assert done.out.splitlines()[-1] == "[]"
    assert len(done.out.splitlines()) == 3
