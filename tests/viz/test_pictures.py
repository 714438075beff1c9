"""Every picture reaches its file, says what it shows, and fails clearly."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from records import labelled_table

from ser.dataset.table import Table
from ser.errors import SerError, TableError
from ser.features.spec import FeatureSpec
from ser.timeline.window import Window
from ser.viz.confusion import draw_confusion
from ser.viz.curves import draw_curves
from ser.viz.gallery import choose, draw_gallery
from ser.viz.timeline import draw_timeline

RATE = 8000
EMOTIONS = ["neutral", "angry", "sad"]


def tone(seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)


def windows(count: int = 4, gap: float = 0.0) -> list[Window]:
    found = []
    for i in range(count):
        p = np.roll([0.7, 0.2, 0.1], i)
        start = i * (1 + gap)
        chances = dict(zip(EMOTIONS, p.tolist(), strict=True))
        found.append(Window("a.wav", start, start + 1, EMOTIONS[int(p.argmax())], 0.7, chances))
    return found


def timeline(target: Path) -> None:
    draw_timeline(target, tone(4), RATE, windows(), "a $b$ recording.wav", "the model")


def confusion(target: Path) -> None:
    draw_confusion(target, [[5, 1, 0], [0, 3, 2], [1, 0, 7]], EMOTIONS, "UAR 0.8", "a protocol")


def curves(target: Path) -> None:
    history = {"loss": [2, 1, 0.5], "val_loss": [2, 1.5, 1.6], "val_uar": [0.2, 0.5, 0.4]}
    draw_curves(target, history, "cnn", "ravdess")


def gallery(target: Path) -> None:
    draw_gallery(target, labelled_table(EMOTIONS, ["02"] * 3))


DRAW = [timeline, confusion, curves, gallery]


def png_size(path: Path) -> tuple[int, int]:
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert data.endswith(b"IEND\xaeB`\x82")
    return int.from_bytes(data[16:20]), int.from_bytes(data[20:24])


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


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, windows(1)), (4.0, []), (30.0, windows(4, gap=5)), (0.001, windows(1))],
)
def test_timelines_at_the_edges(seconds: float, shown: list[Window], tmp_path: Path) -> None:
    draw_timeline(tmp_path / "t.png", tone(seconds), RATE, shown)
    assert png_size(tmp_path / "t.png")[0] > 1000


def test_silence_and_a_script_without_glyphs(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    draw_timeline(tmp_path / "t.png", np.zeros(RATE, np.float32), RATE, windows(1), "日本.wav")
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_a_class_that_does_not_occur(tmp_path: Path) -> None:
    draw_confusion(tmp_path / "c.svg", [[5, 1], [0, 0]], ["sad", "calm"])
    assert ">calm  (0)<" in (tmp_path / "c.svg").read_text()


@pytest.mark.parametrize(
    "history", [{}, {"epoch": [1, 2]}, {"loss": []}, {"learning_rate": [0.1], "loss": []}]
)
def test_a_history_without_curves_is_an_error(
    history: dict[str, list[float]], tmp_path: Path
) -> None:
    with pytest.raises(SerError, match="no curves"):
        draw_curves(tmp_path / "c.png", history)


def test_a_history_of_one_epoch_and_nan(tmp_path: Path) -> None:
    draw_curves(tmp_path / "c.png", {"loss": [float("nan")], "val_loss": [float("nan")]})
    assert png_size(tmp_path / "c.png")[0] > 400


def many() -> Table:
    table = labelled_table(
        ["sad", "angry", "sad", "angry", "calm", "sad", "angry"],
        ["01", "01", "02", "02", "02", "02", "02"],
    )
    table["intensity"] = ["", "", "strong", "normal", "normal", "normal", "normal"]
    table["text"][6] = "02"
    return table


def test_the_gallery_takes_the_speaker_with_the_most_emotions() -> None:
    assert choose(many(), None, None) == {"calm": 4, "sad": 5, "angry": 3}
    assert choose(many(), "01", None) == {"sad": 0, "angry": 1}
    assert choose(many(), "ravdess/02", "02") == {"angry": 6}
    augmented = many()
    augmented["augment"][4] = "noise"
    assert "calm" not in choose(augmented, None, None)


@pytest.mark.parametrize(("speaker", "sentence"), [("99", None), (None, "77"), ("tess/01", None)])
def test_a_gallery_of_nobody_is_an_error(speaker: str | None, sentence: str | None) -> None:
    with pytest.raises(TableError, match="no records of speaker"):
        choose(many(), speaker, sentence)


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
