"""What simple baselines reach on RAVDESS speech, in the five published folds.

    python benchmarks/baselines.py RAVDESS [--only egemaps-svm,compare-svm,prosody-lda]

Three baselines without any network, each leaves ``NAME.json`` in ``benchmarks/results``:

- ``egemaps-svm`` and ``compare-svm``: openSMILE's eGeMAPSv02 (88 functionals, Eyben et al. 2016)
  and ComParE_2016 (6373 functionals, Schuller et al. 2016) with a support vector machine. Kernel
  and C are chosen on four inner folds of the training speakers. openSMILE's licence excludes
  commercial use; nothing else here uses it: ``pip install '.[benchmarks]'``.
- ``prosody-lda``: the 239 functionals of ``ser-extract --functionals contours``, read by linear
  discriminant analysis with the covariance of Ledoit and Wolf, as in the architecture
  ``prosody-cnn``. The level of the recording is left out where the speaker is not known.

Each is measured twice: *plain*, every number standardized by the training clips; and *per speaker*,
the clips of each speaker made mean 0 and deviation 1, with all of that speaker's clips and without
their labels. Speakers are apart, every clip is tested once, UAR with 95 % intervals over speakers.
Nothing is random but the draws of the intervals (seed 0).
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ser.corpora.registry import find_clips  # noqa: E402
from ser.dataset.folds import PUBLISHED  # noqa: E402
from ser.evaluation.metrics import evaluate  # noqa: E402

Matrix = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

CHOICES = tuple(
    [("linear", c) for c in (0.0001, 0.001, 0.01, 0.1)]
    + [("rbf", c) for c in (1.0, 3.0, 10.0, 30.0)]
)
"""Kernels and values of C; a linear kernel is divided by the number of features."""

FARTHEST = 5.0
"""Deviations at which standardized numbers are clipped."""


def opensmile_features(paths: list[Path], name: str) -> Matrix:
    """Functionals by openSMILE, (clips, features)."""
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet[name], opensmile.FeatureLevel.Functionals)
    return np.concatenate([smile.process_file(path).to_numpy(np.float64) for path in paths])


def prosody_features(paths: list[Path], folder: Path) -> Matrix:
    """The functionals of the preset ``emotion``, level first, (clips, 239)."""
    import subprocess

    from ser.dataset.table import read_table

    table = ROOT / "build" / "baselines.npy"
    table.parent.mkdir(exist_ok=True)
    subprocess.run(
        [sys.executable, ROOT / "bin" / "ser-extract", folder, "--channel", "speech",
         "--preset", "emotion", "-o", table],
        check=True,
    )  # fmt: skip
    records = read_table(table)
    found = {Path(str(record["path"])).name: record["functionals"] for record in records}
    return np.stack([found[path.name] for path in paths]).astype(np.float64)


def standardize(x: Matrix, by: Mask) -> Matrix:
    """Mean 0 and deviation 1 over some of the clips."""
    deviation = x[by].std(axis=0)
    z = (x - x[by].mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    return np.clip(np.nan_to_num(z), -FARTHEST, FARTHEST)


def per_speaker(x: Matrix, speakers: npt.NDArray[np.str_]) -> Matrix:
    """Mean 0 and deviation 1 over the clips of each speaker."""
    result = np.empty_like(x)
    for speaker in np.unique(speakers):
        whose = speakers == speaker
        result[whose] = standardize(x[whose], np.ones(whose.sum(), bool))
    return result


def svm(
    z: Matrix, y: npt.NDArray[np.str_], speakers: npt.NDArray[np.str_], training: Mask
) -> tuple[Matrix, list[str], str]:
    """One-against-rest shares of the tested clips' decision values, and what was chosen."""
    from sklearn.model_selection import GroupKFold
    from sklearn.svm import SVC

    count = z.shape[1]
    linear = z @ z.T / count
    square = np.diag(linear)
    kernels = {
        "linear": linear,
        # gamma is 1 / number of features, which scikit-learn calls "scale" for standardized ones.
        "rbf": np.exp(-(square[:, None] + square[None] - 2 * linear)),
    }
    own = np.flatnonzero(training)

    def fit(kernel: str, c: float, rows: npt.NDArray[np.intp]) -> Any:
        # A linear kernel is small after the division, so C is as much larger.
        cost = c * count if kernel == "linear" else c
        machine = SVC(C=cost, kernel="precomputed", decision_function_shape="ovr")
        return machine.fit(kernels[kernel][np.ix_(rows, rows)], y[rows])

    def score(kernel: str, c: float) -> float:
        recalls = []
        for inner, held in GroupKFold(4).split(own, y[own], speakers[own]):
            rows, tested = own[inner], own[held]
            answer = fit(kernel, c, rows).predict(kernels[kernel][np.ix_(tested, rows)])
            recalls.append(np.mean([np.mean(answer[y[tested] == e] == e) for e in set(y[tested])]))
        return float(np.mean(recalls))

    kernel, c = max(CHOICES, key=lambda choice: score(*choice))
    machine = fit(kernel, c, own)
    values = machine.decision_function(kernels[kernel][np.ix_(~training, own)])
    shares = np.exp(values - values.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True), list(machine.classes_), f"{kernel}, C {c:g}"


