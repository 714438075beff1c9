"""The folds of RAVDESS's actors: who is converted, and who is trained on."""

from __future__ import annotations

FOLDS: tuple[tuple[str, ...], ...] = (
    ("01", "02", "09", "10", "17", "18"),
    ("03", "04", "11", "12", "19", "20"),
    ("05", "06", "13", "14", "21", "22"),
    ("07", "08", "15", "16", "23", "24"),
)
"""The six test actors of each fold: three men (odd numbers) and three women.

Actors 1 and 2 go to the first fold, 3 and 4 to the second, and so on in turn, so that there is no
choice. Rules and networks are trained on the other 18.
"""

ACTORS: tuple[str, ...] = tuple(sorted(actor for fold in FOLDS for actor in fold))
"""All actors."""


def training_actors(fold: int) -> tuple[str, ...]:
    """Gives the training actors of a fold.

    Args:
        fold: 1 to 4.
    """
    return tuple(actor for actor in ACTORS if actor not in FOLDS[fold - 1])
