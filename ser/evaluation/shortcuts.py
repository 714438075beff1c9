"""How well emotions are recognized without speech: by who speaks, length, level and silence.

Networks take such shortcuts where a corpus offers them (Geirhos et al., "Shortcut learning in deep
neural networks", Nature Machine Intelligence 2020). A figure of a model means little that a
shortcut reaches as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ser.arrays import Doubles, Indices, Strings
from ser.dataset.groups import train_indices
from ser.errors import require
from ser.evaluation.metrics import Interval, evaluate
from ser.labels import ordered

_TREES = 100
# Smaller leaves learn single clips by heart, and grow slowly.
_LEAF = 5
# Folds of unequal size move the figures of guessing by some thousandths.
_LEAST_GAIN = 0.01

Cue = Doubles | Strings
"""Numbers, shape (clips, numbers), or a name for each clip, shape (clips,)."""


@dataclass(frozen=True, slots=True)
class Shortcut:
    """How well one cue alone tells emotions.

    Attributes:
        cue: What was looked at, such as ``length``.
        protocol: How training and test clips were divided, such as ``speakers apart``.
        clips: The number of test clips.
        uar: Unweighted average recall.
        interval: Its 95 % interval over speakers, or over clips where there are none.
        accuracy: The share of clips that are recognized.
        chance: The UAR of guessing: one over the number of emotions.
    """

    cue: str
    protocol: str
    clips: int
    uar: float
    interval: Interval
    accuracy: float
    chance: float

    @property
    def tells(self) -> bool:
        """Whether the whole interval lies above chance, by a hundredth at least."""
        return self.interval.low > self.chance + _LEAST_GAIN


def score_shortcuts(
    cues: Mapping[str, Cue],
    emotions: Strings,
    speakers: Sequence[str],
    protocols: Mapping[str, Sequence[Indices]],
    *,
    seed: int = 0,
    progress: Callable[[int], object] = lambda n: None,
) -> tuple[Shortcut, ...]:
    """Scores each cue by cross-validation.

    Numbers are read by a random forest (Breiman 2001) with balanced emotions, names by counting.

    Args:
        cues: By name.
        emotions: The emotion of each clip, shape (n,).
        speakers: The speaker of each clip, `''` where not known.
        protocols: By name, the positions of the test clips of each fold; whatever is not tested is
            trained on.
        seed: The seed of the forests and of the bootstrap.
        progress: Called with 1 for each fold of each cue and protocol.

    Raises:
        DependencyError: scikit-learn is not installed.
    """
    require("audit", "sklearn")
    labels = ordered(emotions.tolist())
    targets = np.array([labels.index(emotion) for emotion in emotions.tolist()])
    found = []
    for protocol, tests in protocols.items():
        tested = np.concatenate(list(tests))
        for name, cue in cues.items():
            guesses = np.zeros((len(emotions), len(labels)))
            for test in tests:
                train = train_indices(len(emotions), test)
                predicted = _predict(cue[train], targets[train], cue[test], seed)
                guesses[test, predicted] = 1
                progress(1)
            scored = evaluate(
                emotions[tested].tolist(),
                guesses[tested],
                labels,
                [speakers[i] for i in tested.tolist()],
                seed=seed,
            )
            chance = 1 / len(set(emotions[tested].tolist()))
            found.append(
                Shortcut(
                    name,
                    protocol,
                    len(tested),
                    scored.uar,
                    scored.intervals["uar"],
                    scored.accuracy,
                    chance,
                )
            )
    return tuple(found)


def _predict(train: Cue, targets: Indices, test: Cue, seed: int) -> Indices:
    if train.ndim == 1:
        return _count(train, targets, test)
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        _TREES, min_samples_leaf=_LEAF, class_weight="balanced", random_state=seed
    )
    predicted: Indices = forest.fit(train, targets).predict(test)
    return predicted


def _count(train: Cue, targets: Indices, test: Cue) -> Indices:
    """Gives each name the emotion whose clips have it most often; new names the commonest one."""
    names, codes = np.unique(np.concatenate([train, test]), return_inverse=True)
    counts = np.zeros((len(names), int(targets.max()) + 1))
    np.add.at(counts, (codes[: len(train)], targets), 1)
    totals = counts.sum(axis=0)
    shares = counts / np.maximum(totals, 1)
    best: Indices = np.where(counts.any(axis=1), shares.argmax(axis=1), totals.argmax())
    return best[codes[len(train) :]]
