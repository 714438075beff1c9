"""How many copies a clip gets, and the chance that each is made with."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Samples
from ser.augment.recipe import Recipe, apply, label_of


@dataclass(frozen=True, slots=True)
class Copies:
    """What is made of each clip besides its own record.

    Attributes:
        recipe: What copies are changed by.
        number: Copies per clip.
        balance: Make more copies of rarer emotions; see `copies_per_clip`.
        seed: Of everything random.
    """

    recipe: Recipe
    number: int = 1
    balance: bool = False
    seed: int = 0

    def label(self, path: str, start: float, number: int) -> str:
        """Says what `make` does to one copy; takes its arguments without making it."""
        return label_of(self.recipe.draw(generator(self.seed, path, start, number)))

    def make(
        self, samples: Samples, rate: int, path: str, start: float, number: int
    ) -> tuple[str, Samples]:
        """Makes one copy of a clip.

        Args:
            samples: The clip, shape (samples,), at least one; not changed.
            rate: Their rate in hertz.
            path: The clip's recording, as it is called in the table.
            start: Where in it the clip begins, in seconds.
            number: Of the copy, from 1.

        Returns:
            What was done, for the table; and the copy.
        """
        rng = generator(self.seed, path, start, number)
        drawn = self.recipe.draw(rng)
        return label_of(drawn), apply(drawn, samples, rate, rng)


def generator(seed: int, path: str, start: float, number: int) -> np.random.Generator:
    """Makes the source of chance of one copy.

    It depends on these values alone, so that a copy is the same whatever else is made, in whatever
    order and by however many processes.

    Args:
        seed: The user's.
        path: The clip's recording, as it is called in the table.
        start: Where in it the clip begins, in seconds.
        number: Of the copy, from 1.
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
        emotions: Of each clip, `''` where unknown.
        keys: Names of the clips, for the choice not to depend on their order.
        copies: Per clip of the most frequent emotion, or of all.
        balance: Make more copies of rarer emotions.
        seed: Of the choice.

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
        members.sort(key=lambda index: _lot(seed, keys[index]))
        for rank, index in enumerate(members):
            result[index] = each + (rank < more)
    return result


def _lot(seed: int, key: str) -> bytes:
    return hashlib.blake2b(
        f"{seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16
    ).digest()
