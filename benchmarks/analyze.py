"""How much faster than real time ser-analyze is, beside the way that it is usually done.

    python benchmarks/analyze.py SPEECH [--minutes 60] [--plain-minutes 2] [--hours 10]

SPEECH is a folder of recordings, which are joined and repeated to an hour: as 16 kHz WAV, and as
M4A (AAC) and WebM (Opus). ``ser-analyze`` is timed as a process from its start to its end, all
stages included, with and without the detector of speech; a second run tells its peak memory. Both
are those of all processes that share its work, pages that several hold counted once. The usual way
is a loop over the windows of the same WAV: ``librosa.load`` of the window, its features with
librosa, ``predict`` of Keras per window, with the same network, whose other inputs are left zero;
imports are not counted. It is timed on fewer minutes, because it takes so long.

``--hours`` makes recordings that long of the same hour, over and over, and reads the peak memory of
``ser-analyze`` on each, one after the other; ten hours of WAV need 1.2 GB in the temporary folder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from recordings import encode  # noqa: E402
from usage import Usage, measure  # noqa: E402

from ser.audio import reader  # noqa: E402
from ser.audio.writer import write_sound  # noqa: E402
from ser.pretrained import SMALL_MODEL, find_model  # noqa: E402

RATE = 16_000
NAMES = ("hour.wav", "hour.m4a", "hour.webm")


def joined(folder: Path, seconds: float) -> np.ndarray:
    """Speech of that length, from every recording in a folder."""
    from ser.io.listing import walk

    parts: list[np.ndarray] = []
    count = 0
    for path in walk(folder, lambda error: None):
        parts.append(reader.read(path, RATE))
        count += len(parts[-1])
        if count >= seconds * RATE:
            break
    samples = np.concatenate(parts)
    return np.resize(samples, round(seconds * RATE))


def make(folder: Path, speech: Path, seconds: float) -> None:
    """Writes the files that are analysed."""
    samples = joined(speech, seconds)
    write_sound(folder / NAMES[0], samples, RATE)
    encode(folder / NAMES[1], "aac", samples, RATE)
    encode(folder / NAMES[2], "libopus", reader.resample(samples, RATE, 48_000), 48_000)


def repeat(source: Path, target: Path, times: int) -> None:
    """Puts a recording behind itself, so many times, without decoding it."""
    import av
    import soundfile

    if target.suffix == ".wav":
        with soundfile.SoundFile(target, "w", RATE, 1, subtype="PCM_16") as sink:
            for _ in range(times):
                for block in soundfile.blocks(source, blocksize=60 * RATE, dtype="int16"):
                    sink.write(block)
        return
    with av.open(str(target), "w") as sink:
        into: Any = None
        end: int | None = None
        for _ in range(times):
            with av.open(str(source)) as container:
                stream = container.streams.audio[0]
                into = into or sink.add_stream_from_template(stream)
                shift: int | None = None
                for packet in container.demux(stream):
                    if packet.dts is None:
                        continue
                    if shift is None:
                        # Encoders begin before zero.
                        shift = 0 if end is None else end - packet.dts
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    end = packet.dts + max(packet.duration or 0, 1)
                    packet.stream = into
                    sink.mux(packet)


def line(name: str, length: float, used: Usage) -> str:
    """Gives a row of the table, for a recording of so many seconds."""
    return (
        f"{name:36}{used.seconds:9.1f}{length / used.seconds:17.0f}{used.processor:12.1f}"
        f"{used.memory:8.0f} MB"
    )


def ours(path: Path, *options: str) -> Usage:
    """Runs ``ser-analyze`` as a process."""
    command = [sys.executable, str(ROOT / "bin/ser-analyze"), str(path), "-f", "jsonl"]
    return measure([*command, *options])


def plain(path: Path, seconds: float) -> float:
    """Seconds that the usual loop takes, with the network of the small model."""
    import librosa

    from ser.inference.classifier import open_classifier
    from ser.models.backend import load_keras

    keras = load_keras("cpu")
    engine = open_classifier(SMALL_MODEL, "litert")
    network = keras.saving.load_model(SMALL_MODEL, safe_mode=True)
    length = engine.spec.duration or 3.0
    fixed = {t.name: np.zeros((1, *t.shape[1:]), np.float32) for t in network.inputs}
    librosa.feature.mfcc(y=np.ones(RATE, np.float32), sr=RATE)
    began = time.perf_counter()
    for start in np.arange(0, seconds - length + 1e-6, length):
        samples, _ = librosa.load(path, sr=RATE, offset=float(start), duration=length)
        mel = librosa.feature.melspectrogram(
            y=samples, sr=RATE, n_fft=1024, hop_length=256, n_mels=engine.coefficients
        )
        picture = librosa.power_to_db(mel, ref=np.max).T[: engine.frames]
        x = np.zeros((1, engine.frames, engine.coefficients), np.float32)
        x[0, : len(picture)] = (picture - picture.mean()) / picture.std()
        network.predict({**fixed, "features": x}, verbose=0)
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speech", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--plain-minutes", type=float, default=2)
    parser.add_argument("--hours", type=int, help="the memory that recordings this long need")
    parser.add_argument("--model", default="default", help="default, small or a path")
    options = parser.parse_args()
    seconds, few = 60 * options.minutes, 60 * options.plain_minutes
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    print(
        f"{options.minutes:g} min of speech, {find_model(options.model).name}, "
        f"Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load {load}"
    )
    print(f"{'':36}{'seconds':>9}{'times real time':>17}{'processor':>12}{'memory':>11}")
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / name for name in NAMES]
        separately(make, Path(folder), options.speech, seconds)
        model = ("--model", options.model)
        ours(files[0], *model, "--end", "10")
        if options.hours is not None:
            for path in files:
                longer = path.with_stem("long")
                separately(repeat, path, longer, round(3600 * options.hours / seconds))
                name = f"ser-analyze {path.suffix[1:]}, {options.hours} h"
                print(line(name, 3600 * options.hours, ours(longer, *model)), flush=True)
                longer.unlink()
            return
        for path in files:
            for vad in ("--vad", "--no-vad"):
                name = f"ser-analyze {path.suffix[1:]} {vad}"
                print(line(name, seconds, ours(path, *model, vad)), flush=True)
        for hop in ("0.5", "0.512"):
            name = f"ser-analyze wav --hop {hop}"
            print(line(name, seconds, ours(files[0], *model, "--hop", hop)), flush=True)
        spent = plain(files[0], few)
        print(f"{f'window by window, {few:g} s of it':36}{spent:9.1f}{few / spent:17.1f}")


def separately(work: Callable[..., None], *arguments: object) -> None:
    """Does it in a process of its own: the system counts what a parent held as its child's."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit("the recordings could not be made")


if __name__ == "__main__":
    main()
