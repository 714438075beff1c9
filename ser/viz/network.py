"""The picture of a network: its layers from top to bottom, with their shapes and parameters."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ser.colors import FAINT, INK
from ser.errors import SerError
from ser.viz.figure import check_target, house_style, new_figure, save_figure, shorten
from ser.viz.graph_layout import GraphLayout, place_boxes
from ser.viz.layers import Block, Layer, count_parameters, format_shape, group_blocks, read_layers

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Inches.
_ROW = 0.17
_PAD = 0.08
_BETWEEN = 0.16
_GAP = 0.27
_SPACE = 0.22
_MARGIN = 0.3
_HEADER = 0.75
_MIN_WIDTH = 4.0
_MAX_PNG_HEIGHT = 400.0

_SIZE = 7.5

# A part of the name of a block's first layer, and the colors of its edge and background.
_COLORS = (
    ("Conv", "#1B4A9C", "#EAF1FB"),
    ("LSTM", "#67245F", "#F6ECF5"),
    ("GRU", "#67245F", "#F6ECF5"),
    ("Bidirectional", "#67245F", "#F6ECF5"),
    ("Attention", "#67245F", "#F6ECF5"),
    ("Dense", "#0F7A45", "#E8F6EE"),
    ("InputLayer", INK, "#FFFFFF"),
)
_DEFAULT_COLORS = (FAINT, "#F5F6F7")


def draw_network(target: Path, model: Any, title: str = "", subtitle: str = "") -> None:
    """Draws a network and writes the picture.

    Layers that follow one another and learn nothing on their own stand in one box with the layer
    before them. Each row is a layer: what it is, the shape of its output for one example where it
    changes, and its parameters.

    Args:
        target: A name that ends in ``.png`` or ``.svg``.
        model: A `keras.Model` made of layers.
        title: A heading; the network's name where empty.
        subtitle: Further words under it.

    Raises:
        SerError: The network is no graph of layers, the suffix is unknown, the picture is too
            large, or the file cannot be written.
        DependencyError: matplotlib is not installed.
    """
    check_target(target)
    layers = read_layers(model)
    blocks = group_blocks(layers)
    facts = f"{len(layers)} layers, {count_parameters(layers):,} parameters"
    with house_style():
        columns = [_columns(block) for block in blocks]
        sizes = [
            (sum(c) + 2 * _PAD + _BETWEEN * sum(w > 0 for w in c[1:]), _height(block))
            for c, block in zip(columns, blocks, strict=True)
        ]
        layout = place_boxes(sizes, [block.sources for block in blocks], gap=_GAP, space=_SPACE)
        width = max(layout.width, _MIN_WIDTH) + 2 * _MARGIN
        height = layout.height + _HEADER + _MARGIN
        if height > _MAX_PNG_HEIGHT and target.suffix.lower() == ".png":
            raise SerError(target, "would be too tall for a PNG", "name it .svg: that has no limit")
        figure = new_figure(width, height)
        # Every place is known already.
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.axis("off")
        heading = shorten(title or str(model.name), 60)
        axes.text(_MARGIN, 0.3, heading, fontsize=13, fontweight="bold", va="center")
        words = f"{facts} · {subtitle}" if subtitle else facts
        axes.text(_MARGIN, 0.52, shorten(words, 90), color=FAINT, fontsize=8.5, va="center")
        left = (width - layout.width) / 2
        for arrow in layout.arrows:
            _draw_arrow(axes, layout, sizes, arrow, left)
        for i, block in enumerate(blocks):
            x, y = left + layout.centers[i] - sizes[i][0] / 2, _HEADER + layout.tops[i]
            _draw_block(axes, block, (x, y), sizes[i])
        save_figure(figure, target)


def _rows(block: Block) -> list[tuple[Layer, str, str, str]]:
    """Each layer with its words, its shape where that is new, and its parameters."""
    rows, last = [], None
    for layer in block.layers:
        words = " ".join(part for part in (layer.kind, layer.detail) if part)
        if layer.kind == "InputLayer":
            words = "Input"
        if layer.name:
            words = f"{words}  “{layer.name}”"
        shape = "" if layer.shape in (None, last) else format_shape(layer.shape) or "1"
        last = layer.shape
        rows.append((layer, words, shape, f"{layer.parameters:,}" if layer.parameters else ""))
    return rows


def _columns(block: Block) -> tuple[float, float, float]:
    rows = _rows(block)
    return tuple(max(_width(row[i]) for row in rows) for i in (1, 2, 3))  # type: ignore[return-value]


def _height(block: Block) -> float:
    return len(block.layers) * _ROW + 2 * _PAD


@cache
def _width(text: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    if not text:
        return 0.0
    path = TextPath((0, 0), text, size=_SIZE, prop=FontProperties(family="DejaVu Sans"))
    return float(path.get_extents().x1) / 72


def _draw_block(
    axes: Axes, block: Block, corner: tuple[float, float], size: tuple[float, float]
) -> None:
    from matplotlib.patches import FancyBboxPatch

    edge, background = _colors(block.layers)
    axes.add_patch(
        FancyBboxPatch(
            corner,
            *size,
            boxstyle="round,pad=0,rounding_size=0.05",
            edgecolor=edge,
            facecolor=background,
            linewidth=0.9,
        )
    )
    shapes = corner[0] + size[0] - _PAD
    parameters = _columns(block)[2]
    if parameters:
        shapes -= parameters + _BETWEEN
    for i, (_, words, shape, count) in enumerate(_rows(block)):
        y = corner[1] + _PAD + (i + 0.5) * _ROW
        line: dict[str, Any] = {"fontsize": _SIZE, "va": "center_baseline"}
        axes.text(corner[0] + _PAD, y, words, color=INK, **line)
        if shape:
            axes.text(shapes, y, shape, ha="right", color=edge, **line)
        if count:
            axes.text(corner[0] + size[0] - _PAD, y, count, ha="right", color=FAINT, **line)


def _colors(layers: Sequence[Layer]) -> tuple[str, str]:
    for word, edge, background in _COLORS:
        if word in layers[0].kind:
            return edge, background
    return _DEFAULT_COLORS


def _draw_arrow(
    axes: Axes,
    layout: GraphLayout,
    sizes: Sequence[tuple[float, float]],
    arrow: tuple[int, int, tuple[float, ...]],
    left: float,
) -> None:
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Curve

    source, target, bends = arrow
    x, y = left + layout.centers[source], _HEADER + layout.tops[source] + sizes[source][1]
    points, codes = [(x, y)], [Curve.MOVETO]
    rank = layout.ranks[source]
    # A box may be lower than its row: straight down to the row's end first.
    y = _HEADER + layout.rows[rank][1]
    points.append((x, y))
    codes.append(Curve.LINETO)
    for x_next in (*bends, layout.centers[target]):
        rank += 1
        top, bottom = (_HEADER + edge for edge in layout.rows[rank])
        middle = (y + top) / 2
        points += [(x, middle), (left + x_next, middle), (left + x_next, top)]
        codes += [Curve.CURVE4] * 3
        x, y = left + x_next, bottom
        if rank < layout.ranks[target]:
            points.append((x, y))
            codes.append(Curve.LINETO)
    axes.add_patch(
        FancyArrowPatch(
            path=Curve(points, codes),
            arrowstyle="-|>,head_width=1.6,head_length=3.2",
            mutation_scale=1,
            color=FAINT,
            linewidth=0.9,
            shrinkA=0,
            shrinkB=0,
        )
    )
