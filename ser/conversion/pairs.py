"""Recordings of the same words by the same speaker in different emotions, found in a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ser.arrays import Indices, Vector
from ser.conversion.contours import check_spec
from ser.conversion.dtw import align
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.errors import TableError
from ser.features.layout import columns

INTENSITIES = {"low": 0.4, "normal": 0.4, "medium": 0.7, "high": 1.0, "strong": 1.0}
"""What an intensity in a table means as a number: normal recordings of RAVDESS change a quarter to
a half as much of a voice as strong ones do."""

UNKNOWN_INTENSITY = 0.7
"""Where a corpus says nothing."""

NEUTRAL = "neutral"

LONGEST = 3.3
"""Seconds of the longest recordings that are learnt from: all are padded to the longest one."""

# What is compared of two recordings: the shape of the spectrum, without the level, which emotions
# change, and without the finest ripples, which voices differ in.
_COMPARED = slice(1, 13)

# Every second frame: sounds last longer than 20 ms, and the work is a quarter.
_STEP = 2

# Pairs aligned at a time: a matrix of distances each.
_TOGETHER = 64


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Which record can be changed into which.

    Attributes:
        source: Record numbers, shape (n,).
        target: Likewise; the same record where nothing is to change.
        positions: For each pair where in the target each frame of the source is, in frames.
    """

    source: Indices
    target: Indices
    positions: list[Vector]

    def __len__(self) -> int:
        """Gives the number of pairs."""
        return len(self.source)


def intensity_of(table: Table) -> Vector:
    """Gives each record's intensity as a number; neutral ones have 1, for they cannot have less."""
    emotions, names = table["y"].tolist(), table["intensity"].tolist()
    values = [
        1.0 if y == NEUTRAL else INTENSITIES.get(name, UNKNOWN_INTENSITY)
        for y, name in zip(emotions, names, strict=True)
    ]
    return np.array(values, np.float32)


def short_enough(table: Table, indices: Indices) -> Indices:
    """Gives the records that are no longer than `LONGEST`, and have a speaker and an emotion."""
    keys, emotions = speaker_keys(table), table["y"].tolist()
    most = LONGEST * spec_of(table).sample_rate / spec_of(table).hop_length
    kept = [
        number
        for number in indices.tolist()
        if keys[number] and emotions[number] and table["frames"][number] <= most
    ]
    return np.array(kept, np.intp)


def find_pairs(
    table: Table,
    indices: Indices,
    *,
    per_target: int = 4,
    neutral: float = 0.5,
    same: float = 0.15,
    seed: int = 0,
    progress: Callable[[int], None] = lambda count: None,
) -> Pairs:
    """Finds pairs: one speaker, one sentence, two recordings.

    Args:
        table: Features of the preset ``translate``.
        indices: The records to take.
        per_target: Pairs that lead to each record.
        neutral: The share of pairs that come from a neutral recording, where there is one: what
            people want changed is mostly spoken without emotion.
        same: The share of pairs that lead to the same recording, from which it is learnt to leave
            alone what is as it should be.
        seed: Of what is drawn.
        progress: Called with the number of pairs aligned since the last call.

    Returns:
        Aligned pairs, in a random order.

    Raises:
        SerError: The features are others.
        TableError: There are no pairs.
    """
    check_spec(spec_of(table))
    groups = _groups(table, indices)
    rng = np.random.default_rng(seed)
    emotions = np.asarray(table["y"])
    source, target = [], []
    for group in groups:
        calm = group[emotions[group] == NEUTRAL]
        for record in group:
            others = group[group != record]
            unlike = calm[calm != record]
            for draw in rng.random(per_target):
                if draw < same:
                    chosen = record
                elif draw < same + neutral and len(unlike):
                    chosen = rng.choice(unlike)
                else:
                    chosen = rng.choice(others)
                source.append(int(chosen))
                target.append(int(record))
    if not source:
        raise TableError(
            "table",
            "has no pairs: no speaker says the same sentence in two emotions",
            "take a corpus such as RAVDESS, TESS, CREMA-D or nEMO, whose readers know sentences",
        )
    order = rng.permutation(len(source))
    pairs = np.array(source)[order], np.array(target)[order]
    return Pairs(*pairs, _aligned(table, *pairs, progress))


def _groups(table: Table, indices: Indices) -> list[Indices]:
    """Puts records of one speaker and sentence together; those with two emotions at least."""
    keys = speaker_keys(table)
    texts, emotions = table["text"].tolist(), table["y"].tolist()
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for number in indices.tolist():
        if keys[number] and texts[number] and emotions[number]:
            found[keys[number], texts[number]].append(number)
    return [
        np.array(group)
        for _, group in sorted(found.items())
        if len({emotions[number] for number in group}) > 1
    ]


def _aligned(
    table: Table, source: Indices, target: Indices, progress: Callable[[int], None]
) -> list[Vector]:
    shape = columns(spec_of(table))["mcep"]
    positions: dict[tuple[int, int], Vector] = {}
    frames = np.asarray(table["frames"])
    wanted = sorted(
        {pair for pair in zip(source.tolist(), target.tolist(), strict=True) if pair[0] != pair[1]},
        # Pairs of like lengths together: what is short would be padded.
        key=lambda pair: (frames[pair[0]] + frames[pair[1]], pair),
    )
    for start in range(0, len(wanted), _TOGETHER):
        part = wanted[start : start + _TOGETHER]
        sides = [
            [_compared(table["x"][pair[side], : frames[pair[side]], shape]) for pair in part]
            for side in (0, 1)
        ]
        positions.update(zip(part, align(*sides), strict=True))
        progress(len(part))
    return [
        np.arange(frames[s], dtype=np.float32)
        if s == t
        else _finer(positions[s, t], frames[s], frames[t])
        for s, t in zip(source.tolist(), target.tolist(), strict=True)
    ]


def _finer(positions: Vector, frames: int, longest: int) -> Vector:
    places = np.arange(frames) / _STEP
    finer = np.interp(places, np.arange(len(positions)), positions * _STEP)
    return np.minimum(finer, longest - 1).astype(np.float32)


def _compared(cepstrum: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    cepstrum = np.asarray(cepstrum)[::_STEP]
    shape = cepstrum[:, _COMPARED]
    shape = (shape - shape.mean(axis=0)) / (shape.std(axis=0) + 1e-3)
    # Where speech is, levels say best; relative to the recording's own.
    level = cepstrum[:, :1]
    level = 2 * (level - level.mean()) / (level.std() + 1e-3)
    compared: npt.NDArray[np.float32] = np.concatenate([shape, level], axis=1)
    return compared
