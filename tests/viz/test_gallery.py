"""Spectrograms of a table, one per emotion."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from pictures import EMOTIONS
from records import labelled_table

from ser.dataset.table import Table
from ser.errors import TableError
from ser.features.spec import FeatureSpec
from ser.viz.gallery import choose_records, draw_gallery


def table_of_two_speakers() -> Table:
    table = labelled_table(
        ["sad", "angry", "sad", "angry", "calm", "sad", "angry"],
        ["01", "01", "02", "02", "02", "02", "02"],
    )
    table["intensity"] = ["", "", "strong", "normal", "normal", "normal", "normal"]
    table["text"][6] = "02"
    return table


def test_the_gallery_takes_the_speaker_with_the_most_emotions() -> None:
    assert choose_records(table_of_two_speakers(), None, None) == {"calm": 4, "sad": 5, "angry": 3}
    assert choose_records(table_of_two_speakers(), "01", None) == {"sad": 0, "angry": 1}
    assert choose_records(table_of_two_speakers(), "ravdess/02", "02") == {"angry": 6}
    augmented = table_of_two_speakers()
    augmented["augment"][4] = "noise"
    assert "calm" not in choose_records(augmented, None, None)


@pytest.mark.parametrize(("speaker", "sentence"), [("99", None), (None, "77"), ("tess/01", None)])
def test_a_gallery_of_nobody_is_an_error(speaker: str | None, sentence: str | None) -> None:
    with pytest.raises(TableError, match="no records of speaker"):
        choose_records(table_of_two_speakers(), speaker, sentence)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (FeatureSpec(families=("mfcc",)), r"no mel spectrogram \(mfcc\)"),
        (FeatureSpec(families=("mel",), pool="mean"), "pooled"),
    ],
)
def test_a_gallery_needs_spectrograms(spec: FeatureSpec, why: str, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=why):
        draw_gallery(tmp_path / "g.png", labelled_table(EMOTIONS, spec=spec))


def test_a_gallery_finds_its_columns(tmp_path: Path) -> None:
    """The same spectrograms behind MFCCs, with deltas, in power instead of decibels."""
    plain = FeatureSpec(families=("mel",), n_mels=16)
    stacked = FeatureSpec(
        families=("mfcc", "mel"), n_mels=16, n_mfcc=4, deltas=1, mel_scale="power"
    )
    first = labelled_table(EMOTIONS, ["02"] * 3, spec=plain)
    second = labelled_table(EMOTIONS, ["02"] * 3, spec=stacked, seed=9)
    second["x"][..., 4:20] = 10 ** (first["x"] / 10)
    draw_gallery(tmp_path / "first.png", first)
    draw_gallery(tmp_path / "second.png", second)
    from matplotlib.image import imread

    pixels = [imread(tmp_path / f"{name}.png") for name in ("first", "second")]
    assert np.abs(pixels[0] - pixels[1]).max() < 0.02


def test_a_gallery_of_normalised_features_says_so(tmp_path: Path) -> None:
    spec = FeatureSpec(families=("logmel",), n_mels=16, normalise="utterance")
    draw_gallery(tmp_path / "g.svg", labelled_table(EMOTIONS, ["02"] * 3, spec=spec))
    assert ">normalised level<" in (tmp_path / "g.svg").read_text()


@pytest.mark.parametrize("count", range(1, 10))
def test_a_gallery_of_any_number_of_emotions(count: int, tmp_path: Path) -> None:
    names = list(
        itertools.islice(
            [
                "neutral",
                "calm",
                "happy",
                "sad",
                "angry",
                "fearful",
                "disgust",
                "surprised",
                "boredom",
            ],
            count,
        )
    )
    draw_gallery(tmp_path / "g.svg", labelled_table(names, ["1"] * count))
    text = (tmp_path / "g.svg").read_text()
    assert all(f">{name}<" in text for name in names)
