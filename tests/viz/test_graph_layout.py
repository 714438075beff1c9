"""Boxes of a graph find their places: in rows, without overlaps, arrows down and few crossings."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from ser.viz.graph_layout import GraphLayout, place_boxes

GAP, SPACE = 0.3, 0.2


def laid(sources: list[list[int]], sizes: list[tuple[float, float]] | None = None) -> GraphLayout:
    return place_boxes(sizes or [(1.0, 0.5)] * len(sources), sources, gap=GAP, space=SPACE)


def test_a_chain_is_straight() -> None:
    layout = laid([[], [0], [1]], [(1, 0.5), (3, 1), (2, 0.25)])
    assert layout.centers == pytest.approx((1.5, 1.5, 1.5))
    assert layout.tops == pytest.approx((0, 0.5 + GAP, 1.5 + 2 * GAP))
    assert (layout.width, layout.height) == pytest.approx((3, 1.75 + 2 * GAP))
    assert layout.arrows == ((0, 1, ()), (1, 2, ()))


def test_branches_stand_side_by_side_under_their_source() -> None:
    layout = laid([[], [0], [0], [1, 2]])
    assert layout.ranks == (0, 1, 1, 2)
    assert abs(layout.centers[1] - layout.centers[2]) == pytest.approx(1 + SPACE)
    assert layout.centers[0] == pytest.approx((layout.centers[1] + layout.centers[2]) / 2)
    assert layout.centers[3] == pytest.approx(layout.centers[0])
    assert layout.width == pytest.approx(2 + SPACE)


def test_a_long_arrow_goes_round_the_boxes_in_between() -> None:
    layout = laid([[], [0], [1], [2, 0]])
    passages = next(xs for a, b, xs in layout.arrows if (a, b) == (0, 3))
    assert len(passages) == 2
    for box, x in zip((1, 2), passages, strict=True):
        assert abs(layout.centers[box] - x) >= 0.5 + SPACE - 1e-9


def test_crossings_are_undone() -> None:
    # 1 and 2 under 0; 3 belongs to 2 and 4 to 1.
    layout = laid([[], [0], [0], [2], [1], [3, 4]])
    assert np.sign(layout.centers[1] - layout.centers[2]) == np.sign(
        layout.centers[4] - layout.centers[3]
    )


@pytest.mark.parametrize("seed", range(5))
def test_boxes_of_any_graph_stay_apart(seed: int) -> None:
    random = np.random.default_rng(seed)
    sources: list[list[int]] = [[]]
    for box in range(1, 40):
        count = min(box, int(random.integers(1, 4)))
        sources.append(random.choice(box, count, replace=False).tolist())
    sizes = [(float(w), float(h)) for w, h in random.uniform(0.3, 3, (40, 2))]
    layout = laid(sources, sizes)
    for row in range(len(layout.rows)):
        boxes = [(layout.centers[b], sizes[b][0]) for b in range(40) if layout.ranks[b] == row]
        for (x, width), (other, its) in pairwise(sorted(boxes)):
            assert other - x >= (width + its) / 2 + SPACE - 1e-6
    for box, before in enumerate(sources):
        for source in before:
            assert layout.tops[box] >= layout.tops[source] + sizes[source][1] + GAP - 1e-9
    edges = [(c - w / 2, c + w / 2) for c, (w, _) in zip(layout.centers, sizes, strict=True)]
    assert min(left for left, _ in edges) >= -1e-9
    assert max(right for _, right in edges) <= layout.width + 1e-9


def test_nothing_has_no_size() -> None:
    assert (laid([]).width, laid([]).height) == (0, 0)
