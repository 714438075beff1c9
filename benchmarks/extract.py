"""Extraction against the plain loop: the classic features of a corpus, both ways, in one run.

    python benchmarks/extract.py RAVDESS [--clips N] [--jobs 2] [--runs 3]

The plain loop is what most projects for speech emotion recognition have: ``librosa.load`` and then
``mfcc``, ``chroma_stft`` and ``melspectrogram`` of each clip, averaged over time, one clip after
the other. The other side is ``ser-extract --preset librosa --pool mean``. Each is a process of its
own, timed from its start to its table on disk; how long the loop alone takes, behind the import of
librosa and a first clip, is printed as well. Every file is read once before, so that no side waits
for the disk, numba has compiled what librosa needs, and this package is compiled to bytecode, as
pip does with what it installs. The tables are compared. The aim is 8 times with two jobs on two
cores over all 1440 clips; fewer clips make the start weigh more.
"""

from __future__ import annotations

import argparse
import compileall
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

from ser.dataset.table import Table, read_table  # noqa: E402
from ser.io.listing import walk  # noqa: E402

TARGET = 8.0
FAMILIES = {"mel": slice(0, 128), "mfcc": slice(128, 168), "chroma": slice(168, 180)}


def plain(path: Path) -> np.ndarray:
    import librosa

    samples, rate = librosa.load(path)
    mfcc = np.mean(librosa.feature.mfcc(y=samples, sr=rate, n_mfcc=40), axis=1)
    chroma = np.mean(librosa.feature.chroma_stft(y=samples, sr=rate), axis=1)
    mel = np.mean(librosa.feature.melspectrogram(y=samples, sr=rate), axis=1)
    return np.concatenate([mel, mfcc, chroma])


def loop(names: Path, target: Path) -> None:
    """The plain loop as a program; prints how long it took after its start."""
    clips = [Path(os.fsdecode(name)) for name in names.read_bytes().split(b"\0")]
    plain(clips[0])
    began = time.perf_counter()
    rows = [plain(clip) for clip in clips]
    print(time.perf_counter() - began)
    np.save(target, np.stack(rows))


def time_plain(clips: Sequence[Path]) -> tuple[float, float, np.ndarray]:
    with tempfile.TemporaryDirectory() as folder:
        names, target = Path(folder, "clips"), Path(folder, "table.npy")
        command = [sys.executable, __file__, "--loop", str(names), str(target)]
        # A first clip, so that librosa's compiled functions are in numba's cache.
        names.write_bytes(os.fsencode(clips[0]))
        subprocess.run(command, check=True, capture_output=True)
        names.write_bytes(b"\0".join(os.fsencode(clip) for clip in clips))
        began = time.perf_counter()
        alone = float(subprocess.run(command, check=True, capture_output=True).stdout)
        return time.perf_counter() - began, alone, np.load(target)


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
    if sys.argv[1:2] == ["--loop"]:
        loop(Path(sys.argv[2]), Path(sys.argv[3]))
        return
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
    # Python does it at the first import, but not where PYTHONDONTWRITEBYTECODE is set.
    compileall.compile_dir(ROOT / "ser", quiet=1)
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    packages = ("librosa", "numpy", "scipy", "soundfile", "soxr")
    print(
        f"{len(clips)} clips, {os.cpu_count()} cores ({platform.processor() or 'unknown'})", end=""
    )
    print(f", load {load}, Python {platform.python_version()}")
    print(", ".join(f"{name} {version(name)}" for name in packages))
    slow, alone, expected = time_plain(clips)
    seconds, table = time_ours(clips, options.jobs, options.runs)
    fast = statistics.median(seconds)
    print(f"{'':36}{'seconds':>9}{'ms per clip':>13}{'clips/s':>9}")
    for name, value in (
        ("plain loop, start to table", slow),
        ("plain loop alone", alone),
        (f"ser-extract --jobs {options.jobs}, start to table", fast),
    ):
        print(f"{name:36}{value:9.2f}{1000 * value / len(clips):13.2f}{len(clips) / value:9.0f}")
    every = ", ".join(f"{value:.2f}" for value in seconds)
    print(f"{slow / fast:.1f} times as fast (aim {TARGET:g}; runs of ser-extract: {every} s)")
    print(f"{alone / fast:.1f} times if only the plain loop's start is not counted")
    errors = disagreement(table, clips, expected)
    print(
        f"largest difference: mel {errors['mel']:.1e} and chroma {errors['chroma']:.1e} relative, "
        f"MFCC {errors['mfcc']:.1e} absolute"
    )
    if errors["mel"] > 1e-4 or errors["chroma"] > 1e-4 or errors["mfcc"] > 0.01:
        sys.exit("the results differ by more than 1e-4 relative or 0.01 absolute")


if __name__ == "__main__":
    main()
