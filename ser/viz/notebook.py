"""A timeline as HTML for notebooks: a picture and a small table."""

from __future__ import annotations

import base64
import html
import io
import warnings
from collections.abc import Sequence
from pathlib import Path

from ser.colors import emotion_color, text_color_on
from ser.errors import DependencyError
from ser.timeline.clock import format_time
from ser.timeline.window import Window
from ser.viz.figure import house_style
from ser.viz.overview import Overview
from ser.viz.timeline import plot_timeline

_DOTS_PER_INCH = 80


def timeline_html(
    windows: Sequence[Window], overview: Overview | None = None, *, rows: int = 10
) -> str:
    """Gives a timeline as HTML: its picture, where matplotlib is installed, and its first windows.

    Args:
        windows: The windows of one recording, in order.
        overview: The sound of the recording; see `ser.viz.timeline.plot_timeline`.
        rows: How many windows the table shows at most.

    Returns:
        An element that loads nothing from anywhere.
    """
    return f"<div>{_picture(windows, overview)}{_table(windows, rows)}</div>"


def _picture(windows: Sequence[Window], overview: Overview | None) -> str:
    if not windows:
        return ""
    try:
        figure = plot_timeline(windows, overview, title=Path(windows[0].file).name)
    except DependencyError:
        return ""
    data = io.BytesIO()
    with house_style(), warnings.catch_warnings():
        # A title in a script that the font lacks shows boxes.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(data, format="png", dpi=_DOTS_PER_INCH)
    encoded = base64.b64encode(data.getvalue()).decode()
    return f'<img alt="timeline" style="max-width: 100%" src="data:image/png;base64,{encoded}">'


def _table(windows: Sequence[Window], rows: int) -> str:
    lines = [
        "<table><thead><tr><th>start</th><th>end</th><th>emotion</th><th>confidence</th></tr>"
        "</thead><tbody>"
    ]
    for window in windows[:rows]:
        color = emotion_color(window.emotion)
        style = f"background: {color}; color: {text_color_on(color)}"
        confidence = f"{window.confidence:.2f}" if window.probabilities else ""
        lines.append(
            f"<tr><td>{format_time(window.start)}</td><td>{format_time(window.end)}</td>"
            f'<td style="{style}">{html.escape(window.emotion)}</td><td>{confidence}</td></tr>'
        )
    lines.append("</tbody></table>")
    if len(windows) > rows:
        lines.append(f"<p>{len(windows) - rows} more of {len(windows)} windows</p>")
    return "".join(lines)