def lda(
    z: Matrix, y: npt.NDArray[np.str_], speakers: npt.NDArray[np.str_], training: Mask
) -> tuple[Matrix, list[str], str]:
    """Posteriors of the tested clips by discriminant analysis with a shrunk covariance."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto")
    model.fit(z[training], y[training])
    return model.predict_proba(z[~training]), list(model.classes_), "Ledoit and Wolf's shrinkage"


def measure(
    x: Matrix, y: npt.NDArray[np.str_], speakers: npt.NDArray[np.str_], reader: Any
) -> dict[str, Any]:
    """Cross-validates, plain and per speaker."""
    labels = sorted(set(y.tolist()))
    result: dict[str, Any] = {}
    for way, features in (("plain", x), ("per speaker", per_speaker(x, speakers))):
        if way == "plain" and reader is lda:
            features = features[:, 1:]
        answers = np.empty((len(y), len(labels)))
        chosen = []
        for fold in PUBLISHED["ravdess"]:
            test = np.isin(speakers, fold)
            z = standardize(features, ~test) if way == "plain" else features
            answers[test], order, choice = reader(z, y, speakers, ~test)
            if order != labels:
                raise SystemExit("a fold has no clip of some emotion")
            chosen.append(choice)
        found = evaluate(y.tolist(), answers, labels, speakers.tolist()).to_dict()
        # Decision values are no probabilities.
        found.pop("calibration_error")
        result[way] = {"chosen": chosen, **found}
        low, high = (found["intervals"]["uar"][end] for end in ("low", "high"))
        scores = found["scores"]
        print(
            f"  {way:12} UAR {scores['uar']:.3f} ({low:.3f} to {high:.3f}), accuracy "
            f"{scores['accuracy']:.3f}, macro F1 {scores['macro_f1']:.3f}",
            flush=True,
        )
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("ravdess", type=Path)
    names = ("egemaps-svm", "compare-svm", "prosody-lda")
    parser.add_argument("--only", default=",".join(names), help=f"some of {', '.join(names)}")
    options = parser.parse_args()
    clips = find_clips([options.ravdess], "ravdess").clips
    clips = sorted((clip for clip in clips if clip.path.name.startswith("03-01-")), key=str)
    paths = [clip.path for clip in clips]
    y = np.array([clip.emotion for clip in clips])
    speakers = np.array([f"ravdess/{clip.speaker}" for clip in clips])
    for name in options.only.split(","):
        if name not in names:
            parser.error(f"unknown: {name}")
        print(f"{name}, {len(clips)} clips", flush=True)
        began = time.monotonic()
        if name == "prosody-lda":
            x, reader, packages = prosody_features(paths, options.ravdess), lda, ["scikit-learn"]
        else:
            which = "eGeMAPSv02" if name == "egemaps-svm" else "ComParE_2016"
            x, reader = opensmile_features(paths, which), svm
            packages = ["scikit-learn", "opensmile"]
        protocol = (
            f"RAVDESS speech, 8 emotions, {len(clips)} clips, 24 actors; five published folds, "
            "speakers apart"
        )
        figures = measure(x, y, speakers, reader)
        result = {
            "name": name,
            "features": x.shape[1],
            "protocol": protocol,
            "command": f"python benchmarks/baselines.py RAVDESS --only {name}",
            "date": datetime.now(UTC).date().isoformat(),
            "minutes": round((time.monotonic() - began) / 60, 1),
            "versions": {"python": platform.python_version()}
            | {package: version(package) for package in packages},
            **figures,
        }
        target = ROOT / "benchmarks" / "results" / f"{name}.json"
        target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
