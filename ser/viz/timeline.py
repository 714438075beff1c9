"""The picture of a timeline: waveform, mel spectrogram and emotions above one time axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ser.colors import FAINT, INK, colour, ink_on
from ser.labels import ordered
from ser.timeline.clock import format_time
from ser.timeline.overlap import Span, adjoin, emotion_spans
from ser.timeline.window import Window
from ser.viz.figure import bare, check_target, clipped, new_figure, save, style
from ser.viz.melaxis import mel_centres, mel_ticks
from ser.viz.overview import BANDS, Overview

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RANGE = 65.0
"""Decibels under the loudest that the spectrogram shows."""

_STEPS = (10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Seconds from tick to tick where a recording is longer than a minute."""


def draw_timeline(
    target: Path,
    samples: npt.NDArray[np.float32] | Overview,
    sample_rate: int,
    windows: Sequence[Window],
    title: str = "",
    subtitle: str = "",
) -> None:
    """Draws the emotions of one recording and writes the picture.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        samples: Mono samples (n,); or an `Overview` that gathered them, for a long recording.
        sample_rate: Hertz.
        windows: The recording's timeline, in order.
        title: A heading, such as the file's name.
        subtitle: A smaller line below it, such as the model's name.

    Raises:
        SerError: The suffix is unknown or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    overview = samples if isinstance(samples, Overview) else Overview.of(samples, sample_rate)
    labels = ordered({name for window in windows for name in window.probabilities})
    spans = list(emotion_spans(windows))
    end = max([overview.seconds, *(window.end for window in windows)]) or 1.0
    with style():
        figure = new_figure(10.5, 6.2)
        wave, mel, curves = figure.subplots(3, 1, sharex=True, height_ratios=[1.0, 1.45, 1.75])
        _draw_wave(wave, overview, spans)
        _draw_mel(mel, overview)
        _draw_curves(curves, windows, labels, spans, end)
        _draw_band(curves, spans, end)
        wave.set_xlim(0, end)
        wave.set_title(clipped(title, 60), loc="left", fontsize=13, fontweight="bold", pad=9)
        wave.set_title(clipped(subtitle, 60), loc="right", fontsize=9, color=FAINT, pad=9)
        save(figure, target)


def _draw_wave(axes: Axes, overview: Overview, spans: Sequence[Span]) -> None:
    low, high, _ = overview.columns()
    times = (np.arange(len(low)) + 0.5) * overview.column_seconds
    peak = float(max(high.max(initial=0), -low.min(initial=0))) or 1.0
    axes.fill_between(times, low, high, color="#C9CDD2", linewidth=0)
    for start, end, emotion in spans:
        inside = (times >= start - overview.column_seconds) & (times <= end)
        axes.fill_between(
            times[inside], low[inside], high[inside], color=colour(emotion), linewidth=0.4
        )
    axes.set_ylim(-1.05 * peak, 1.05 * peak)
    axes.set_yticks([-peak, 0, peak], [f"−{peak:.2g}", "0", f"{peak:.2g}"])
    axes.set_ylabel("amplitude")
    axes.tick_params(axis="x", length=0)
    bare(axes, "left")


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
        vmin=-_RANGE,
        vmax=0,
        extent=(0, power.shape[1] * overview.column_seconds, 0, power.shape[0]),
    )
    mel_ticks(axes, mel_centres(BANDS, 0.0, overview.sample_rate / 2))
    axes.set_ylabel("mel bands, kHz")
    axes.tick_params(axis="x", length=0)
    bare(axes)
    place = axes.inset_axes((1.012, 0.0, 0.011, 1.0))
    bar = axes.figure.colorbar(image, cax=place, ticks=[-60, -40, -20, 0])
    bar.set_label("dB", fontsize=8.5)
    bar.outline.set_visible(False)


def _draw_curves(
    axes: Axes, windows: Sequence[Window], labels: Sequence[str], spans: Sequence[Span], end: float
) -> None:
    strongest = {name: max(w.probabilities.get(name, 0.0) for w in windows) for name in labels}
    leading = {emotion for _, _, emotion in spans}
    for run in _runs(windows):
        centres = [(window.start + window.end) / 2 for window in run]
        # The first and last window hold to their outer ends.
        times = np.array([run[0].start, *centres, run[-1].end])
        for name in sorted(labels, key=strongest.__getitem__):
            values = [window.probabilities.get(name, 0.0) for window in run]
            curve = np.array([values[0], *values, values[-1]])
            # Hundreds of windows make fine curves, a few make bold ones.
            weight = (2.2 if name in leading else 1.2) * (1.0 if len(windows) < 200 else 0.5)
            axes.plot(times, curve, color=colour(name), linewidth=weight, solid_joinstyle="round")
            axes.fill_between(times, curve, color=colour(name), alpha=0.10, linewidth=0)
            if len(run) <= 60:
                axes.plot(centres, values, "o", color=colour(name), markersize=weight * 1.5)
    axes.set_ylim(0, 1.13)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0", "", "0.5", "", "1"])
    axes.grid(axis="y", color="#E4E7EA", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_ylabel("probability")
    axes.set_xlabel("time" if end >= 60 else "time, seconds")
    if end >= 60:
        _minutes(axes, end)
    axes.legend(
        handles=[_patch(name) for name in labels],
        loc="center left",
        bbox_to_anchor=(1.005, 0.5),
        frameon=False,
        handlelength=1.0,
        handleheight=1.0,
        labelspacing=0.55,
    )
    bare(axes, "left", "bottom")


def _minutes(axes: Axes, end: float) -> None:
    from matplotlib.ticker import MultipleLocator

    step = next(
        (step for step in _STEPS if end / step <= 10), _STEPS[-1] * math.ceil(end / 864_000)
    )
    axes.xaxis.set_major_locator(MultipleLocator(step))
    axes.xaxis.set_major_formatter(lambda value, _: format_time(value).removesuffix(".0"))


def _runs(windows: Sequence[Window]) -> Iterator[list[Window]]:
    """Splits a timeline where it has gaps or nobody speaks: no curve is drawn over these."""
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
            color=colour(emotion),
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
                color=ink_on(colour(emotion)),
            )


def _patch(name: str) -> Any:
    from matplotlib.patches import Patch

    return Patch(facecolor=colour(name), edgecolor=INK, linewidth=0, label=name)
