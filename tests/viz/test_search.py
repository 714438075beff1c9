"""The picture of a search: every trial and every hyperparameter is in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ser.errors import SerError
from ser.training.tuning.space import SearchRange
from ser.training.tuning.trial import Trial
from ser.viz.search import draw_search

SPACE = {
    "dropout": SearchRange(0.1, 0.6),
    "lr": SearchRange(1e-4, 1e-2, log=True),
    "units": SearchRange(64, 256, log=True, integer=True),
    "kernel": SearchRange(choices=(3, 5)),
    "norm": SearchRange(choices=("batch", "layer", False)),
}


def trials(count: int = 12) -> list[Trial]:
    random = np.random.default_rng(0)
    found = []
    for number in range(1, count + 1):
        values = {
            "dropout": float(random.uniform(0.1, 0.6)),
            "lr": float(10 ** random.uniform(-4, -2)),
            "units": int(random.integers(64, 257)),
            "kernel": int(random.choice((3, 5))),
            "norm": ("batch", "layer", False)[number % 3],
        }
        outcome = ("complete", "complete", "pruned")[number % 3]
        found.append(Trial(number, values, outcome, float(random.uniform(0.3, 0.6))))  # type: ignore[arg-type]
    found.append(Trial(count + 1, found[0].values, "diverged", None))
    return found


def test_a_panel_per_hyperparameter(tmp_path: Path) -> None:
    draw_search(tmp_path / "s.svg", trials(), SPACE, "Search: cnn", "a protocol")
    text = (tmp_path / "s.svg").read_text()
    for word in (*SPACE, "Search: cnn", "a protocol", "best so far", "given up", "layer", "False"):
        assert f">{word}<" in text, word
    best = max(t.score or 0 for t in trials() if t.outcome == "complete")
    assert f">{best:.3f}<" in text


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("names", [["lr"], ["kernel", "dropout"], list(SPACE)])
def test_any_number_of_trials_and_panels(count: int, names: list[str], tmp_path: Path) -> None:
    draw_search(tmp_path / "s.png", trials(count), {name: SPACE[name] for name in names})
    assert (tmp_path / "s.png").read_bytes().startswith(b"\x89PNG")


def test_nothing_to_draw(tmp_path: Path) -> None:
    with pytest.raises(SerError, match="holds no scores"):
        draw_search(tmp_path / "s.png", [Trial(1, {}, "diverged", None)], SPACE)
    with pytest.raises(SerError, match=r"s\.jpg: is not a picture's name"):
        draw_search(tmp_path / "s.jpg", trials(), SPACE)
    assert list(tmp_path.iterdir()) == []
