from __future__ import annotations

from ser.cli.stats.grid import grid


def test_columns_line_up() -> None:
    assert grid([("corpus", "clips", "x"), ("tess", 7, ""), ("a longer one", 1200, 3)]) == [
        "corpus        clips  x",
        "tess              7",
        "a longer one   1200  3",
    ]
