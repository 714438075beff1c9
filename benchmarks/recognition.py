"""Every figure of recognition in the README, made anew through the commands.

    python benchmarks/recognition.py CORPORA [--only NAME,…] [--quick] [--seeds 1,2,3 [--add]]

CORPORA holds the folders ravdess, tess and nemo. Each experiment is a chain of commands, run as a
user would run them, and leaves ``NAME.json`` in ``benchmarks/results`` (with ``--quick``: in
``build/results-quick``, one seed and few epochs, to see that all of it works): the figures of every
seed, their mean and spread, protocol, date, minutes, backend and device, and the commands. The
table of all of them goes to ``README.md`` beside them. Tables and models stay under ``build/``; an
interrupted run goes on where it was when it is called again with ``--resume``.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ser.dataset.table import read_table, without_features  # noqa: E402
from ser.models.artifact import read_card  # noqa: E402
from ser.training.config import TrainConfig  # noqa: E402
from ser.training.spec_augment import SpectrogramAugmentation  # noqa: E402

COMMON = "neutral,happy,sad,angry,fearful,surprised"
"""The emotions that RAVDESS, TESS and nEMO all have."""

# Epochs and options of the architectures that are trained on the same table as ours. Networks made
# for photographs cost ten times as much per clip, so they see smaller pictures, fewer times. They
# begin with nothing; the one with batch normalisation bears the full rate then, and needs it.
ARCHITECTURES: dict[str, tuple[int, list[str]]] = {
    "cnn": (70, []),
    "cnn1d": (70, []),
    "cnn-lstm": (40, []),
    "tim-net": (40, []),
    "acgan": (10, []),
    "vgg16": (12, ["--set", "weights=none", "--set", "size=32"]),
    "vgg19": (12, ["--set", "weights=none", "--set", "size=32"]),
    "inception": (8, ["--set", "weights=none", "--set", "size=75", "--set", "base_rate=1"]),
    "svm": (1, []),
}

# What pays where the same voices are on both sides, and hurts with new ones: to learn by heart.
FAMILIAR = [
    "--set", "prosody_classifier=kernel", "--set", "prosody_weight=1", "--set", "dropout=0.1",
    "--set", "augment.time_masks=0", "--set", "augment.frequency_masks=0",
    "--label-smoothing", "0.05",
]  # fmt: skip


@dataclass
class Run:
    """One experiment with one seed: where its files go, and what has been run for it."""

    corpora: Path
    folder: Path
    seed: int
    quick: bool
    resume: bool
    precision: str = "auto"
    jobs: int = 1
    commands: list[str] = field(default_factory=list)

    def ser(self, name: str, *options: object) -> str:
        """Runs a command and gives what it writes to standard output."""
        command = [sys.executable, str(ROOT / "bin" / name), *map(str, options)]
        self.commands.append(" ".join([name, *map(str, options)]))
        print(" ".join(["+", *command[1:]]), file=sys.stderr)
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def table(self, corpus: str, *options: str) -> Path:
        """Extracts a corpus, once for all experiments."""
        name = "-".join([corpus, *(option.strip("-") for option in options)])
        target = self.folder.parent / f"{name}.npy"
        channel = ["--channel", "speech"] if corpus == "ravdess" else []
        command = [self.corpora / corpus, *channel, "--preset", "emotion", *options, "-o", target]
        if target.exists():
            self.commands.append(" ".join(["ser-extract", *map(str, command)]))
        else:
            self.ser("ser-extract", *command)
        return target

    def merged(self, *options: str) -> Path:
        """Joins the three corpora."""
        target = self.folder / "all.npy"
        tables = [self.table(corpus) for corpus in ("ravdess", "tess", "nemo")]
        if not target.exists():
            self.ser("ser-merge", *tables, *options, "-o", target)
        return target

    def training(self, epochs: int) -> list[str]:
        """Gives the options of a training."""
        epochs = min(epochs, 2) if self.quick else epochs
        options = ["--epochs", str(epochs), "--seed", str(self.seed)]
        return options if self.precision == "auto" else [*options, "--precision", self.precision]

    def cross_validate(self, table: Path, folds: str, epochs: int, *options: str) -> dict[str, Any]:
        """Cross-validates and gives the report, with the device that the models were trained on."""
        folder = self.folder / "cv"
        resume = ["--resume"] if self.resume else []
        self.ser(
            "ser-train", table, "--cv", folds, *self.training(epochs), *options, *resume,
            "--jobs", self.jobs, "-o", f"{folder}/",
        )  # fmt: skip
        report = json.loads((folder / "report.json").read_text())
        card = read_card(folder / "fold-1.keras")
        report["device"] = card["training"]["device"]
        report["parameters"] = card["parameters"]
        return dict(report)


def ravdess_speakers(run: Run) -> dict[str, Any]:
    return run.cross_validate(run.table("ravdess"), "ravdess", 70)


def ravdess_random(run: Run) -> dict[str, Any]:
    # One picture that learns long costs as much as three that vote, and was better.
    options = [*FAMILIAR, "--set", "residual=true", "--set", "augment.mixup=0.2"]
    return run.cross_validate(run.table("ravdess"), "random:10", 150, *options)


def ravdess_tess_random(run: Run) -> dict[str, Any]:
    both = run.folder / "both.npy"
    train, test = run.folder / "train.npy", run.folder / "test.npy"
    tables = [run.table("ravdess"), run.table("tess")]
    run.ser("ser-merge", *tables, "-o", both)
    run.ser("ser-split", both, "--by", "clip", "--test", 0.2, "--seed", run.seed, "-o", train, test)

    def cleaned(source: Path, corpus: str, *options: object) -> Path:
        clips = run.folder / f"{source.stem}-{corpus}.csv"
        target = clips.with_name(f"cleaned-{clips.stem}.npy")
        _write_manifest(source, clips, corpus)
        run.ser(
            "ser-extract", clips, "--preset", "emotion", "--seed", run.seed,
            "--clean", "trim,loudness", *options, "-o", target,
        )  # fmt: skip
        return target

    # Copies are made of the training side alone, after the split, and of the corpus that needs
    # them: TESS is recognised without a mistake as it is.
    copies = ["--augment", "noise:20..40,speed,pitch", "--copies", 1 if run.quick else 2]
    parts = [cleaned(train, "ravdess", *copies), cleaned(train, "tess")]
    enlarged, held_out = run.folder / "enlarged.npy", run.folder / "held-out.npy"
    run.ser("ser-merge", *parts, "-o", enlarged)
    run.ser("ser-merge", cleaned(test, "ravdess"), cleaned(test, "tess"), "-o", held_out)
    model = run.folder / "model.keras"
    run.ser(
        "ser-train", enlarged, "--validation", 0, *run.training(30), *FAMILIAR,
        "--set", "spectral_networks=2", "-o", model,
    )  # fmt: skip
    report = dict(json.loads(run.ser("ser-stats", model, held_out, "--json")))
    card = read_card(model)
    report |= {
        "protocol": f"{card['protocol']}, {_describe(card)}; tested on a random fifth of the clips"
    }
    return report | {"device": card["training"]["device"], "parameters": card["parameters"]}


def _describe(card: dict[str, Any]) -> str:
    """Names the architecture of a model and everything that was not its default."""
    training = card["training"]
    names = {field.name for field in fields(TrainConfig)} - {"augment", "support"}
    config = TrainConfig(
        augment=SpectrogramAugmentation(**training["augment"]),
        **{name: value for name, value in training.items() if name in names},
    )
    return f"arch {config.describe()}, last of {config.epochs} epochs"


def corpora_apart(run: Run) -> dict[str, Any]:
    return run.cross_validate(run.merged("--keep", COMMON), "corpus", 20)


def all_speakers(run: Run) -> dict[str, Any]:
    return run.cross_validate(run.merged(), "speaker:5", 10)


def of_architecture(name: str) -> Callable[[Run], dict[str, Any]]:
    def run_it(run: Run) -> dict[str, Any]:
        pooled = ("--pool", "stats") if name == "svm" else ()
        table = run.table("ravdess", *pooled)
        epochs, options = ARCHITECTURES[name]
        if name == "svm":
            # Nothing of it is a network.
            run = replace(run, precision="auto")
        return run.cross_validate(table, "ravdess", epochs, "--arch", name, *options)

    return run_it


EXPERIMENTS: dict[str, tuple[str, Callable[[Run], dict[str, Any]], int]] = {
    "ravdess-speakers": ("RAVDESS, five published folds, speakers apart", ravdess_speakers, 3),
    "ravdess-random": ("RAVDESS, random 10-fold, speakers on both sides", ravdess_random, 1),
    "ravdess-tess-random": (
        "RAVDESS and TESS, random 80/20, cleaned, training side enlarged, speakers on both sides",
        ravdess_tess_random,
        1,
    ),
    "corpora-apart": ("RAVDESS, TESS, nEMO: each tested by the other two", corpora_apart, 1),
    "all-speakers": ("RAVDESS, TESS, nEMO together, 5 folds, speakers apart", all_speakers, 1),
    **{
        f"arch-{name}": (f"{name}: RAVDESS, five published folds", of_architecture(name), 1)
        for name in ARCHITECTURES
    },
}
"""Title, what to run, and how many seeds, by name."""


def _write_manifest(table: Path, target: Path, corpus: str) -> None:
    records = without_features(read_table(table))
    columns = {"path": "path", "emotion": "y", "speaker": "speaker", "corpus": "corpus"}
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for record in records[records["corpus"] == corpus]:
            path = Path(str(record["path"])).resolve()
            writer.writerow([path, *(record[name] for name in list(columns.values())[1:])])


def summarise(
    name: str, reports: Sequence[dict[str, Any]], run: Run, minutes: float
) -> dict[str, Any]:
    """Puts the seeds of an experiment together; ``run`` is the last of them."""

    def figures(part: Sequence[dict[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key in ("uar", "accuracy", "macro_f1"):
            values = [report["scores"][key] for report in part]
            found[key] = {
                "mean": statistics.mean(values),
                "spread": statistics.stdev(values) if len(values) > 1 else None,
                "values": values,
                "interval": part[0]["intervals"].get(key),
            }
        found["calibration_error"] = statistics.mean(r["calibration_error"] for r in part)
        return found

    calibrated = [report["calibrated"] for report in reports if "calibrated" in report]
    return {
        "name": name,
        "title": EXPERIMENTS[name][0],
        "date": datetime.now(UTC).date().isoformat(),
        "quick": run.quick,
        "seeds": [report["seed"] for report in reports],
        "protocol": reports[-1]["protocol"],
        "minutes": round(minutes, 1),
        "device": ", ".join(dict.fromkeys(report["device"] for report in reports)),
        "parameters": reports[-1]["parameters"],
        "commands": run.commands,
        "figures": figures(reports),
        "calibrated": figures(calibrated) if calibrated else None,
        "reports": list(reports),
    }


OTHER_FILES = (
    "",
    "## Other files",
    "",
    "| file | made by |",
    "| --- | --- |",
    "| `prosody-lda.json`, `egemaps-svm.json`, `compare-svm.json`: baselines without a network, by "
    "emotion and speaker | `benchmarks/baselines.py RAVDESS` |",
    "| `default.json`: cross-validation of the shipped model, by emotion and speaker | `make "
    "pretrained-default CORPORA=…` |",
    "| `voices.json`: corpora that a model has not learnt from, and ordinary speech | "
    "`benchmarks/voices.py` |",
    "| `activity.txt`: speech or not, by corpus and noise | `benchmarks/activity.py CORPORA "
    "--every 3` |",
    "| `translation.json`, [translation.md](translation.md): conversion of emotion, by emotion and "
    "judge | `benchmarks/translation.py RAVDESS` |",
    "",
    "Without a file here: the cross-validation of the small model (`make pretrained-small` leaves "
    "`build/cv/small/report.json` and `predictions.csv`, by emotion and speaker; the model's card "
    "has the means), other sound (`benchmarks/conditions.py build/cv/small RAVDESS --json FILE`) "
    "and long recordings (`benchmarks/segments.py`). Of these the means stand in "
    "[docs/figures.md](../../docs/figures.md).",
)
"""What else lies in the folder of results, as lines of Markdown."""


def write_table(folder: Path) -> None:
    """Writes the Markdown table of all results in a folder."""
    found = {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}
    lines = [
        "# Results of recognition",
        "",
        "Made by `make results`; every row's file holds its figures by emotion, corpus and "
        "speaker, and the commands. UAR with its 95 % interval over speakers (of the first seed); "
        "*voice known*: each test speaker is adapted to with the unlabelled test clips.",
        "",
        "| experiment | UAR | voice known | accuracy | seeds | minutes | device | date |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in EXPERIMENTS:
        if name not in found:
            continue
        result = found[name]
        known = result["calibrated"]
        lines.append(
            f"| [{result['title']}]({name}.json) | {_cell(result['figures']['uar'])} | "
            f"{_cell(known['uar']) if known else '–'} | {_cell(result['figures']['accuracy'])} | "
            f"{', '.join(map(str, result['seeds']))} | {result['minutes']:g} | "
            f"{result['device']} | {result['date']} |"
        )
    (folder / "README.md").write_text("\n".join([*lines, *OTHER_FILES]) + "\n", encoding="utf-8")


def _cell(figure: dict[str, Any]) -> str:
    text = f"{figure['mean']:.3f}"
    if figure["spread"] is not None:
        return f"{text} ± {figure['spread']:.3f}"
    if figure["interval"]:
        text += f" ({figure['interval']['low']:.3f}–{figure['interval']['high']:.3f})"
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", type=Path, help="a folder with ravdess, tess and nemo in it")
    parser.add_argument("--only", help=f"some of {', '.join(EXPERIMENTS)}")
    parser.add_argument("--quick", action="store_true", help="one seed, two epochs")
    parser.add_argument("--seeds", help="instead of 1, or 1,2,3 for the first experiment")
    parser.add_argument("--add", action="store_true", help="keep the other seeds' figures")
    parser.add_argument("--resume", action="store_true", help="continue an interrupted run")
    parser.add_argument(
        "--precision", default="auto", help="what trainings compute in; see ser-train"
    )
    parser.add_argument("--jobs", type=int, default=2, help="folds that are trained at a time")
    options = parser.parse_args()
    names = options.only.split(",") if options.only else list(EXPERIMENTS)
    unknown = sorted(set(names) - set(EXPERIMENTS))
    if unknown:
        parser.error(f"unknown: {', '.join(unknown)}")
    results = ROOT / ("build/results-quick" if options.quick else "benchmarks/results")
    work = ROOT / "build" / ("recognition-quick" if options.quick else "recognition")
    results.mkdir(parents=True, exist_ok=True)
    for name in names:
        _, experiment, count = EXPERIMENTS[name]
        seeds = [int(seed) for seed in options.seeds.split(",")] if options.seeds else []
        seeds = seeds or list(range(1, 2 if options.quick else 1 + count))
        target = results / f"{name}.json"
        before = json.loads(target.read_text()) if options.add and target.exists() else {}
        reports = [r for r in before.get("reports", []) if r["seed"] not in seeds]
        minutes = before.get("minutes", 0.0) if reports else 0.0
        began = time.monotonic()
        for seed in seeds:
            folder = work / f"{name}-{seed}"
            folder.mkdir(parents=True, exist_ok=True)
            run = Run(
                options.corpora.resolve(),
                folder,
                seed,
                options.quick,
                options.resume,
                options.precision,
                options.jobs,
            )
            reports.append(experiment(run) | {"seed": seed})
        minutes += (time.monotonic() - began) / 60
        summary = summarise(name, reports, run, minutes)
        text = json.dumps(summary, indent=1).replace(str(options.corpora.resolve()), "CORPORA")
        target.write_text(text.replace(f"{ROOT}/", "") + "\n")
        write_table(results)
        uar = summary["figures"]["uar"]
        print(f"{name}: UAR {np.mean(uar['values']):.3f} in {summary['minutes']:g} minutes")


if __name__ == "__main__":
    main()
