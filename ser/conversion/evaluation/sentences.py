"""Sentence recognition: nearest templates of other speakers, by dynamic time warping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ser.arrays import Doubles, Matrix
from ser.conversion.dtw import align
from ser.conversion.evaluation.measures import ClipMeasures

# Frames of 30 ms: as long as the shortest sounds, at a ninth of the cost.
_FRAMES = 3
# Cepstral coefficients of the shape of the envelope, up to formants and without the level.
_SHAPE = slice(1, 13)
# Nearest templates of a sentence that count.
_NEAREST = 3
_BATCH_SIZE = 256


def sentence_features(clip: ClipMeasures) -> Matrix:
    """Gives shape of the envelope and level, normalized over the clip, shape (n, 13)."""
    count = max(1, len(clip.envelope) // _FRAMES)
    cut = clip.envelope[: count * _FRAMES]
    rows = cut.reshape(count, -1, cut.shape[1]).mean(axis=1)
    shape, level = rows[:, _SHAPE], rows[:, :1]
    shape = (shape - shape.mean(axis=0)) / (shape.std(axis=0) + 1e-3)
    # The level tells speech from pauses.
    level = 2 * (level - level.mean()) / (level.std() + 1e-3)
    return np.concatenate([shape, level], axis=1).astype(np.float32)


def recognize_sentences(
    clips: Sequence[ClipMeasures], templates: Sequence[ClipMeasures], texts: Sequence[str]
) -> list[str]:
    """Recognizes the sentence of each clip.

    Args:
        clips: The clips.
        templates: Recordings of known sentences, by other speakers.
        texts: Their sentences.

    Returns:
        For each clip the sentence whose nearest templates, up to three, have the least mean
        distance.
    """
    names = sorted(set(texts))
    features = [sentence_features(template) for template in templates]
    labels = np.array(texts)
    found = []
    for clip in clips:
        distances = _distances(sentence_features(clip), features)
        scores = [np.sort(distances[labels == name])[:_NEAREST].mean() for name in names]
        found.append(names[int(np.argmin(scores))])
    return found


def _distances(clip: Matrix, templates: Sequence[Matrix]) -> Doubles:
    """Computes the mean distance of a clip's frames to the aligned frames of each template."""
    found = []
    for start in range(0, len(templates), _BATCH_SIZE):
        part = templates[start : start + _BATCH_SIZE]
        for positions, template in zip(align([clip] * len(part), part), part, strict=True):
            nearest = template[np.round(positions).astype(np.intp)]
            found.append(float(np.linalg.norm(clip - nearest, axis=1).mean()))
    return np.array(found)
