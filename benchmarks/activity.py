"""Whether speech is heard as speech: real emotional clips, clean and in noise, and what is none.

    python benchmarks/activity.py CORPORA [--every N]

CORPORA holds some of the folders ravdess, tess, nemo and librispeech. Prints for each how many
clips have enough speech for `ser-analyze` to classify a window, per corpus and for the softest and
the loudest emotion, how fast the detector is, and what the detector of WebRTC would say of the same
sounds where webrtcvad-wheels is installed. What is no speech is synthesised: no recording of music
is at hand.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from pathlib import Path

import numpy as np

from ser.arrays import Samples

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from soundscape import NO_SPEECH  # noqa: E402

from ser.audio import reader  # noqa: E402
from ser.augment.noise import pink_noise  # noqa: E402
from ser.corpora.registry import find_clips  # noqa: E402
from ser.vad.speech import MIN_SPEECH_SECONDS, seconds_of_speech  # noqa: E402

RATE = 16_000
SECONDS = 3.0
TOGETHER = 64


def webrtc(samples: Samples) -> float:
    """Seconds of speech by WebRTC's detector at its strictest."""
    import webrtcvad

    detector = webrtcvad.Vad(3)
    data = (np.clip(samples, -1, 1) * 32767).astype("<i2")
    frames = [data[i : i + 480].tobytes() for i in range(0, len(data) - 479, 480)]
    return 0.03 * sum(detector.is_speech(frame, RATE) for frame in frames)


def noisy(samples: Samples, ratio: float) -> Samples:
    rng = np.random.default_rng(len(samples))
    noise = pink_noise(len(samples), RATE, rng)
    gain = np.sqrt(np.mean(samples**2) / np.mean(noise**2)) * 10 ** (-ratio / 20)
    return samples + np.float32(gain) * noise


def show(name: str, windows: list[Samples]) -> None:
    heard = np.concatenate(
        [
            seconds_of_speech(windows[i : i + TOGETHER], RATE)
            for i in range(0, len(windows), TOGETHER)
        ]
    )
    share = (heard >= MIN_SPEECH_SECONDS).mean()
    line = f"{name:34}{len(windows):7}{np.median(heard):9.2f}{share:11.1%}"
    if importlib.util.find_spec("webrtcvad"):
        other = np.array([webrtc(samples) for samples in windows])
        line += f"{(other >= MIN_SPEECH_SECONDS).mean():11.1%}"
    print(line, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--every", type=int, default=1, help="every Nth clip")
    options = parser.parse_args()
    print(f"{'sounds':34}{'windows':>7}{'median s':>9}{'classified':>11}{'WebRTC':>11}")
    for name in ("ravdess", "tess", "nemo", "librispeech"):
        if not (options.corpora / name).is_dir():
            continue
        corpus = "none" if name == "librispeech" else name
        clips = find_clips([options.corpora / name], corpus).clips[:: options.every]
        windows = [reader.read(clip.path, RATE, duration=SECONDS) for clip in clips]
        show(name, windows)
        if name == "ravdess":
            for emotion in ("calm", "angry"):
                chosen = [w for w, c in zip(windows, clips, strict=True) if c.emotion == emotion]
                show(f"  {emotion}", chosen)
        for ratio in (20, 10, 0):
            show(f"  in pink_noise noise, {ratio} dB", [noisy(w, ratio) for w in windows[::4]])
    for kind in NO_SPEECH:
        made = [kind(np.random.default_rng(seed)) for seed in range(50)]
        show(kind.__name__, [(0.2 * w / np.abs(w).max()).astype(np.float32) for w in made])
    begun = time.process_time()
    seconds_of_speech(windows, RATE)
    spent = time.process_time() - begun
    print(f"{sum(map(len, windows)) / RATE / spent:.0f} times as fast as real time on one core")


if __name__ == "__main__":
    main()
