"""How exact and how fast exported networks are, beside the windows of ser-analyze.

    python benchmarks/exported.py MODEL CORPORA [--windows N]

MODEL is a .keras file, `default` or `small`; CORPORA holds ravdess, nemo and librispeech. Takes 200
windows of real speech, 80 from the first, 60 from each of the others, exports the model in both
formats, and prints for each the size, the largest difference of a probability, the share of windows
with more than 0.001, how many have another label, and windows per second on one thread. What ONNX
needs (`pip install '.[export]' onnxruntime`) may be missing.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from exported import run_onnx, run_tflite  # noqa: E402

from ser.arrays import Samples  # noqa: E402
from ser.audio import reader  # noqa: E402
from ser.exporting.export import export_classifier, window_size  # noqa: E402
from ser.inference.classification import classify  # noqa: E402
from ser.inference.classifier import Classifier, open_classifier  # noqa: E402
from ser.parallel.resources import limit_blas_threads  # noqa: E402
from ser.pretrained import find_model  # noqa: E402

SHARES = {"ravdess": 0.4, "nemo": 0.3, "librispeech": 0.3}
RUNTIMES = {"tflite": run_tflite, "onnx": run_onnx}
TOGETHER = 32


def windows(corpora: Path, count: int, classifier: Classifier) -> list[Samples]:
    """Cuts windows out of recordings; short ones get zeros behind them."""
    rng = np.random.default_rng(0)
    rate, size = classifier.spec.sample_rate, window_size(classifier)
    found = []
    for name, share in SHARES.items():
        endings = (".wav", ".flac", ".ogg")
        paths = sorted(p for p in (corpora / name).rglob("*") if p.suffix in endings)
        for place in rng.integers(len(paths), size=round(share * count)):
            samples = reader.read(paths[place], rate)
            longer = len(samples) - size if name == "librispeech" else 0
            first = int(rng.integers(max(1, longer)))
            part = samples[first : first + size]
            found.append(np.pad(part, (0, size - len(part))))
    return found


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start


def analyzed(clips: list[Samples], classifier: Classifier) -> Any:
    """What ser-analyze says, in batches of windows as it has them."""
    with limit_blas_threads():
        return np.array(
            [
                list(window.probabilities.values())
                for start in range(0, len(clips), TOGETHER)
                for window in classify(
                    "clips",
                    clips[start : start + TOGETHER],
                    [0.0] * len(clips[start : start + TOGETHER]),
                    classifier,
                )
            ]
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--windows", type=int, default=200)
    arguments = parser.parse_args()
    classifier = open_classifier(find_model(arguments.model))
    clips = windows(arguments.corpora, arguments.windows, classifier)
    expected, seconds = timed(lambda: analyzed(clips, classifier))
    print(f"ser-analyze: {len(clips) / seconds:.0f} windows a second")
    there = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
    with tempfile.TemporaryDirectory() as folder:
        for kind in RUNTIMES if there else ["tflite"]:
            path = Path(folder, f"model.{kind}")
            export_classifier(classifier, {path: None})
            run = RUNTIMES[kind](path)
            found, seconds = timed(lambda run=run: np.array([run(clip) for clip in clips]))
            difference = np.abs(found - expected).max(axis=1)
            labels = (found.argmax(axis=1) != expected.argmax(axis=1)).sum()
            print(
                f"{kind}: {path.stat().st_size / 1e6:.1f} MB, largest difference "
                f"{difference.max():.4f}, median {np.median(difference):.1e}, over 0.001 "
                f"{(difference > 1e-3).mean():.1%}, another label {labels}, "
                f"{len(clips) / seconds:.0f} windows a second"
            )


if __name__ == "__main__":
    main()
