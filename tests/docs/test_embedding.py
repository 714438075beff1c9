"""The program in JavaScript on docs/embedding.md, where Node.js and its package are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from recordings import sound
from speech import render

from ser.audio import reader
from ser.exporting.export import export_classifier
from ser.inference.classification import classify
from ser.inference.classifier import open_classifier
from ser.pretrained import SMALL_MODEL

PAGE = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
PROGRAM = re.findall(r"^```js\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]


def node() -> str:
    """Finds Node.js; skips the test without it, or without ``onnxruntime-node`` (NODE_PATH)."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node.js is not installed")
    done = subprocess.run([program, "-e", "require('onnxruntime-node')"], check=False)
    if done.returncode:
        pytest.skip("onnxruntime-node is not installed where NODE_PATH says")
    return program


@pytest.mark.slow
def test_javascript_says_what_an_analysis_says(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="onnx is not installed")
    program = node()
    classifier = open_classifier(SMALL_MODEL)
    export_classifier(classifier, {tmp_path / "small.onnx": None})
    recording = tmp_path / "talk.wav"
    recording.write_bytes(sound(render("angry", 1, seed=1, seconds=3.0), 16_000))
    done = subprocess.run(
        [program, "-e", PROGRAM],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    label, confidence = done.stdout.split()
    (window,) = classify("talk.wav", [reader.read(recording, 16_000)], [0.0], classifier)
    assert label == window.emotion
    assert float(confidence) == pytest.approx(window.confidence, abs=3e-3)


def test_the_labels_of_the_program_are_the_models() -> None:
    names = re.search(r"LABELS = \[(.*?)\]", PROGRAM)
    assert names is not None
    assert tuple(re.findall(r'"(\w+)"', names[1])) == open_classifier(SMALL_MODEL).labels
