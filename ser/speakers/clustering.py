"""How many voices there are in embeddings, and how each sounds."""

from __future__ import annotations

import numpy as np

from ser.arrays import Indices, Matrix

VOICE_HEIGHT, NOISE_HEIGHT = 0.26, 0.8
"""Two groups of n embeddings in all are two voices if joining them costs more than the first number
times the square root of n, and the second. The second is what chance does to few embeddings. Chosen
on conversations of voices that are in none of the figures of benchmarks/speakers.py."""

# More embeddings than these are sampled evenly: the work grows with their square.
_MOST = 2000
_ROUNDS = 5


def cluster(embeddings: Matrix, least: int = 1, most: int = 8) -> Matrix:
    """Finds the voices in embeddings.

    Embeddings are joined by Ward's linkage (Ward, "Hierarchical grouping to optimize an objective
    function", Journal of the American Statistical Association 58, 1963) until the next join costs
    too much, and the voices are refined by spherical k-means.

    Args:
        embeddings: Shape (n, size), each of length 1, n at least 1.
        least: The least number of voices, at least 1.
        most: The largest.

    Returns:
        The center of each voice, of length 1, shape (voices, size); never more voices than
        embeddings.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    some = embeddings
    if len(some) > _MOST:
        some = some[np.linspace(0, len(some) - 1, _MOST).round().astype(int)]
    if len(some) == 1 or most == 1:
        return _centers(some, np.zeros(len(some), np.intp))
    tree = linkage(some.astype(np.float64), "ward")
    limit = VOICE_HEIGHT * np.sqrt(len(some)) + NOISE_HEIGHT
    count = 1 + int(np.count_nonzero(tree[:, 2] > limit))
    labels = fcluster(tree, min(max(count, least), most), "maxclust") - 1
    centers = _centers(some, labels)
    for _ in range(_ROUNDS):
        centers = _centers(some, (some @ centers.T).argmax(axis=1))
    return centers


def _centers(embeddings: Matrix, labels: Indices) -> Matrix:
    means = np.stack([embeddings[labels == number].mean(axis=0) for number in np.unique(labels)])
    unit: Matrix = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-9)
    return unit.astype(np.float32)
