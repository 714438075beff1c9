"""Training pairs: recordings of the same sentence by the same speaker in different emotions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ser.arrays import Indices, Matrix, Vector
from ser.conversion.contours import check_spec
from ser.conversion.dtw import align
from ser.dataset.table import Table, speaker_keys, spec_of
from ser.errors import TableError
from ser.features.layout import columns

INTENSITIES = {"low": 0.4, "normal": 0.4, "medium": 0.7, "high": 1.0, "strong": 1.0}
"""Intensities of tables as numbers: normal recordings of RAVDESS deviate from neutral a quarter to
a half as much as strong ones."""

UNKNOWN_INTENSITY = 0.7
"""For corpora that do not state the intensity."""

NEUTRAL = "neutral"

MAX_SECONDS = 3.3
"""Longest training recordings in seconds: all are padded to the longest one."""

# Cepstral coefficients that recordings are aligned by: the shape of the spectrum, without the
# level, which emotions change, and without fine structure, which voices differ in.
_ALIGNMENT_COEFFICIENTS = slice(1, 13)

# Alignment uses every second frame: sounds last longer than 20 ms, at a quarter of the cost.
_STEP = 2

# Pairs aligned at a time, each with a matrix of distances.
_BATCH_SIZE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Aligned pairs of source and target records.

    Attributes:
        source: Record numbers, shape (n,).
        target: Likewise; the same record for the identity.
        positions: For each pair the target frame of each source frame, as fractional frames.
    """

    source: Indices
    target: Indices
    positions: list[Vector]

    def __len__(self) -> int:
        """Gives the number of pairs."""
        return len(self.source)


def intensity_values(table: Table) -> Vector:
    """Gives the intensity of each record as a number, shape (records,); 1 for neutral records."""
    emotions, names = table["y"].tolist(), table["intensity"].tolist()
    values = [
        1.0 if y == NEUTRAL else INTENSITIES.get(name, UNKNOWN_INTENSITY)
        for y, name in zip(emotions, names, strict=True)
    ]
    return np.array(values, np.float32)


def select_usable(table: Table, indices: Indices) -> Indices:
    """Selects the records of at most `MAX_SECONDS` that have a speaker and an emotion."""
    keys, emotions = speaker_keys(table), table["y"].tolist()
    limit = MAX_SECONDS * spec_of(table).sample_rate / spec_of(table).hop_length
    usable = [
        number
        for number in indices.tolist()
        if keys[number] and emotions[number] and table["frames"][number] <= limit
    ]
    return np.array(usable, np.intp)


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
    """Draws pairs of recordings of one sentence by one speaker, and aligns them.

    Args:
        table: Features of the preset ``translate``.
        indices: The records to use.
        per_target: Pairs drawn for each target record.
        neutral: Share of pairs with a neutral source, where there is one: what users convert is
            mostly neutral speech.
        same: Share of identity pairs, which teach the network to keep what already has the
            emotion.
        seed: Of the draws.
        progress: Called with the number of pairs aligned since the last call.

    Returns:
        Aligned pairs, in a random order.

    Raises:
        SerError: The features are others.
        TableError: There are no pairs.
    """
    check_spec(spec_of(table))
    groups = _group_by_sentence(table, indices)
    rng = np.random.default_rng(seed)
    emotions = np.asarray(table["y"])
    source, target = [], []
    for group in groups:
        neutral_records = group[emotions[group] == NEUTRAL]
        for record in group:
            others = group[group != record]
            other_neutral = neutral_records[neutral_records != record]
            for draw in rng.random(per_target):
                if draw < same:
                    chosen = record
                elif draw < same + neutral and len(other_neutral):
                    chosen = rng.choice(other_neutral)
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
    return Pairs(*pairs, _align(table, *pairs, progress))


def _group_by_sentence(table: Table, indices: Indices) -> list[Indices]:
    """Groups records by speaker and sentence; groups have at least two emotions."""
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


def _align(
    table: Table, source: Indices, target: Indices, progress: Callable[[int], None]
) -> list[Vector]:
    shape = columns(spec_of(table))["mcep"]
    positions: dict[tuple[int, int], Vector] = {}
    frames = np.asarray(table["frames"])
    to_align = sorted(
        {pair for pair in zip(source.tolist(), target.tolist(), strict=True) if pair[0] != pair[1]},
        # By length, because a batch is padded to its longest recording.
        key=lambda pair: (frames[pair[0]] + frames[pair[1]], pair),
    )
    for start in range(0, len(to_align), _BATCH_SIZE):
        part = to_align[start : start + _BATCH_SIZE]
        sides = [
            [
                _alignment_features(table["x"][pair[side], : frames[pair[side]], shape])
                for pair in part
            ]
            for side in (0, 1)
        ]
        positions.update(zip(part, align(*sides), strict=True))
        progress(len(part))
    return [
        np.arange(frames[s], dtype=np.float32)
        if s == t
        else _upsample(positions[s, t], frames[s], frames[t])
        for s, t in zip(source.tolist(), target.tolist(), strict=True)
    ]


def _upsample(positions: Vector, frames: int, longest: int) -> Vector:
    """Interpolates positions of every second frame to all frames."""
    places = np.arange(frames) / _STEP
    upsampled = np.interp(places, np.arange(len(positions)), positions * _STEP)
    return np.minimum(upsampled, longest - 1).astype(np.float32)


def _alignment_features(cepstrum: Matrix) -> Matrix:
    cepstrum = np.asarray(cepstrum)[::_STEP]
    shape = cepstrum[:, _ALIGNMENT_COEFFICIENTS]
    shape = (shape - shape.mean(axis=0)) / (shape.std(axis=0) + 1e-3)
    # The level tells speech from pauses; relative to the recording.
    level = cepstrum[:, :1]
    level = 2 * (level - level.mean()) / (level.std() + 1e-3)
    features: Matrix = np.concatenate([shape, level], axis=1)
    return features
