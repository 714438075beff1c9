"""Voices and corpora that a model has not learnt from: plain, adapted, balanced, mostly neutral.

    python benchmarks/voices.py --folds build/cv/default --train ravdess.npy tess.npy nemo.npy \
        --support tess nemo --apart --test ased.npy --ordinary librispeech.npy

The tables have the same features, with functionals of an encoder; see ``mk/pretrained.mk``. With
``--folds``, the models of a cross-validation are tested on the speakers that they have not learnt
from; with ``--apart``, each training corpus by a model of the others; each test corpus by a model
of all, and so is ordinary speech, which has no labels and is taken to be neutral.

Protocol: a recording is what there is of a voice. *Balanced* is all of its clips; *mostly neutral*
all neutral and calm ones, and each other clip with a chance of one in ten, drawn three times.
Emotions that the tested corpus does not have are left out of the answer (calm counts as neutral);
the model adapts itself to all emotions that it knows. *Told* is balanced, and the model is told by
a prior which emotions the corpus has, all alike. Original clips alone are tested.

Prediction sets for a coverage of 0.9 have the thresholds of the cross-validation's report, whatever
corpus is tested; of its own clips each fold is tested with thresholds of the other folds. Of
other corpora a set holds the true emotion also if it names calm where that is neutral.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ser.dataset.groups import originals
from ser.dataset.merge import merge
from ser.dataset.table import Table, positions_by_speaker, read_table, without_features
from ser.evaluation.predictions import read_predictions
from ser.inference.classifier import Classifier, open_classifier
from ser.labels import label_indices, ordered
from ser.models.calibration import apply_temperature, expected_calibration_error
from ser.models.conformal import ADAPTED, COVERAGE, PLAIN, fit_thresholds, threshold_for
from ser.training.classifier import train_classifier

COVERAGE_WANTED = 0.9
DRAWS, OTHERS_SHARE, CONFIDENT, UNCERTAIN = 3, 0.1, 0.7, 0.5
NEUTRAL = ("neutral", "calm")
PROTOCOLS = ("plain", "balanced", "told", "mostly_neutral", "mostly_neutral_plain")


def main() -> None:
    """Runs all protocols."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--train", nargs="+", required=True)
    parser.add_argument("--test", nargs="*", default=[])
    parser.add_argument("--apart", action="store_true", help="test each --train by the others")
    parser.add_argument("--ordinary")
    parser.add_argument("--folds", help="the folder of a cross-validation of the first --train")
    parser.add_argument("--arch", default="lda")
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--support", nargs="*", default=[], help="supporting corpora")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output")
    args = parser.parse_args()
    options = dict(pair.split("=", 1) for pair in args.set)
    found: dict[str, Any] = {
        "arch": args.arch,
        "options": options,
        "support": args.support,
        "seed": args.seed,
    }
    report = None
    if args.folds:
        report = json.loads((Path(args.folds) / "report.json").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in args.train if args.apart else ():
            others = [other for other in args.train if other != path]
            classifier = train(others, args, options, folder)
            found[Path(path).stem] = evaluate(classifier, read_table(path), args.seed, report)
            print(Path(path).stem, json.dumps(found[Path(path).stem]), flush=True)
        if args.folds and report is not None:
            table = read_table(args.train[0])
            found["folds"] = cross_validated(Path(args.folds), table, args.seed)
            found["folds"]["sets"] = sets_of_folds(Path(args.folds), report["temperature"])
            print("folds", json.dumps(found["folds"]), flush=True)
        if args.test or args.ordinary:
            classifier = train(args.train, args, options, folder)
        for path in args.test:
            found[Path(path).stem] = evaluate(classifier, read_table(path), args.seed, report)
            print(Path(path).stem, json.dumps(found[Path(path).stem]), flush=True)
        if args.ordinary:
            found["ordinary"] = ordinary(classifier, read_table(args.ordinary))
            print("ordinary", json.dumps(found["ordinary"]), flush=True)
    if args.output:
        Path(args.output).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def train(
    paths: Sequence[str], args: argparse.Namespace, options: dict[str, str], folder: Path
) -> Classifier:
    """Trains on all records of some tables."""
    tables = [read_table(path) for path in paths]
    table = tables[0] if len(tables) == 1 else merge(*tables)
    corpora = set(np.asarray(table["corpus"]).tolist())
    main = corpora - set(args.support)
    support = tuple(name for name in args.support if name in corpora and main)
    trained = train_classifier(
        table, args.arch, options=options, validation=0, seed=args.seed, support=support
    )
    trained.save(folder / "model.keras")
    return open_classifier(folder / "model.keras")


def evaluate(
    classifier: Classifier, table: Table, seed: int, report: dict[str, Any] | None
) -> dict[str, Any]:
    """Tests a model on the voices of a table that it has not learnt from."""
    found = collect(classifier, table, np.random.default_rng(seed))
    result = summarize([found], classifier.labels)
    if report is not None:
        thresholds = {
            kind: threshold_for(report[COVERAGE][kind], COVERAGE_WANTED)
            for kind in (PLAIN, ADAPTED)
        }
        result["sets"] = {}
        for kind in ("plain", "balanced", "mostly_neutral"):
            answers, truth = map(np.concatenate, zip(*found[kind], strict=True))
            if kind == "plain":
                # Models that were trained here have not the temperature of the report.
                answers = apply_temperature(answers, report["temperature"])
            truth = with_neutral(truth, classifier.labels)
            threshold = thresholds[PLAIN if kind == "plain" else ADAPTED]
            result["sets"][kind] = describe_sets(answers, truth, threshold, classifier.labels)
    return result


def sets_of_folds(folder: Path, temperature: float) -> dict[str, Any]:
    """Tests sets on each fold's speakers, with thresholds of the other folds' speakers."""
    found = {}
    for kind, name in ((PLAIN, "predictions.csv"), (ADAPTED, "calibrated.csv")):
        predictions = read_predictions(folder / name)
        answers = np.asarray(predictions.probabilities)
        if kind == PLAIN:
            answers = apply_temperature(answers, temperature)
        truth = label_indices(predictions.emotion.tolist(), predictions.labels)
        true_probabilities = answers[np.arange(len(truth)), truth]
        speakers = np.unique(predictions.speaker, return_inverse=True)[1]
        thresholds = np.zeros(len(truth))
        for fold in np.unique(predictions.fold):
            test = predictions.fold == fold
            _, others = np.unique(speakers[~test], return_inverse=True)
            learnt = fit_thresholds(true_probabilities[~test], others)
            thresholds[test] = threshold_for(learnt, COVERAGE_WANTED)
        found[kind] = describe_sets(
            answers, truth, thresholds[:, None], predictions.labels, calm=True
        )
    return found


def with_neutral(truth: Any, labels: Sequence[str]) -> Any:
    """Counts calm as neutral."""
    if NEUTRAL[1] not in labels:
        return truth
    neutral, calm = (list(labels).index(name) for name in NEUTRAL)
    return np.where(truth == calm, neutral, truth)


def describe_sets(
    probabilities: Any, truth: Any, threshold: Any, labels: Sequence[str], *, calm: bool = False
) -> dict[str, float]:
    """Says how often sets hold the true emotion, how large they are, and how many are empty.

    Args:
        probabilities: Shape (n, labels).
        truth: Shape (n,).
        threshold: One, or (n, 1).
        labels: The model's labels.
        calm: Whether calm is an emotion of its own in `truth`.
    """
    inside = probabilities >= threshold
    covered = inside[np.arange(len(truth)), truth]
    if not calm and NEUTRAL[1] in labels:
        places = [list(labels).index(name) for name in NEUTRAL]
        covered |= (truth == places[0]) & inside[:, places[1]]
    sizes = inside.sum(axis=1)
    return {
        "coverage": round(float(covered.mean()), 4),
        "emotions": round(float(sizes.mean()), 2),
        "empty": round(float((sizes == 0).mean()), 4),
        "full": round(float((sizes == len(labels)).mean()), 4),
    }


def cross_validated(folder: Path, table: Table, seed: int) -> dict[str, Any]:
    """Tests each model of a cross-validation on the speakers that it has not learnt from."""
    rng = np.random.default_rng(seed)
    found = []
    for path in sorted(folder.glob("fold-*.keras")):
        classifier = open_classifier(path)
        tested = read_predictions(path.with_suffix(".csv")).path.tolist()
        found.append(collect(classifier, table[np.isin(table["path"], tested)], rng))
    result = summarize(found, classifier.labels)
    result["calm_apart"] = summarize(found, classifier.labels, calm_apart=True)
    return result


def collect(
    classifier: Classifier, table: Table, rng: np.random.Generator
) -> dict[str, list[tuple[Any, Any]]]:
    """Gives answers and true labels by protocol."""
    labels = list(classifier.labels)
    test = originals(table, np.flatnonzero(np.asarray(table["y"]) != ""))
    names = np.asarray(table["y"])[test].tolist()
    if NEUTRAL[1] not in labels:
        names = [NEUTRAL[0] if name in NEUTRAL else name for name in names]
    truth = label_indices(names, labels)
    told = classifier.with_prior(dict.fromkeys(names, 1))
    x, functionals = table["x"][test], table["functionals"][test]
    plain = classifier.probabilities(x, functionals)
    found: dict[str, list[tuple[Any, Any]]] = {name: [] for name in PROTOCOLS}
    found["plain"].append((plain, truth))
    for positions in positions_by_speaker(without_features(table, test)).values():
        groups = [("balanced", positions)]
        for _ in range(DRAWS):
            mostly = np.isin(np.asarray(names)[positions], NEUTRAL)
            chosen = positions[mostly | (rng.random(len(positions)) < OTHERS_SHARE)]
            groups.append(("mostly_neutral", chosen))
            found["mostly_neutral_plain"].append((plain[chosen], truth[chosen]))
        for kind, part in groups:
            if len(part):
                adaptation = classifier.adapt(x[part], functionals[part])
                answer = classifier.probabilities(x[part], functionals[part], adaptation)
                found[kind].append((answer, truth[part]))
        adaptation = told.adapt(x[positions], functionals[positions])
        answer = told.probabilities(x[positions], functionals[positions], adaptation)
        found["told"].append((answer, truth[positions]))
    return found


def summarize(
    parts: Sequence[dict[str, list[tuple[Any, Any]]]],
    labels: Sequence[str],
    *,
    calm_apart: bool = False,
) -> dict[str, Any]:
    """Scores what `collect` has given, all parts together.

    Args:
        parts: What it gave.
        labels: The model's labels.
        calm_apart: Whether calm is an emotion of its own, or counts as neutral.
    """
    result: dict[str, Any] = {}
    for kind in PROTOCOLS:
        answers, truth = (
            np.concatenate(column)
            for column in zip(*(pair for part in parts for pair in part[kind]), strict=True)
        )
        if not result:
            names = {labels[number] for number in truth.tolist()}
            if not calm_apart:
                names = {NEUTRAL[0] if name in NEUTRAL else name for name in names}
            kept = np.isin(labels, [*names, *NEUTRAL])
            result = {"emotions": ordered(names), "clips": len(truth)}
        result[kind] = score(answers, truth, labels, kept, calm_apart=calm_apart)
    return result


def score(
    probabilities: Any, truth: Any, labels: Sequence[str], kept: Any, *, calm_apart: bool
) -> dict[str, float | dict[str, float]]:
    """Gives accuracy, UAR, recalls and calibration error of some answers."""
    answers = np.where(kept, probabilities, 0.0)
    if NEUTRAL[1] in labels and not calm_apart:
        neutral, calm = (labels.index(name) for name in NEUTRAL)
        answers[:, neutral] += answers[:, calm]
        answers[:, calm] = 0
        truth = with_neutral(truth, labels)
    answers /= answers.sum(axis=1, keepdims=True)
    best = answers.argmax(axis=1)
    recalls = {
        labels[number]: float((best[truth == number] == number).mean())
        for number in np.unique(truth).tolist()
    }
    return {
        "accuracy": round(float((best == truth).mean()), 4),
        "uar": round(float(np.mean(list(recalls.values()))), 4),
        "calibration_error": round(expected_calibration_error(answers, truth), 4),
        "recall": {name: round(value, 3) for name, value in recalls.items()},
    }


def ordinary(classifier: Classifier, table: Table) -> dict[str, Any]:
    """Counts what a model says of ordinary speech, plain and adapted to each voice."""
    calm = [number for number, name in enumerate(classifier.labels) if name in NEUTRAL]
    x, functionals = table["x"][:], table["functionals"][:]
    plain = classifier.probabilities(x, functionals)
    adapted = plain.copy()
    heard = np.zeros(len(table), bool)
    for positions in positions_by_speaker(without_features(table, np.arange(len(table)))).values():
        adaptation = classifier.adapt(x[positions], functionals[positions])
        if adaptation is not None:
            heard[positions] = True
            adapted[positions] = classifier.probabilities(
                x[positions], functionals[positions], adaptation
            )
    result: dict[str, Any] = {"windows": len(table), "windows_of_adapted_voices": int(heard.sum())}
    for name, answers in (("plain", plain[heard]), ("adapted", adapted[heard])):
        best = answers.argmax(axis=1)
        emotional, confidence = ~np.isin(best, calm), answers.max(axis=1)
        result[name] = {
            "emotional_at_0.7": round(float((emotional & (confidence >= CONFIDENT)).mean()), 4),
            "neutral_or_calm": round(float((~emotional).mean()), 4),
            "neutral_calm_or_under_0.5": round(
                float((~emotional | (confidence < UNCERTAIN)).mean()), 4
            ),
        }
    return result


if __name__ == "__main__":
    main()
