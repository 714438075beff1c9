"""The plot of a conversion: a recording and its conversions, a column for each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ser.arrays import Doubles
from ser.colors import FAINT, INK, emotion_color
from ser.conversion.contours import HOP, SPEC, Contours
from ser.features.banks import mel_centres
from ser.viz.figure import check_target, house_style, new_figure, save_figure, shorten, show_spines
from ser.viz.mel_axis import label_mel_axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

# Decibels below the loudest that spectrograms show.
_RANGE = 75.0

_DB_PER_NEPER = 10 / np.log(10)

# Frames at most so many decibels below the loudest are speech.
_SPEECH_DECIBELS = 30.0

# F0 curves are interrupted at larger steps.
_JUMP_SEMITONES = 5.0

# Ticks of the F0 axis.
_HERTZ = (60, 80, 100, 150, 200, 300, 400, 600, 800)


class PlotColumn(NamedTuple):
    """A column of the plot.

    Attributes:
        emotion: Title and color; empty for the source.
        contours: Of the recording.
    """

    emotion: str
    contours: Contours


def draw_conversion(
    target: Path,
    source: Contours,
    converted: Sequence[PlotColumn],
    title: str = "",
    subtitle: str = "",
) -> None:
    """Draws mel spectrogram, F0 and envelope of a recording beside those of its conversions.

    All columns have the same axes, so that levels, F0 and durations can be compared.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        source: The recording.
        converted: Its conversions.
        title: A heading, such as the file's name.
        subtitle: A smaller line beside it.

    Raises:
        SerError: The suffix is unknown or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    columns = [PlotColumn("", source), *converted]
    loudest = (
        max(float(column.contours.logmel.max(initial=-23)) for column in columns) * _DB_PER_NEPER
    )
    hertz = mel_centres(SPEC)
    envelopes = [_envelope(column.contours) for column in columns]
    seconds = max(len(column.contours) for column in columns) * HOP
    with house_style():
        figure = new_figure(1.2 + max(3.1, 7.5 - len(columns)) * len(columns) ** 0.85, 7.4)
        rows = figure.subplots(
            3,
            len(columns),
            sharex="row",
            sharey="row",
            squeeze=False,
            height_ratios=[1.5, 1.1, 1.1],
        )
        images = []
        for number, (column, envelope) in enumerate(zip(columns, envelopes, strict=True)):
            mel, pitch, curve = rows[:, number]
            mel.set_title(column.emotion or "source", color=_ink(column), fontweight="bold", pad=6)
            images.append(_draw_mel(mel, column.contours, loudest))
            _draw_pitch(pitch, column, source)
            _draw_envelope(curve, _ink(column), envelope, envelopes[0] if number else None)
            for axes in (mel, pitch, curve) if number else ():
                axes.tick_params(axis="y", length=0)
        first_mel, first_pitch, first_curve = rows[:, 0]
        first_mel.set_xlim(0, seconds)
        first_mel.set_ylabel("mel bands, kHz")
        label_mel_axis(first_mel, hertz)
        first_pitch.set_xlim(0, seconds)
        first_pitch.set_ylabel("F0, Hz")
        _hertz_axis(first_pitch, [column.contours for column in columns])
        first_curve.set_ylabel("envelope, dB")
        _mel_frequencies(first_curve, hertz)
        for axes in rows[1]:
            axes.set_xlabel("time, seconds")
        for axes in rows[2]:
            axes.set_xlabel("kHz")
        bar = figure.colorbar(images[0], ax=list(rows[0]), pad=0.01, aspect=18)
        bar.set_label("dB", fontsize=8.5)
        bar.outline.set_visible(False)
        figure.suptitle(
            shorten(title, 60), x=0.01, ha="left", fontsize=13, fontweight="bold", color=INK
        )
        figure.text(0.99, 0.985, shorten(subtitle, 80), ha="right", va="top", color=FAINT)
        save_figure(figure, target)


def _ink(column: PlotColumn) -> str:
    return emotion_color(column.emotion) if column.emotion else INK


def _draw_mel(axes: Axes, contours: Contours, loudest: float) -> AxesImage:
    decibels = contours.logmel.T * _DB_PER_NEPER - loudest
    image = axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        interpolation="antialiased",
        cmap="magma",
        vmin=-_RANGE,
        vmax=0,
        extent=(0, len(contours) * HOP, 0, SPEC.n_mels),
    )
    show_spines(axes, "bottom")
    return image


def _draw_pitch(axes: Axes, column: PlotColumn, source: Contours) -> None:
    """Draws F0 of voiced frames; the dotted line is the median of the source."""
    times = np.arange(len(column.contours)) * HOP
    axes.plot(times, _hertz(column.contours), color=_ink(column), linewidth=1.8)
    source_hertz = _hertz(source)
    if np.isfinite(source_hertz).any():
        axes.axhline(float(np.nanmedian(source_hertz)), color=FAINT, linewidth=1, linestyle=":")
    axes.grid(axis="y", color="#E4E7EA", linewidth=0.8)
    show_spines(axes, "left", "bottom")


def _draw_envelope(
    axes: Axes,
    ink: str,
    envelope: Doubles,
    source: Doubles | None,
) -> None:
    places = np.arange(len(envelope)) + 0.5
    if source is not None:
        axes.plot(places, source, color=FAINT, linewidth=1.2, linestyle="--")
        axes.fill_between(places, source, envelope, color=ink, alpha=0.15, linewidth=0)
    axes.plot(places, envelope, color=ink, linewidth=1.8)
    axes.grid(axis="y", color="#E4E7EA", linewidth=0.8)
    show_spines(axes, "left", "bottom")


def _hertz(contours: Contours) -> Doubles:
    hertz = np.where(contours.voiced, 2.0 ** (contours.pitch.astype(np.float64) / 12), np.nan)
    # A line across a jump would look like a glide.
    hertz[1:][np.abs(np.diff(contours.pitch)) > _JUMP_SEMITONES] = np.nan
    return hertz


def _envelope(contours: Contours) -> Doubles:
    """Computes the mean envelope of speech in decibels, (bands,)."""
    power = 10.0 ** (contours.bands.astype(np.float64) / 10)
    level = 10 * np.log10(power.sum(axis=1))
    mean: Doubles = 10 * np.log10(power[level >= level.max() - _SPEECH_DECIBELS].mean(axis=0))
    return mean


def _hertz_axis(axes: Axes, all_contours: Sequence[Contours]) -> None:
    from matplotlib.ticker import NullFormatter, NullLocator

    values = np.concatenate([_hertz(contours) for contours in all_contours])
    low, high = (
        (float(np.nanmin(values)) / 1.1, float(np.nanmax(values)) * 1.1)
        if np.isfinite(values).any()
        else (80.0, 400.0)
    )
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    ticks = [hertz for hertz in _HERTZ if low <= hertz <= high]
    axes.set_yticks(ticks, [str(hertz) for hertz in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _mel_frequencies(axes: Axes, hertz: Doubles) -> None:
    shown = np.array([250, 1000, 4000])
    places = np.interp(shown, hertz, np.arange(len(hertz)) + 0.5)
    axes.set_xticks(places, [f"{value / 1000:g}" for value in shown])
    axes.set_xlim(0, len(hertz))
