"""Cues of a recording that are no speech: its length, its level, its silence.

Corpora that were cut, gated or recorded emotion by emotion give their labels away by such cues,
and whatever is trained on them may learn these instead of voices. They are measured as the table
has them: what trimming or normalization took away, nobody can learn from the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Matrix
from ser.dataset.table import Table, iter_blocks, release_pages, spec_of
from ser.features.layout import columns, functional_names
from ser.features.spec import FeatureSpec

ACTIVE_DB = 40.0
"""Frames that lie further below the loudest one are silence, as for ``trim`` of the presets."""

# Below this everything is digital silence.
_LEAST_POWER = 1e-10
# What recordings without any sound are given.
_LOWEST_DB = -100.0


@dataclass(frozen=True, slots=True, eq=False)
class Cues:
    """The cues of the records of a table.

    Attributes:
        values: Shape (records, numbers) by the name of the cue, ``length``, ``level`` and
            ``silence``; a cue that the features do not tell is missing. The first number of each is
            the one to print: seconds, decibels, and the silent share of the frames.
        notes: Why cues are missing.
    """

    values: Mapping[str, Doubles]
    notes: tuple[str, ...]


def measure_cues(table: Table, progress: Callable[[int], object] = lambda n: None) -> Cues:
    """Measures length, level and silence of each record from what a table holds.

    The length is that of the sound that features are of. Level and silence come from the levels of
    frames (see `frame_levels`), or from prosodic functionals.

    Args:
        table: Records, usually memory-mapped: the features are read once, block by block.
        progress: Called with the number of records after each block.
    """
    spec = spec_of(table)
    names = functional_names(spec) if "functionals" in (table.dtype.names or ()) else ()
    several = table.dtype["x"].shape[0] > 1
    rows: dict[str, list[Doubles]] = {"level": [], "silence": []}
    for block in iter_blocks(table):
        seconds = np.asarray(block["duration"], np.float64)
        levels = [
            frame_levels(x[: max(frames, 1)], spec)
            for x, frames in zip(block["x"], block["frames"].tolist(), strict=True)
        ]
        known = [level for level in levels if level is not None]
        if known:
            rows["level"].append(np.array([_level(level) for level in known]))
            if several:
                rows["silence"].append(np.array([_silence(level, spec) for level in known]))
        elif names:
            values = np.asarray(block["functionals"], np.float64)
            rows["level"].append(values[:, [names.index("level")]])
        if not (known and several) and "fullness" in names:
            values = np.asarray(block["functionals"], np.float64)
            span = np.minimum(values[:, names.index("span")], seconds)
            speech = span * values[:, names.index("fullness")]
            silent = 1 - speech / np.maximum(seconds, 1e-9)
            rows["silence"].append(np.stack([silent, seconds - span], axis=1))
        progress(len(block))
    release_pages(table)
    found = {name: np.concatenate(parts) for name, parts in rows.items() if parts}
    lengths = np.asarray(table["duration"], np.float64)[:, None]
    notes = tuple(f"the features do not tell the {name}" for name in rows if name not in found)
    return Cues({"length": lengths, **found}, notes)


def frame_levels(x: Matrix, spec: FeatureSpec) -> Doubles | None:
    """Computes the level of each frame from its features.

    Args:
        x: The real frames of a clip, shape (frames, coefficients).
        spec: What they are.

    Returns:
        Decibels, shape (frames,); None where features are normalized, or tell no level.
    """
    if spec.normalise != "none":
        return None
    places = columns(spec)
    for family in ("logmel", "mel", "rms", "mfcc"):
        if family in places:
            values = np.asarray(x[:, places[family]], np.float64)
            break
    else:
        return None
    if family == "mfcc":
        # The first is the mean level of the bands times the root of their number.
        return values[:, 0] / math.sqrt(spec.n_mels)
    if family == "rms":
        power = np.square(values[:, 0])
    elif family == "logmel":
        power = np.exp(values).sum(axis=1)
    else:
        power = (values if spec.mel_scale == "power" else 10 ** (values / 10)).sum(axis=1)
    levels: Doubles = 10 * np.log10(np.maximum(power, _LEAST_POWER))
    return levels


def active_frames(levels: Doubles) -> slice:
    """Finds the frames between leading and trailing silence."""
    active = np.flatnonzero(levels > levels.max() - ACTIVE_DB)
    return slice(int(active[0]), int(active[-1]) + 1)


def _level(levels: Doubles) -> list[float]:
    """Gives the mean power of the frames that are not silent, and the highest level."""
    active = levels[levels > levels.max() - ACTIVE_DB]
    mean = 10 * math.log10(max(float(np.mean(10 ** (active / 10))), _LEAST_POWER))
    return [max(mean, _LOWEST_DB), max(float(levels.max()), _LOWEST_DB)]


def _silence(levels: Doubles, spec: FeatureSpec) -> list[float]:
    """Gives the silent share, the seconds of silence before and behind, and the depth of pauses."""
    seconds = spec.hop_length / spec.sample_rate
    inside = active_frames(levels)
    silent = float((levels <= levels.max() - ACTIVE_DB).mean())
    depth = float(levels.max() - np.percentile(levels, 10))
    behind = len(levels) - inside.stop
    return [silent, inside.start * seconds, behind * seconds, depth]
