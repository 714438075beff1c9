"""What makes figures better than a model is: `audit`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ser.api.tables import as_table
from ser.dataset.table import Table
from ser.evaluation.audit import Audit, audit_table


def audit(
    table: Table | str | Path,
    split: str | Path | Table | None = None,
    *,
    seed: int = 0,
    progress: Callable[[int], object] = lambda n: None,
) -> Audit:
    """Says what gives emotions away in a table besides speech, as ``ser-stats --audit`` does.

    Args:
        table: A feature table, or its path. What its features do not hold, such as a level that was
            normalized away, cannot be found: features as recorded (the preset ``"speech"``) tell
            most.
        split: A split to audit too: a fold file, the name of published folds, or the table of the
            test side or its path, whose training side `table` is then.
        seed: The seed of folds, forests and bootstrap.
        progress: Called with the number of steps done since the last call.

    Returns:
        How well each cue alone tells emotions (``shortcuts``), sentences in one emotion
        (``single_label``), takes in several files (``takes``), exact and near duplicates
        (``duplicates``, ``near``), and what both sides of the split share (``sides``).

    Raises:
        DependencyError: scikit-learn is not installed.
        TableError: A file is no feature table, or the split does not fit the table.
        ParameterError: There are no published folds of this name.
        SerError: The fold file cannot be read.
    """
    return audit_table(as_table(table), split, seed=seed, progress=progress)
