"""The figures of a training: of a cross-validation, of the validation clips, and per epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ser.dataset.table import Table
from ser.errors import SerError
from ser.io.files import open_output
from ser.io.jsontext import parse_json
from ser.models.artifact import read_card
from ser.models.conformal import COVERAGE
from ser.training.config import TrainConfig
from ser.training.crossval import CALIBRATED_ERROR, NESTED_PROTOCOL, REPORT, describe_data
from ser.training.fold import matches_config
from ser.training.loop import TrainedNetwork, TrainingData
from ser.wording import with_singulars


@dataclass(frozen=True, slots=True)
class ReportedFigures:
    """Figures for a card.

    Attributes:
        metrics: Figures by name.
        protocol: Their protocol; None for that of the training.
        temperature: The temperature that fits their clips; None for that of the training.
        coverage: The thresholds of prediction sets, plain and adapted; None where there are none.
    """

    metrics: dict[str, Any]
    protocol: str | None = None
    temperature: float | None = None
    coverage: dict[str, list[float]] | None = None


def read_report(
    folder: Path, records: Table, config: TrainConfig, chosen: str = ""
) -> ReportedFigures:
    """Reads the figures of a cross-validation for a network trained on all of its clips.

    Args:
        folder: The folder that ``ser-train --cv`` wrote.
        records: The table that is trained on now.
        config: The configuration of the training now.
        chosen: The protocol of the search for hyperparameters, as in
            `ser.training.crossval.NestedSearch`; empty without a search.

    Raises:
        SerError: There is no report, or it is of another table, other options or other features.
    """
    try:
        report = parse_json((folder / REPORT).read_text(encoding="utf-8"))
        figures = _figures(report)
    except (OSError, ValueError) as error:
        raise SerError(
            folder / REPORT, f"cannot be read ({error})", "make it with ser-train --cv"
        ) from error
    except (KeyError, TypeError) as error:
        raise SerError(
            folder / REPORT,
            f"is not the report of a cross-validation ({error})",
            "make it with ser-train --cv",
        ) from error
    protocol = with_singulars(str(figures.protocol))
    known = np.asarray(records["y"]) != ""
    labelled = records if known.all() else records[known]
    # A protocol begins with the corpora that were tested.
    tested = protocol.partition(" (")[0].split("+")
    classes = len(set(np.asarray(labelled["y"]).tolist()))
    described = f"{describe_data(labelled, tested, config)}, {classes} classes"
    if not protocol.startswith(f"{described}, "):
        raise SerError(
            folder,
            f"is the cross-validation of another table ({figures.protocol})",
            f"cross-validate {described}",
        )
    same = chosen in protocol if chosen else NESTED_PROTOCOL not in protocol
    if not same or not matches_config(read_card(folder / "fold-1.keras"), records, config):
        raise SerError(
            folder,
            "was made with other options or features",
            "cross-validate again, or repeat them",
        )
    return figures


def validation_figures(data: TrainingData, trained: TrainedNetwork) -> ReportedFigures:
    """Gives the validation figures of the best epoch.

    The epoch was chosen on the same clips, so they are optimistic; their note says so.
    """
    if data.validation is None:
        return ReportedFigures({})
    row = next(row for row in trained.history if row["epoch"] == trained.best_epoch)
    return ReportedFigures(
        {
            "validation_uar": row["val_uar"],
            "validation_accuracy": row["val_accuracy"],
            "validation_clips": len(data.validation),
            "note": "the epoch was chosen on these clips, so the figures are optimistic",
        }
    )


def write_history(target: str | Path, rows: Sequence[dict[str, float]]) -> None:
    """Writes the figures of each epoch as CSV, to a file or to standard output for ``-``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "epoch": int(row["epoch"])} for row in rows)
    with open_output(target, binary=True) as stream:
        stream.write(text.getvalue().encode())  # type: ignore[arg-type]


def _figures(report: dict[str, Any]) -> ReportedFigures:
    interval = report["intervals"]["uar"]
    metrics = {
        **{key: report["scores"][key] for key in ("uar", "accuracy", "macro_f1")},
        "uar_interval": [interval["low"], interval["high"]],
        "level": report["level"],
        "resampled": report["resampled"],
        "calibration_error_before_temperature": report["calibration_error"],
        # Reports of earlier versions lack it.
        "calibration_error": report.get(CALIBRATED_ERROR),
    }
    return ReportedFigures(
        metrics, str(report["protocol"]), float(report["temperature"]), report.get(COVERAGE)
    )
