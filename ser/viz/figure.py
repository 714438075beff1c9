"""What every picture shares: style, figure, titles, and how a figure reaches a file."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser.colors import FAINT, INK
from ser.errors import ParameterError, SerError, missing_package, require
from ser.io.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".svg")
"""The suffixes of picture files."""

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.titlesize": 10.5,
    "text.color": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    # Names of files and labels are text, never formulas: a $ in them is a $.
    "text.parse_math": False,
    # Words stay words in an SVG, and equal pictures are equal files.
    "svg.fonttype": "none",
    "svg.hashsalt": "ser",
}


def check_target(target: Path, parameter: str | None = None) -> None:
    """Checks that a picture can be drawn, before the work for it is done.

    Args:
        target: The file.
        parameter: The parameter that names it, where there is one.

    Raises:
        DependencyError: matplotlib is not installed.
        ParameterError: The suffix is neither ``.png`` nor ``.svg``; a `SerError` without a
            parameter.
    """
    if target.suffix.lower() not in SUFFIXES:
        cause, cure = "is not a picture's name", "end it in .png or .svg"
        if parameter is None:
            raise SerError(target, cause, cure)
        raise ParameterError(parameter, cause, cure, target)
    require(target, "matplotlib")


def house_style() -> Any:
    """Gives a context in which matplotlib draws in the style of all pictures.

    Raises:
        DependencyError: matplotlib is not installed.
    """
    try:
        import matplotlib
    except ModuleNotFoundError as error:
        raise missing_package("a picture", error.name) from error
    return matplotlib.rc_context(_STYLE)


def new_figure(width: float, height: float) -> Figure:
    """Makes an empty figure, independent of any display.

    Args:
        width: Inches.
        height: Inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = ConstrainedLayoutEngine(h_pad=0.05, hspace=0.02)
    figure = Figure(figsize=(width, height), facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Figure, target: Path) -> None:
    """Writes a picture as PNG or SVG, whole or not at all.

    Raises:
        SerError: The suffix is neither ``.png`` nor ``.svg``, or the file cannot be written.
    """
    check_target(target)
    kind = target.suffix.lower()[1:]
    # Without a date, the same picture is the same file.
    metadata = {"Date": None} if kind == "svg" else {}
    try:
        with atomic_path(target) as temporary, warnings.catch_warnings():
            # A title in a script that the font lacks shows boxes; that is no reason to complain.
            warnings.filterwarnings("ignore", message="Glyph .* missing from")
            figure.savefig(temporary, format=kind, dpi=160, metadata=metadata)
    except OSError as error:
        raise SerError(
            target, f"cannot be written ({error.strerror or error})", "check folder and free space"
        ) from error


def figure_svg(figure: Figure) -> str:
    """Gives a figure as an SVG element, for a page or a notebook.

    Returns:
        ``<svg …>…</svg>``, without the declarations that a file of its own begins with.
    """
    stream = io.StringIO()
    with house_style():
        figure.savefig(stream, format="svg", metadata={"Date": None})
    text = stream.getvalue()
    return text[text.index("<svg") :]


def show_spines(axes: Axes, *sides: str) -> None:
    """Hides the frame of axes but for the sides named."""
    for side, spine in axes.spines.items():
        spine.set_visible(side in sides)


def shorten(name: str, width: int = 70) -> str:
    """Shortens a long name in its middle, for titles; bytes that are not UTF-8 become escapes."""
    name = name.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(name) <= width:
        return name
    return f"{name[: width // 3]} … {name[-(width - width // 3 - 3) :]}"
