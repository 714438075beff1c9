"""What the tests of the documentation share: the files that its examples name, the commands."""

from __future__ import annotations

import configparser
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import ROOT
from recordings import encode, sound
from speech import render_demo, write_corpus
from spoken import CONFIG, SmallExperts, train_model

SECONDS = 9
"""The length of the recordings."""


def make_place(folder: Path) -> Path:
    """Makes the recordings and the corpus."""
    write_corpus("ravdess", folder / "data" / "ravdess", speakers=6, takes=1)
    samples = render_demo()[: SECONDS * 16_000]
    (folder / "talk.wav").write_bytes(sound(samples, 16_000))
    encode(folder / "talk.m4a", "aac", samples, 16_000)
    return folder


def make_tables(folder: Path) -> Path:
    """Adds tables, a model, a timeline and predictions."""
    from ser.dataset.table import read_table
    from ser.models import registry

    run_commands(
        folder,
        "ser-extract data/ravdess --preset emotion -o ravdess.npy",
        "ser-extract data/ravdess --preset librosa --pool mean -o classic.npy",
        "ser-split ravdess.npy --test 0.34 -o train.npy test.npy",
    )
    config = replace(CONFIG, arch=SmallExperts.name, epochs=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "ARCHITECTURES", {SmallExperts.name: SmallExperts})
        train_model(read_table(folder / "train.npy"), folder / "model.keras", config)
    run_commands(
        folder,
        "ser-stats model.keras test.npy --predictions predictions.csv",
        "ser-analyze talk.wav -o timeline.jsonl -o timeline.csv",
    )
    return folder


def run_commands(folder: Path, *lines: str) -> None:
    """Runs commands of this checkout in a folder."""
    for line in lines:
        name, *arguments = line.split()
        command = [sys.executable, str(ROOT / "bin" / name), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"


def entry_points() -> dict[str, str]:
    """Gives module and function of each command, as ``module:function``, by its name."""
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    lines = parser["options.entry_points"]["console_scripts"].strip().splitlines()
    pairs = [line.split("=") for line in lines]
    return {name.strip(): target.strip() for name, target in pairs}
