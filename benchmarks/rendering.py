"""Quality and speed of the synthesis of ser-translate, where nothing is to change.

    python benchmarks/rendering.py RAVDESS [--clips 24]

A clip of each emotion of each third actor, at 16 kHz, on one thread:

    nothing     render() with a change of nothing
    hair        render() with a hundredth of a semitone, a decibel and a percent: everything runs
    there, back render() three semitones up and the result three down
    whole       convert() with a converter that changes nothing, over all clips in a row

against the source by PESQ (ITU-T P.862.2, wide band; up to 4.64) and STOI (up to 1), and seconds of
CPU per second of sound. Needs ``pip install '.[benchmarks]'``, whose `pesq` needs a C compiler.
The aims are PESQ 4.0, STOI 0.98 and a factor of 0.2 for nothing and whole.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ser.arrays import Samples  # noqa: E402
from ser.audio import reader  # noqa: E402
from ser.conversion.contours import Contours, extract_contours  # noqa: E402
from ser.conversion.modification import Modification, identity_modification  # noqa: E402
from ser.conversion.pipeline import convert  # noqa: E402
from ser.conversion.synthesis import render  # noqa: E402

RATE = 16_000


class IdentityConverter:
    """Changes nothing."""

    emotions = ("neutral",)

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Leaves a phrase as it is."""
        return identity_modification(len(contours))


def steady(frames: int, semitones: float, decibels: float, factor: float) -> Modification:
    return Modification(
        np.full(frames, semitones, np.float32),
        np.full((frames, 80), decibels, np.float32),
        np.full(frames, factor, np.float32),
    )


def nothing(x: Samples) -> Samples:
    contours = extract_contours(x)
    return render(x, RATE, contours, identity_modification(len(contours)))


def hair(x: Samples) -> Samples:
    contours = extract_contours(x)
    return render(x, RATE, contours, steady(len(contours), 0.01, 0.01, 1.0001))


def there_and_back(x: Samples) -> Samples:
    contours = extract_contours(x)
    up = render(x, RATE, contours, steady(len(contours), 3, 0, 1))
    contours = extract_contours(up)
    return render(up, RATE, contours, steady(len(contours), -3, 0, 1))


def whole(x: Samples) -> Samples:
    return convert(x, RATE, IdentityConverter(), "neutral")


def measure(x: Samples, y: Samples) -> tuple[float, float]:
    from pesq import pesq
    from pystoi import stoi

    count = min(len(x), len(y))
    # Both measures are about the level that telephones have; RAVDESS is recorded far under it.
    factor = 0.1 / max(float(np.sqrt(np.mean(np.square(x)))), 1e-9)
    factor = min(factor, 0.9 / float(np.abs(x).max()))
    x, y = x[:count] * factor, np.clip(y[:count] * factor, -1, 1)
    return pesq(RATE, x, y, "wb"), stoi(x, y, RATE)


def clips(folder: Path, count: int) -> list[Samples]:
    found = sorted(folder.glob("Actor_*/03-01-0[1-8]-0?-01-01-*.*"))
    if not found:
        raise SystemExit(f"{folder}: no clips of RAVDESS")
    step = max(1, len(found) // count)
    return [reader.read(path, RATE) for path in found[::step][:count]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=24)
    options = parser.parse_args()
    chosen = clips(options.folder, options.clips)
    row = np.concatenate(chosen)
    seconds = len(row) / RATE
    print(
        f"{len(chosen)} clips, {seconds:.0f} s, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"{'':14}{'PESQ-WB':>10}{'least':>8}{'STOI':>8}{'least':>8}{'CPU s per s':>14}")
    nothing(chosen[0])
    ways = {"nothing": nothing, "hair": hair, "there, back": there_and_back, "whole": whole}
    for name, way in ways.items():
        pairs: list[tuple[Samples, Samples]] = []
        began = time.process_time()
        if name == "whole":
            y = way(row)
            used = time.process_time() - began
            starts = np.cumsum([0, *(len(x) for x in chosen)])
            pairs = [(x, y[a : a + len(x)]) for x, a in zip(chosen, starts[:-1], strict=True)]
        else:
            pairs = [(x, way(x)) for x in chosen]
            used = time.process_time() - began
        scores = np.array([measure(x, y) for x, y in pairs])
        mean, least = scores.mean(axis=0), scores.min(axis=0)
        print(
            f"{name:14}{mean[0]:10.2f}{least[0]:8.2f}{mean[1]:8.3f}{least[1]:8.3f}"
            f"{used / seconds:14.3f}"
        )


if __name__ == "__main__":
    main()
