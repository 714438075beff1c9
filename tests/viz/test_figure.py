"""Every picture reaches its file, says what it shows, and fails clearly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pictures import EMOTIONS, RATE, png_size, tone, windows
from records import labelled_table

from ser.errors import SerError
from ser.viz.confusion import draw_confusion
from ser.viz.curves import draw_curves
from ser.viz.figure import figure_svg, shorten
from ser.viz.gallery import draw_gallery
from ser.viz.overview import Overview
from ser.viz.timeline import draw_timeline, plot_timeline


def timeline(target: Path) -> None:
    sound = Overview.of(tone(4), RATE)
    draw_timeline(target, windows(), sound, title="a $b$ recording.wav", subtitle="the model")


def confusion(target: Path) -> None:
    draw_confusion(target, [[5, 1, 0], [0, 3, 2], [1, 0, 7]], EMOTIONS, "UAR 0.8", "a protocol")


def curves(target: Path) -> None:
    history = {"loss": [2, 1, 0.5], "val_loss": [2, 1.5, 1.6], "val_uar": [0.2, 0.5, 0.4]}
    draw_curves(target, history, "cnn", "ravdess")


def gallery(target: Path) -> None:
    draw_gallery(target, labelled_table(EMOTIONS, ["02"] * 3))


DRAW = [timeline, confusion, curves, gallery]


@pytest.mark.parametrize("draw", DRAW)
def test_png(draw: Callable[[Path], None], tmp_path: Path) -> None:
    from matplotlib.image import imread

    draw(tmp_path / "new" / "picture.png")
    width, height = png_size(tmp_path / "new" / "picture.png")
    assert 400 < width < 2500
    assert 300 < height < 1500
    # Something is drawn, in colours, and the sheet is white.
    pixels = imread(tmp_path / "new" / "picture.png")[..., :3]
    assert (pixels[0, 0] == 1).all()
    assert 0.02 < (pixels.min(axis=2) < 0.9).mean() < 0.9
    assert (np.ptp(pixels, axis=2) > 0.2).mean() > 0.001
    assert [p.name for p in (tmp_path / "new").iterdir()] == ["picture.png"]


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (timeline, ["a $b$ recording.wav", "the model", "probability", *EMOTIONS]),
        (confusion, ["UAR 0.8", "a protocol", "83%", "predicted", "neutral  (6)", *EMOTIONS]),
        (curves, ["cnn", "loss, training", "UAR, validation", "1.500", "0.500", "epoch"]),
        (gallery, ["ravdess · speaker 02 · sentence 01", "seconds", *EMOTIONS]),
    ],
)
def test_svg_holds_its_words(
    draw: Callable[[Path], None], words: list[str], tmp_path: Path
) -> None:
    draw(tmp_path / "picture.svg")
    text = (tmp_path / "picture.svg").read_text()
    assert [word for word in words if f">{word}<" not in text] == []
    draw(tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == text


@pytest.mark.parametrize("draw", DRAW)
def test_other_suffixes_are_refused(draw: Callable[[Path], None], tmp_path: Path) -> None:
    with pytest.raises(SerError, match=r"end it in \.png or \.svg"):
        draw(tmp_path / "picture.jpeg")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SerError, match="cannot be written"):
        confusion(tmp_path / "file" / "picture.png")


def test_long_names_are_shortened_in_the_middle() -> None:
    assert shorten("talk.wav") == "talk.wav"
    short = shorten("a" * 50 + "b" * 50, 40)
    assert len(short) == 40
    assert short.startswith("aaa")
    assert short.endswith("bbb")
    assert shorten("caf\udce9") == "caf\\udce9"


def test_a_figure_is_an_element_of_a_page() -> None:
    svg = figure_svg(plot_timeline(windows(), title="a $b$ < c"))
    assert svg.startswith("<svg ")
    assert svg.rstrip().endswith("</svg>")
    assert ">a $b$ &lt; c<" in svg
    assert figure_svg(plot_timeline(windows(), title="a $b$ < c")) == svg
