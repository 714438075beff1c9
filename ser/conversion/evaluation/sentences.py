"""Which sentence is said: the nearest recordings of other speakers, by dynamic time warping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ser.arrays import Matrix
from ser.conversion.dtw import align
from ser.conversion.evaluation.measures import ClipMeasures

# Frames of 30 ms: as long as the shortest sounds, and a ninth of the work.
_STEP = 3
# The shape of the envelope, without level and without what is finer than formants.
_SHAPE = slice(1, 13)
# How many of a sentence's recordings have to be near.
_NEAREST = 3
_TOGETHER = 256


def sentence_features(heard: ClipMeasures) -> Matrix:
    """Gives what is compared: envelope and level, each beside the clip's own, shape (n, 13)."""
    count = max(1, len(heard.envelope) // _STEP)
    cut = heard.envelope[: count * _STEP]
    rows = cut.reshape(count, -1, cut.shape[1]).mean(axis=1)
    shape, level = rows[:, _SHAPE], rows[:, :1]
    shape = (shape - shape.mean(axis=0)) / (shape.std(axis=0) + 1e-3)
    # Where speech is, levels say best.
    level = 2 * (level - level.mean()) / (level.std() + 1e-3)
    return np.concatenate([shape, level], axis=1).astype(np.float32)


def recognize_sentences(
    clips: Sequence[ClipMeasures], templates: Sequence[ClipMeasures], texts: Sequence[str]
) -> list[str]:
    """Says which sentence each clip is.

    Args:
        clips: What is said.
        templates: Recordings of known recognize_sentences, by other speakers.
        texts: Their recognize_sentences.

    Returns:
        Of each clip the sentence whose nearest templates, three if there are as many, have the
        least mean distance.
    """
    names = sorted(set(texts))
    known = [sentence_features(template) for template in templates]
    said = np.array(texts)
    found = []
    for clip in clips:
        distances = _distances(sentence_features(clip), known)
        scores = [np.sort(distances[said == name])[:_NEAREST].mean() for name in names]
        found.append(names[int(np.argmin(scores))])
    return found


def _distances(clip: Matrix, known: Sequence[Matrix]) -> npt.NDArray[np.float64]:
    """Gives the mean distance of a clip's frames to those of each template, aligned."""
    found = []
    for start in range(0, len(known), _TOGETHER):
        part = known[start : start + _TOGETHER]
        for positions, template in zip(align([clip] * len(part), part), part, strict=True):
            nearest = template[np.round(positions).astype(np.intp)]
            found.append(float(np.linalg.norm(clip - nearest, axis=1).mean()))
    return np.array(found)
