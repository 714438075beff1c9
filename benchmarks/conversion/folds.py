"""Who is translated, and who it is learnt from: four folds of RAVDESS's actors."""

from __future__ import annotations

FOLDS: tuple[tuple[str, ...], ...] = (
    ("01", "02", "09", "10", "17", "18"),
    ("03", "04", "11", "12", "19", "20"),
    ("05", "06", "13", "14", "21", "22"),
    ("07", "08", "15", "16", "23", "24"),
)
"""The six actors of each fold that training does not see: three men (odd) and three women each.

Actors 1 and 2 go to the first fold, 3 and 4 to the second, and so on around, so that nobody has
chosen. The other 18 are what rules and networks learn from.
"""

ACTORS: tuple[str, ...] = tuple(sorted(actor for fold in FOLDS for actor in fold))
"""All of them."""


def training_actors(fold: int) -> tuple[str, ...]:
    """Gives the actors that a fold's translators may learn from.

    Args:
        fold: 1 to 4.
    """
    return tuple(actor for actor in ACTORS if actor not in FOLDS[fold - 1])
