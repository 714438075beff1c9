"""The picture of a timeline: waveform, mel spectrogram and emotions above one time axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ser.colors import FAINT, INK, emotion_color, text_color_on
from ser.labels import ordered
from ser.timeline.clock import format_time
from ser.timeline.overlap import Span, adjoin, emotion_spans
from ser.timeline.window import Window
from ser.viz.figure import (
    check_target,
    house_style,
    new_figure,
    save_figure,
    shorten,
    show_spines,
)
from ser.viz.mel_axis import label_mel_axis
from ser.viz.overview import Overview

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RANGE_DECIBELS = 65.0
"""Decibels under the loudest that the spectrogram shows."""

_TICK_SECONDS = (10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds from tick to tick where a recording is longer than a minute."""


def draw_timeline(
    target: Path,
    windows: Sequence[Window],
    overview: Overview | None = None,
    *,
    title: str = "",
    subtitle: str = "",
) -> None:
    """Draws the emotions of one recording and writes the picture.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        windows: See `plot_timeline`.
        overview: See `plot_timeline`.
        title: See `plot_timeline`.
        subtitle: See `plot_timeline`.

    Raises:
        SerError: The suffix is unknown or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    figure = plot_timeline(windows, overview, title=title, subtitle=subtitle)
    with house_style():
        save_figure(figure, target)


def plot_timeline(
    windows: Sequence[Window],
    overview: Overview | None = None,
    *,
    title: str = "",
    subtitle: str = "",
) -> Figure:
    """Draws the emotions of one recording.

    Args:
        windows: The recording's timeline, in order.
        overview: Its sound (`Overview.of` makes one of samples); without it there are neither
            waveform nor spectrogram.
        title: A heading, such as the file's name.
        subtitle: A smaller line beside it, such as the model's name.

    Returns:
        A figure of matplotlib.

    Raises:
        DependencyError: matplotlib is not installed.
    """
    labels = ordered({name for window in windows for name in window.probabilities})
    spans = list(emotion_spans(windows))
    seconds = 0.0 if overview is None else overview.seconds
    end = max([seconds, *(window.end for window in windows)]) or 1.0
    with house_style():
        if overview is None:
            figure = new_figure(10.5, 3.2)
            top = curves = figure.subplots()
        else:
            figure = new_figure(10.5, 6.2)
            top, mel, curves = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 1.45, 1.75])
            _draw_wave(top, overview, spans)
            _draw_mel(mel, overview)
        _draw_curves(curves, windows, labels, spans, end)
        _draw_band(curves, spans, end)
        top.set_xlim(0, end)
        top.set_title(shorten(title, 60), loc="left", fontsize=13, fontweight="bold", pad=9)
        top.set_title(shorten(subtitle, 60), loc="right", fontsize=9, color=FAINT, pad=9)
    return figure


def _draw_wave(axes: Axes, overview: Overview, spans: Sequence[Span]) -> None:
    low, high, _ = overview.columns()
    times = (np.arange(len(low)) + 0.5) * overview.column_seconds
    peak = float(max(high.max(initial=0), -low.min(initial=0))) or 1.0
    axes.fill_between(times, low, high, color="#C9CDD2", linewidth=0)
    for start, end, emotion in spans:
        inside = (times >= start - overview.column_seconds) & (times <= end)
        axes.fill_between(
            times[inside], low[inside], high[inside], color=emotion_color(emotion), linewidth=0.4
        )
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    axes.set_yticks([-peak, 0, peak], [f"−{peak:.2g}", "0", f"{peak:.2g}"])
    axes.set_ylabel("amplitude")
    axes.tick_params(axis="x", length=0)
    show_spines(axes, "left")


def _draw_mel(axes: Axes, overview: Overview) -> None:
    _, _, power = overview.columns()
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    top = float(decibels.max())
    image = axes.imshow(
        decibels - top,
        origin="lower",
        aspect="auto",
        interpolation="bilinear" if power.shape[1] < 1000 else "antialiased",
        cmap="magma",
        vmin=-_RANGE_DECIBELS,
        vmax=0,
        extent=(0, power.shape[1] * overview.column_seconds, 0, power.shape[0]),
    )
    label_mel_axis(axes, overview.band_hertz)
    axes.set_ylabel("mel bands, kHz")
    axes.tick_params(axis="x", length=0)
    show_spines(axes)
    place = axes.inset_axes((1.012, 0.0, 0.011, 1.0))
    bar = axes.figure.colorbar(image, cax=place, ticks=[-60, -40, -20, 0])
    bar.set_label("dB", fontsize=8.5)
    bar.outline.set_visible(False)


def _draw_curves(
    axes: Axes, windows: Sequence[Window], labels: Sequence[str], spans: Sequence[Span], end: float
) -> None:
    strongest = {name: max(w.probabilities.get(name, 0.0) for w in windows) for name in labels}
    winners = {emotion for _, _, emotion in spans}
    for run in _split_at_gaps(windows):
        centers = [(window.start + window.end) / 2 for window in run]
        # The first and last window hold to their outer ends.
        times = np.array([run[0].start, *centers, run[-1].end])
        for name in sorted(labels, key=strongest.__getitem__):
            values = [window.probabilities.get(name, 0.0) for window in run]
            curve = np.array([values[0], *values, values[-1]])
            # Hundreds of windows make fine curves, a few make bold ones.
            weight = (2.2 if name in winners else 1.2) * (1.0 if len(windows) < 200 else 0.5)
            axes.plot(
                times, curve, color=emotion_color(name), linewidth=weight, solid_joinstyle="round"
            )
            axes.fill_between(times, curve, color=emotion_color(name), alpha=0.10, linewidth=0)
            if len(run) <= 60:
                axes.plot(centers, values, "o", color=emotion_color(name), markersize=weight * 1.5)
    axes.set_ylim(0, 1.13)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.grid(axis="y", color="#E4E7EA", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylabel("probability")
    axes.set_xlabel("time" if end >= 60 else "time, seconds")
    if end >= 60:
        _label_minutes(axes, end)
    axes.legend(
        handles=[_patch(name) for name in labels],
        loc="center left",
        bbox_to_anchor=(1.005, 0.5),
        frameon=False,
        handlelength=1.0,
        handleheight=1.0,
        labelspacing=0.55,
    )
    show_spines(axes, "left", "bottom")


def _label_minutes(axes: Axes, end: float) -> None:
    from matplotlib.ticker import MultipleLocator

    step = next(
        (step for step in _TICK_SECONDS if end / step <= 10),
        _TICK_SECONDS[-1] * math.ceil(end / 864_000),
    )
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(lambda value, _: format_time(value).removesuffix(".0"))


def _split_at_gaps(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Splits a timeline at gaps and windows without speech: no curve is drawn over these."""
    run: list[Window] = []
    for window in windows:
        if run and (not window.probabilities or not adjoin(run[-1], window)):
            yield run
            run = []
        if window.probabilities:
            run.append(window)
    if run:
        yield run


def _draw_band(axes: Axes, spans: Sequence[Span], end: float) -> None:
    for start, stop, emotion in spans:
        axes.broken_barh(
            [(start, stop - start)],
            (1.03, 0.1),
            color=emotion_color(emotion),
            edgecolor="white",
            linewidth=0.8 if len(spans) < 60 else 0,
        )
        # A name takes about 0.011 of the width per letter at this size.
        if (stop - start) / end > 0.012 * len(emotion):
            axes.text(
                (start + stop) / 2,
                1.078,
                emotion,
                ha="center",
                va="center_baseline",
                fontsize=8.5,
                color=text_color_on(emotion_color(emotion)),
            )


def _patch(name: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=emotion_color(name), edgecolor=INK, linewidth=0, label=name)
