"""Mel spectrograms of a table: one per emotion, of one speaker and sentence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ser.arrays import Matrix
from ser.colors import FAINT, emotion_color
from ser.dataset.table import Table, spec_of
from ser.errors import TableError
from ser.features.banks import mel_centres
from ser.features.layout import columns
from ser.features.spec import FeatureSpec
from ser.labels import ordered
from ser.viz.figure import check_target, house_style, new_figure, save_figure, shorten, show_spines
from ser.viz.mel_axis import label_mel_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RANGE = 80.0
"""Decibels under the loudest that the spectrograms show."""


def draw_gallery(
    target: Path, table: Table, speaker: str | None = None, sentence: str | None = None
) -> None:
    """Draws one spectrogram per emotion and writes the picture.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        table: Records with ``mel`` or ``logmel`` among their features and not pooled.
        speaker: A speaker, as ``01`` or ``ravdess/01``; None takes the one with the most emotions.
        sentence: A sentence's id; None takes the one with the most emotions.

    Raises:
        TableError: The table has no mel spectrograms, or no records of the speaker and sentence.
        SerError: The suffix is unknown or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    spec = spec_of(table)
    family = _mel_family(spec)
    chosen = choose_records(table, speaker, sentence)
    images = [_image(table[i], spec, family) for i in chosen.values()]
    top = max(float(np.nanmax(image, initial=-np.inf)) for image in images)
    levels = np.concatenate([image.ravel() for image in images])
    low = float(np.nanpercentile(levels, 2)) if spec.normalise != "none" else top - _RANGE
    frames = max(image.shape[1] for image in images)
    seconds = spec.hop_length / spec.sample_rate
    down = -(-len(images) // 4)
    across = -(-len(images) // down)
    first = table[next(iter(chosen.values()))]
    with house_style():
        figure = new_figure(2.75 * across + 0.9, 2.0 * down + 0.7)
        grid = figure.subplots(down, across, squeeze=False, sharex=True, sharey=True)
        for axes in grid.flat[len(images) :]:
            axes.set_axis_off()
        for axes, emotion, image in zip(grid.flat, chosen, images, strict=False):
            shown = _draw_one(axes, image, emotion, seconds, (low, top))
            axes.set_xlim(0, frames * seconds)
        label_mel_axis(grid[0, 0], mel_centres(spec))
        # The last row may be short: the panels above its gaps keep their times.
        for axes in grid.flat[max(0, len(images) - across) : len(images)]:
            axes.set_xlabel("seconds")
            axes.tick_params(labelbottom=True)
        for axes in grid[:, 0]:
            axes.set_ylabel("kHz")
        unit = "dB" if spec.normalise == "none" else "normalised level"
        bar = figure.colorbar(shown, ax=list(grid.flat), pad=0.01, aspect=30, shrink=0.9)
        bar.set_label(unit, fontsize=8.5)
        bar.outline.set_visible(False)
        figure.suptitle(_title(first), x=0.012, ha="left", fontsize=12.5, fontweight="bold")
        save_figure(figure, target)


def choose_records(table: Table, speaker: str | None, sentence: str | None) -> dict[str, int]:
    """Chooses one record per emotion, of one speaker and one sentence.

    Augmented copies are passed over, unless the table holds nothing else.

    Args:
        table: Records with emotions.
        speaker: See `draw_gallery`.
        sentence: See `draw_gallery`.

    Returns:
        Emotion to record number, in the common order of emotions.

    Raises:
        TableError: Nothing fits.
    """
    groups: dict[tuple[str, str, str], dict[str, list[int]]] = {}
    names = ("corpus", "speaker", "text", "y", "augment")
    copies_too = bool(np.asarray(table["augment"] != "").all())
    for i, (corpus, who, text, emotion, augment) in enumerate(
        zip(*(table[name].tolist() for name in names), strict=True)
    ):
        asked = speaker in (None, who, f"{corpus}/{who}") and sentence in (None, text)
        if asked and emotion and (copies_too or not augment):
            groups.setdefault((corpus, who, text), {}).setdefault(emotion, []).append(i)
    if not groups:
        raise TableError(
            "gallery",
            f"finds no records of speaker {speaker or 'any'} and sentence {sentence or 'any'}",
            "see which speakers there are with ser-stats TABLE",
        )
    # The first in order among those with the most emotions, whatever the order of the table.
    best = groups[min(groups, key=lambda key: (-len(groups[key]), key))]
    return {name: _prefer_normal_intensity(table, best[name]) for name in ordered(best)}


def _prefer_normal_intensity(table: Table, numbers: Sequence[int]) -> int:
    # Neutral speech has no strong intensity: the normal one of the others compares with it.
    return min(numbers, key=lambda i: (table["intensity"][i] == "strong", i))


def _mel_family(spec: FeatureSpec) -> str:
    family = next((name for name in ("logmel", "mel") if name in spec.families), None)
    if family is None or spec.pool != "none":
        what = "pooled features" if family else f"no mel spectrogram ({', '.join(spec.families)})"
        raise TableError(
            "gallery",
            f"needs spectrograms, and the table holds {what}",
            "extract one with ser-extract --preset speech",
        )
    return family


def _image(row: Any, spec: FeatureSpec, family: str) -> Matrix:
    image: Matrix = row["x"][: max(1, row["frames"]), columns(spec)[family]].T
    if spec.normalise != "none":
        return image
    if family == "logmel":
        # Natural logarithms of the power.
        return image * np.float32(10 / np.log(10))
    if spec.mel_scale == "power":
        return 10 * np.log10(np.maximum(image, 1e-10))
    return image


def _draw_one(
    axes: Axes,
    image: Matrix,
    emotion: str,
    seconds: float,
    limits: tuple[float, float],
) -> Any:
    shown = axes.imshow(
        image,
        origin="lower",
        aspect="auto",
        cmap="magma",
        vmin=limits[0],
        vmax=limits[1],
        extent=(0, image.shape[1] * seconds, 0, image.shape[0]),
        interpolation="bilinear",
    )
    axes.set_facecolor("black")
    axes.set_title(emotion, loc="left", color=emotion_color(emotion), fontweight="bold", pad=4)
    axes.tick_params(color=FAINT)
    show_spines(axes)
    return shown


def _title(row: Any) -> str:
    parts = [f"{row['corpus']}", f"speaker {row['speaker']}", f"sentence {row['text']}"]
    fields = (row["corpus"], row["speaker"], row["text"])
    named = [part for part, value in zip(parts, fields, strict=True) if value]
    return shorten(" · ".join(named))
