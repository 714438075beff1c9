"""Finds recordings that are in a table twice, though not bit by bit.

Re-encoded, amplified, cut elsewhere or named anew, the same sound gives other features, and no
hash finds it. Frames are compared by cross-correlation over time: of bands of the spectrum, each
less its mean over the clip, so that neither level nor a constant filter matters. Where a table
holds one vector per clip, these are compared by correlation.

Thresholds were chosen on real corpora; docs/commands.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ser.arrays import Array, Doubles, Indices, Matrix
from ser.dataset.cues import active_frames, frame_levels
from ser.dataset.table import Table, iter_blocks, release_pages, spec_of
from ser.features.layout import columns, functional_names
from ser.features.spec import FeatureSpec

FRAMES_THRESHOLD = 0.98
"""Cross-correlation from which two clips are the same recording."""

FUNCTIONALS_THRESHOLD = 0.98
"""Correlation of the functionals of two clips from which they are the same recording."""

POOLED_THRESHOLD = 0.999
"""Correlation of the pooled features of two clips from which they are the same recording."""

_BANDS = 16
# Everything that lies further below a clip's maximum is noise, or was gated.
_RANGE_DB = 48.0
_STEP_SECONDS = 0.02
_MOST_SECONDS = 10.0
_FEWEST_FRAMES = 16
# How many of the clips that sound most alike on the whole are compared over time.
_CANDIDATES = 10
_BLOCK = 512
# In standard deviations, so that one outlier does not make two clips alike.
_CLIP = 5.0


@dataclass(frozen=True, slots=True)
class NearDuplicate:
    """Two records that hold the same sound.

    Attributes:
        first: Record number.
        second: Record number, the larger one.
        similarity: Their correlation, at most 1.
    """

    first: int
    second: int
    similarity: float


def near_duplicates(
    table: Table,
    records: Indices,
    groups: Indices,
    progress: Callable[[int], object] = lambda n: None,
) -> list[NearDuplicate]:
    """Finds pairs of records that hold the same sound, whatever their level.

    Args:
        table: A feature table.
        records: The numbers of the records to compare, sorted.
        groups: For each record of the table the group of those that are known to sound the same,
            shape (n,); pairs within a group are not looked for.
        progress: Called with the number of records read and compared since the last call, twice
            the number of records in all.

    Returns:
        The pairs, most alike first.
    """
    if len(records) < 2:
        return []
    spec = spec_of(table)
    if table.dtype["x"].shape[0] < _FEWEST_FRAMES:
        vectors, threshold = _vectors(table, spec)
        return _pairs(_directions(vectors[records]), threshold, records, groups, progress)
    contours, summaries = _contours(table, records, spec, progress)
    return _aligned_pairs(contours, _directions(summaries), records, groups, progress)


def _pairs(
    vectors: Doubles,
    threshold: float,
    records: Indices,
    groups: Indices,
    progress: Callable[[int], object],
) -> list[NearDuplicate]:
    found = []
    for start in range(0, len(vectors), _BLOCK):
        alike = vectors[start : start + _BLOCK] @ vectors.T
        for i, j in np.argwhere(alike >= threshold).tolist():
            a, b = int(records[start + i]), int(records[j])
            if a < b and groups[a] != groups[b]:
                found.append(NearDuplicate(a, b, min(float(alike[i, j]), 1.0)))
        progress(2 * len(alike))
    return sorted(found, key=lambda pair: -pair.similarity)


def _aligned_pairs(
    contours: Array,
    directions: Doubles,
    records: Indices,
    groups: Indices,
    progress: Callable[[int], object],
) -> list[NearDuplicate]:
    size = 2 * contours.shape[1]
    own = groups[records]
    found: dict[tuple[int, int], float] = {}
    for start in range(0, len(contours), _BLOCK):
        alike = directions[start : start + _BLOCK] @ directions.T
        alike[own[start : start + _BLOCK, None] == own[None]] = -np.inf
        count = min(_CANDIDATES, alike.shape[1] - 1)
        nearest = np.argpartition(-alike, count, axis=1)[:, :count]
        for i, others in enumerate(nearest, start):
            near = others[np.isfinite(alike[i - start, others])]
            if not len(near):
                continue
            first = np.fft.rfft(contours[i], size, axis=0)
            second = np.fft.rfft(contours[near], size, axis=1)
            crossed = np.fft.irfft((first * second.conj()).sum(axis=2), size, axis=1)
            for j, value in zip(near.tolist(), crossed.max(axis=1).tolist(), strict=True):
                if value >= FRAMES_THRESHOLD:
                    pair = (int(records[min(i, j)]), int(records[max(i, j)]))
                    found[pair] = min(value, 1.0)
        progress(len(alike))
    pairs = [NearDuplicate(a, b, value) for (a, b), value in found.items()]
    return sorted(pairs, key=lambda pair: (-pair.similarity, pair.first, pair.second))


def _contours(
    table: Table, records: Indices, spec: FeatureSpec, progress: Callable[[int], object]
) -> tuple[Array, Matrix]:
    """Computes the contours of records, of unit norm, and what is compared first.

    Returns:
        Shapes (n, steps, bands) and (n, 2 x bands): mean and deviation of each band.
    """
    step = max(1, round(_STEP_SECONDS * spec.sample_rate / spec.hop_length))
    most = round(_MOST_SECONDS * spec.sample_rate / spec.hop_length)
    steps = -(-min(table.dtype["x"].shape[0], most) // step)
    width = _bands(np.zeros((1, table.dtype["x"].shape[1]), np.float32), spec).shape[1]
    contours = np.zeros((len(records), steps, width), np.float32)
    summaries = np.zeros((len(records), 2 * width), np.float32)
    for start in range(0, len(records), _BLOCK):
        for i, record in enumerate(records[start : start + _BLOCK].tolist(), start):
            frames = min(max(int(table["frames"][record]), 1), most)
            bands = _bands(np.asarray(table["x"][record][:frames]), spec)
            whole = np.add.reduceat(bands, np.arange(0, len(bands), step), axis=0)
            sizes = np.diff(np.append(np.arange(0, len(bands), step), len(bands)))
            contour = whole / sizes[:, None]
            mean, deviation = contour.mean(axis=0), contour.std(axis=0)
            summaries[i] = np.concatenate([mean - mean.mean(), deviation])
            contour -= mean
            contours[i, : len(contour)] = contour / max(float(np.linalg.norm(contour)), 1e-9)
        release_pages(table)
        progress(min(_BLOCK, len(records) - start))
    return contours, summaries


def _bands(x: Matrix, spec: FeatureSpec) -> Doubles:
    """Gives at most 16 bands of one family, without silence before and behind."""
    levels = frame_levels(x, spec)
    if levels is not None and len(x) > 1:
        x = x[active_frames(levels)]
    family, values = _family(x, spec)
    if family in ("logmel", "mel") and spec.normalise == "none":
        decibels = values * (10 / np.log(10)) if family == "logmel" else values
        values = np.maximum(decibels, decibels.max() - _RANGE_DB)
    parts = np.array_split(values, min(_BANDS, values.shape[1]), axis=1)
    return np.stack([part.mean(axis=1) for part in parts], axis=1)


def _family(x: Matrix, spec: FeatureSpec) -> tuple[str, Doubles]:
    """Picks the family that says most about the spectrum, without its level."""
    places = columns(spec)
    known: list[str] = [name for name in ("logmel", "mel", "mfcc", "mcep") if name in places]
    family = (known or list(places))[0]
    values = np.asarray(x[:, places[family]], np.float64)
    if family == "mel" and spec.mel_scale == "power":
        values = 10 * np.log10(np.maximum(values, 1e-10))
    if family in ("mfcc", "mcep") and values.shape[1] > 1:
        values = values[:, 1 : 1 + _BANDS]
    return family, values


def _vectors(table: Table, spec: FeatureSpec) -> tuple[Doubles, float]:
    """Gives one vector per record in which the level does not matter, and the threshold for it."""
    names = functional_names(spec) if "functionals" in (table.dtype.names or ()) else ()
    if len(names) > 1:
        # The level comes first.
        return np.asarray(table["functionals"], np.float64)[:, 1:], FUNCTIONALS_THRESHOLD
    found = []
    for block in iter_blocks(table):
        _, values = _family(np.asarray(block["x"]).reshape(-1, block["x"].shape[2]), spec)
        whole = values.reshape(len(block), -1)
        found.append(whole - whole.mean(axis=1, keepdims=True))
    return np.concatenate(found), POOLED_THRESHOLD


def _directions(vectors: Doubles | Matrix) -> Doubles:
    """Standardizes each column over the records, and each record to unit length."""
    values = np.asarray(vectors, np.float64)
    scale = np.maximum(values.std(axis=0), 1e-9)
    standard = np.clip((values - values.mean(axis=0)) / scale, -_CLIP, _CLIP)
    length = np.maximum(np.linalg.norm(standard, axis=1, keepdims=True), 1e-9)
    directions: Doubles = standard / length
    return directions
