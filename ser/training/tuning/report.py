"""The outcome of a search: an entry of the model's card, and a CSV file of the trials."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from ser.io.files import open_output
from ser.training.tuning.search import SearchResult

NOTE = "this configuration was chosen by its score on these inner folds, so the score is optimistic"


def card_entry(found: SearchResult) -> dict[str, Any]:
    """Makes the entry about a search for the card of a model.

    Returns:
        Plain JSON types.
    """
    outcomes = [trial.outcome for trial in found.trials]
    return {
        "trials": len(found.trials),
        "given_up": outcomes.count("pruned"),
        "diverged": outcomes.count("diverged"),
        "inner_uar": found.best.score,
        "inner_uar_untuned": found.trials[0].score if outcomes[0] == "complete" else None,
        "protocol": found.protocol,
        "note": NOTE,
        "best_trial": found.best.number,
        "chosen": dict(found.best.values),
        "searched": {name: str(range_) for name, range_ in found.space.items()},
        "minutes": round(sum(trial.seconds for trial in found.trials) / 60, 1),
    }


def write_trials(target: str | Path, found: SearchResult) -> None:
    """Writes a row per trial as CSV, to a file or to standard output for ``-``.

    Columns: number, outcome, score, the UAR of each fold that was trained to its end, seconds, and
    the hyperparameters.
    """
    folds = max(len(trial.folds) for trial in found.trials)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    numbers = range(folds)
    header = ["trial", "outcome", "score", *(f"fold_{i + 1}" for i in numbers), "seconds"]
    writer.writerow([*header, *found.space])
    for trial in found.trials:
        scores = [trial.folds[i] if i < len(trial.folds) else "" for i in numbers]
        values = [trial.values.get(name, "") for name in found.space]
        score = "" if trial.score is None else trial.score
        writer.writerow([trial.number, trial.outcome, score, *scores, trial.seconds, *values])
    with open_output(target, binary=True) as stream:
        stream.write(text.getvalue().encode())  # type: ignore[arg-type]
