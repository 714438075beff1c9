"""Small feature tables with labels, made of numbers, for tests of what reads tables."""

from __future__ import annotations

from collections.abc import Sequence

from tables import make_table

from ser.dataset.table import Table
from ser.features.layout import width
from ser.features.spec import FeatureSpec

SPEC = FeatureSpec(families=("logmel",), n_mels=16)


def labelled_table(
    emotions: Sequence[str],
    speakers: Sequence[str] = (),
    *,
    spec: FeatureSpec = SPEC,
    frames: int = 20,
    corpus: str = "ravdess",
    seed: int = 0,
) -> Table:
    """One record per emotion, as loud as speech; without speakers each has one of its own."""
    count = len(emotions)
    table = make_table(
        count,
        frames=frames,
        coefficients=width(spec),
        spec=spec,
        seed=seed,
        y=emotions,
        speaker=speakers or [f"{i + 1:02d}" for i in range(count)],
        corpus=corpus,
        path=[f"{corpus}/{i}.wav" for i in range(count)],
        duration=range(1, count + 1),
        text="01",
    )
    table["x"] = 12 * table["x"] - 40
    return table
