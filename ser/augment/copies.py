"""Augmented copies of clips: how many each clip gets, and how each is made repeatably."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Samples
from ser.augment.recipe import Recipe, apply_transforms, format_label


@dataclass(frozen=True, slots=True)
class Copies:
    """The augmented copies that are made of each clip.

    Attributes:
        recipe: The transforms to draw from.
        number: Copies per clip.
        balance: Make more copies of rarer emotions; see `copies_per_clip`.
        seed: The random seed.
    """

    recipe: Recipe
    number: int = 1
    balance: bool = False
    seed: int = 0

    def label(self, path: str, start: float, number: int) -> str:
        """Gives the label of the copy that `make` would make with the same arguments."""
        return format_label(self.recipe.draw(copy_generator(self.seed, path, start, number)))

    def make(
        self, samples: Samples, rate: int, path: str, start: float, number: int
    ) -> tuple[str, Samples]:
        """Makes one copy of a clip.

        Args:
            samples: The clip, shape (samples,), at least one; not changed.
            rate: Their rate in hertz.
            path: The name of the clip's recording in the table.
            start: Where in it the clip begins, in seconds.
            number: The number of the copy, from 1.

        Returns:
            The label for the table, and the copy.
        """
        rng = copy_generator(self.seed, path, start, number)
        drawn = self.recipe.draw(rng)
        return format_label(drawn), apply_transforms(drawn, samples, rate, rng)


def copy_generator(seed: int, path: str, start: float, number: int) -> np.random.Generator:
    """Makes the random generator of one copy.

    It depends on these values alone, so that a copy is the same whatever else is made, in whatever
    order and by however many processes.

    Args:
        seed: The user's seed.
        path: The name of the clip's recording in the table.
        start: Where in it the clip begins, in seconds.
        number: The number of the copy, from 1.
    """
    key = f"{seed}\0{path}\0{start!r}\0{number}".encode("utf-8", "surrogatepass")
    return np.random.default_rng(
        int.from_bytes(hashlib.blake2b(key, digest_size=16).digest(), "little")
    )


def copies_per_clip(
    emotions: Sequence[str], keys: Sequence[str], copies: int, *, balance: bool, seed: int
) -> list[int]:
    """Decides how many copies each clip gets.

    Balanced, the clips of the most frequent emotion get `copies` each, and those of every other
    emotion as many more as make its records equal in number: each clip the same, but for one more
    for as many clips as are needed, which the seed chooses. Clips without an emotion get `copies`.

    Args:
        emotions: The emotion of each clip, `''` where unknown.
        keys: Names of the clips, so that the choice does not depend on their order.
        copies: Copies per clip of the most frequent emotion, or of all clips.
        balance: Make more copies of rarer emotions.
        seed: The seed of the choice.

    Returns:
        A number per clip.
    """
    result = [copies] * len(emotions)
    if not balance:
        return result
    by_emotion: dict[str, list[int]] = {}
    for index, emotion in enumerate(emotions):
        if emotion:
            by_emotion.setdefault(emotion, []).append(index)
    target = max(map(len, by_emotion.values()), default=0) * (1 + copies)
    for members in by_emotion.values():
        each, more = divmod(target - len(members), len(members))
        members.sort(key=lambda index: _shuffle_key(seed, keys[index]))
        for rank, index in enumerate(members):
            result[index] = each + (rank < more)
    return result


def _shuffle_key(seed: int, key: str) -> bytes:
    return hashlib.blake2b(
        f"{seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()
