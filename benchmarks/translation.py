"""Objective evaluation of emotion conversion: unseen actors, every emotion, both intensities.

    python benchmarks/translation.py RAVDESS [--systems NAME,…] [--models FOLDER] [--folds 1,2,3,4]

RAVDESS is the folder with the corpus. Every neutral recording of a fold's six actors is translated
into all emotions, and classifiers that were trained on recordings of the other five say what they
measure_samples; they are in `ser/conversion/evaluation`. Systems:

    source     the recording as it is
    rules      rules learnt from the 18 other actors
    pix2pix    FOLDER/pix2pix-N.keras, where N is the fold
    ours       FOLDER/fold-N.keras
    rendered   real recordings of the targets, through synthesis
    real       the same as they are
    NAME=PATH  any translator; an N in braces, {N}, stands for the fold

``--words FOLDER,…`` adds how often sentences of other corpora (nEMO, TESS) are recognised after
translation by a fold's networks, and ``--speed`` how long ``ser-translate`` takes on one core.

The networks are trained by these commands; ``--tables FOLDER`` writes their training tables,
without the actors of each fold:

    python benchmarks/translation.py RAVDESS --tables FOLDER
    ser-train FOLDER/fold-N.npy --arch gan-translate --epochs 8 --seed 1 -o FOLDER/fold-N.keras
    ser-train FOLDER/fold-N.npy --arch pix2pix-mel --seed 1 -o FOLDER/pix2pix-N.keras

Prints tables in Markdown and leaves ``translation.json`` and the same tables in
``benchmarks/results`` (of some folds or systems alone: in ``build/translation``). Measures are
stored under ``build/translation``, so that an interrupted run continues.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.conversion.benchmark import SYSTEMS, ConversionBenchmark  # noqa: E402
from benchmarks.conversion.folds import FOLDS  # noqa: E402
from benchmarks.conversion.markdown import (  # noqa: E402
    aims_table,
    intelligibility_table,
    report_tables,
    speed_table,
)
from ser.errors import SerError  # noqa: E402


def _round(value: Any) -> Any:
    """Rounds to four decimals, because the file is kept with the code."""
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _round(each) for key, each in value.items()}
    return [_round(each) for each in value] if isinstance(value, list | tuple) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, help="the folder of RAVDESS")
    parser.add_argument("--systems", default=",".join(SYSTEMS), help="rows, by name or NAME=PATH")
    parser.add_argument("--models", type=Path, help="the folder of the networks")
    parser.add_argument("--folds", default="1,2,3,4")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--table", type=Path, help="a table of RAVDESS, preset translate")
    parser.add_argument("--sounds", type=Path, help="write the conversions as WAV files here")
    parser.add_argument("--tables", type=Path, help="write each fold's training table, and stop")
    parser.add_argument("--words", help="folders of other corpora, nEMO and TESS")
    parser.add_argument("--speed", action="store_true", help="measure ser-translate, too")
    options = parser.parse_args()
    folds = [int(fold) for fold in options.folds.split(",")]
    if not set(folds) <= set(range(1, len(FOLDS) + 1)):
        parser.error(f"there are folds 1 to {len(FOLDS)}")
    benchmark = ConversionBenchmark(
        options.corpus, options.jobs, table=options.table, sounds=options.sounds
    )
    if options.tables is not None:
        benchmark.write_tables(options.tables, folds)
        return
    start = time.monotonic()
    systems = options.systems.split(",")
    report = benchmark.evaluate(systems, folds, options.models)
    others = [Path(name) for name in (options.words or "").split(",") if name]
    words = benchmark.intelligibility(systems, folds[0], options.models, others)
    speed = benchmark.speed(systems, folds[0], options.models) if options.speed else []
    complete = len(folds) == len(FOLDS) and set(SYSTEMS) <= set(report.systems)
    folder = ROOT / "benchmarks" / "results" if complete else benchmark.work
    folder.mkdir(parents=True, exist_ok=True)
    result = {
        "date": datetime.now(UTC).date().isoformat(),
        "minutes": round((time.monotonic() - start) / 60, 1),
        "folds": {str(fold): list(FOLDS[fold - 1]) for fold in folds},
        "likeness": {
            system: {kind: [[one.pesq, one.stoi] for one in group] for kind, group in kinds.items()}
            for system, kinds in benchmark.qualities.items()
        },
        "words": words,
        "speed": speed,
        **report.to_dict(),
    }
    compact = json.dumps(_round(result), separators=(",", ":"))
    (folder / "translation.json").write_text(compact + "\n")
    text = "# Results of translation\n\n" + report_tables(report, benchmark.qualities)
    if words:
        title = "Words of corpora that training has not seen, strong targets"
        text += "\n".join(["", f"## {title}", "", *intelligibility_table(words), ""])
    if speed:
        text += "\n".join(
            ["", "## Speed, on one core and with the start", "", *speed_table(speed), ""]
        )
    for system in report.systems:
        if system not in ("source", "rules", "rendered", "real") and "real" in report.systems:
            table = aims_table(report, system, benchmark.qualities, speed)
            text += "\n".join(["", "## Aims", "", *table, ""])
    (folder / "translation.md").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    try:
        main()
    except SerError as error:
        sys.exit(str(error))
