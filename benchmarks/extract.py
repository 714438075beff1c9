"""Extraction against the plain loop: the classic features of a corpus, both ways, in one run.

    python benchmarks/extract.py RAVDESS [--clips N] [--jobs 2] [--runs 3]

The plain loop is what most projects for speech emotion recognition have: ``librosa.load`` and then
``mfcc``, ``chroma_stft`` and ``melspectrogram`` of each clip, averaged over time. It runs in this
process, one clip after the other, after a first clip has made numba compile and librosa import, so
neither counts. The other side is ``ser-extract --preset librosa --pool mean`` as a process of its
own: its start, its workers' start and the writing of the table do count. Every file is read once
before, so that no side waits for the disk. The tables are compared. The aim is 8 times with two
jobs on two cores over all 1440 clips; fewer clips make the start weigh more.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ser.corpora.listing import walk  # noqa: E402
from ser.table import Table, read_table  # noqa: E402

TARGET = 8.0
FAMILIES = {"mel": slice(0, 128), "mfcc": slice(128, 168), "chroma": slice(168, 180)}


def plain(path: Path) -> np.ndarray:
    import librosa

    samples, rate = librosa.load(path)
    mfcc = np.mean(librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40), axis=1)
    chroma = np.mean(librosa.feature.chroma_stft(y=samples, sr=rate), axis=1)
    mel = np.mean(librosa.feature.melspectrogram(y=samples, sr=rate), axis=1)
    return np.concatenate([mel, mfcc, chroma])


def time_plain(clips: Sequence[Path]) -> tuple[float, np.ndarray]:
    plain(clips[0])
    began = time.perf_counter()
    rows = [plain(clip) for clip in clips]
    return time.perf_counter() - began, np.stack(rows)


def time_ours(clips: Sequence[Path], jobs: int, runs: int) -> tuple[list[float], Table]:
    with tempfile.TemporaryDirectory() as folder:
        names, target = Path(folder, "clips"), Path(folder, "table.npy")
        names.write_bytes(b"\0".join(os.fsencode(clip) for clip in clips))
        command = [
            sys.executable, str(ROOT / "bin" / "ser-extract"), "--files0-from", str(names),
            "--preset", "librosa", "--pool", "mean", "--jobs", str(jobs), "-o", str(target), "-q",
        ]  # fmt: skip
        seconds = []
        for _ in range(runs):
            began = time.perf_counter()
            subprocess.run(command, check=True)
            seconds.append(time.perf_counter() - began)
        return seconds, np.array(read_table(target))


def disagreement(table: Table, clips: Sequence[Path], expected: np.ndarray) -> dict[str, float]:
    """Gives the largest error per family: absolute for MFCC, relative to the largest otherwise."""
    place = {path: row for row, path in enumerate(table["path"].tolist())}
    found = table["x"][[place[str(clip)] for clip in clips], 0]
    errors = {}
    for name, part in FAMILIES.items():
        error = np.abs(found[:, part] - expected[:, part])
        scale = 1.0 if name == "mfcc" else np.abs(expected[:, part]).max(axis=1, keepdims=True)
        errors[name] = float((error / scale).max())
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path, help="a folder of clips, such as RAVDESS")
    parser.add_argument("--clips", type=int, help="take this many, evenly spread; default all")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3, help="of ser-extract; the median counts")
    options = parser.parse_args()
    clips = list(walk(options.corpus))
    if not clips:
        parser.error(f"{options.corpus} holds no audio files")
    if options.clips and options.clips < len(clips):
        spread = np.linspace(0, len(clips) - 1, options.clips).round().astype(int)
        clips = [clips[index] for index in spread]
    for clip in clips:
        clip.read_bytes()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    packages = ("librosa", "numpy", "scipy", "soundfile", "soxr")
    print(
        f"{len(clips)} clips, {os.cpu_count()} cores ({platform.processor() or 'unknown'})", end=""
    )
    print(f", load {load}, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    slow, expected = time_plain(clips)
    seconds, table = time_ours(clips, options.jobs, options.runs)
    fast = statistics.median(seconds)
    print(f"{'':36}{'seconds':>9}{'ms per clip':>13}{'clips/s':>9}")
    for name, value in (
        ("plain loop, numba warm", slow),
        (f"ser-extract --jobs {options.jobs}, with its start", fast),
    ):
        print(f"{name:36}{value:9.2f}{1000 * value / len(clips):13.2f}{len(clips) / value:9.0f}")
    every = ", ".join(f"{value:.2f}" for value in seconds)
    print(f"{slow / fast:.1f} times as fast (aim {TARGET:g}; runs of ser-extract: {every} s)")
    errors = disagreement(table, clips, expected)
    print(
        f"largest difference: mel {errors['mel']:.1e} and chroma {errors['chroma']:.1e} relative, "
        f"MFCC {errors['mfcc']:.1e} absolute"
    )
    if errors["mel"] > 1e-4 or errors["chroma"] > 1e-4 or errors["mfcc"] > 0.01:
        sys.exit("the results differ by more than 1e-4 relative or 0.01 absolute")


if __name__ == "__main__":
    main()
