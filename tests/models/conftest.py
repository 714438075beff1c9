"""Most networks here answer once: no graphs are made of them."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="module")
def answers_at_once(without_graphs: None) -> None:
    """Computes without graphs in this folder."""
