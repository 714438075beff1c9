"""From the start of the process to the first line: what a user of ser-analyze waits for.

    python benchmarks/start.py [--model MODEL.keras] [--runs 10]

Renders 10 s of speech-like sound, runs ``ser-analyze`` on it as a process of its own, and stops the
clock when the first line of the timeline arrives. The aim for LiteRT is 0.7 s on an idle machine
with two cores and a warm disk; the first run, which warms it, does not count.
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
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from ser.pretrained import DEFAULT_MODEL, find_model  # noqa: E402

SECONDS = 10
TARGET = 0.7


def first_line(command: list[str]) -> tuple[float, float]:
    """Gives seconds to the first line and to the end."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None  # noqa: S101
        line = process.stdout.readline()
        first = time.perf_counter() - began
        process.stdout.read()
    whole = time.perf_counter() - began
    if process.returncode or not line:
        raise SystemExit(f"{command[1]} failed with exit code {process.returncode}")
    return first, whole


def render(target: Path) -> None:
    import soundfile
    from speech import render_demo

    soundfile.write(target, render_demo()[: SECONDS * 16_000], 16_000)


def main() -> None:
    from_checkout = [sys.executable, str(ROOT / "bin" / "ser-analyze")]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default=DEFAULT_MODEL, type=find_model)
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(
        f"{SECONDS} s of audio, {Path(options.model).name}, Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load {load}"
    )
    print(f"{'engine':10}{'first line, median':>20}{'minimum':>10}{'to the end':>12}{'runs':>6}")
    with tempfile.TemporaryDirectory() as folder:
        audio = Path(folder) / "ten-seconds.wav"
        render(audio)
        for engine, runs in (("litert", options.runs), ("keras", max(1, options.runs // 3))):
            model = ("--model", str(options.model))
            command = [*from_checkout, str(audio), *model, "--engine", engine]
            first_line(command)
            times = [first_line(command) for _ in range(runs)]
            firsts, wholes = zip(*times, strict=True)
            note = f"   (aim {TARGET} s)" if engine == "litert" else ""
            print(
                f"{engine:10}{statistics.median(firsts):18.2f} s{min(firsts):8.2f} s"
                f"{statistics.median(wholes):10.2f} s{runs:6}{note}"
            )


if __name__ == "__main__":
    main()
