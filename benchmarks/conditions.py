"""What sound quality does to recognition: every clip again at other levels, rates, bands, in noise.

    python benchmarks/conditions.py FOLDS RAVDESS [--folds 1,2,3,4,5] [--only NAME …] [--json FILE]

FOLDS is what ``ser-train --cv ravdess`` wrote: each fold's model hears the actors that it was not
trained on. Prints UAR per condition, without and with the voice known (learnt from the unlabelled
clips of the actor in that condition), and how many labels differ from those of the clean clips: a
model should hear the voice, and not the distance to the microphone. Noise is seeded by the clip.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ser.arrays import Samples
from ser.audio import reader
from ser.augment.base import Parameters
from ser.augment.registry import TRANSFORMS
from ser.corpora.base import Clip
from ser.corpora.registry import find_clips
from ser.evaluation.metrics import evaluate
from ser.features.extract import fit_frames
from ser.inference.classifier import Classifier, open_classifier

Samples = Samples
Change = Callable[[Samples, int, np.random.Generator], Samples]


def gain(decibels: float) -> Change:
    """A recording so much louder, in 16 bits; how loud clips are beside one another stays."""
    return lambda samples, rate, rng: _rounded(samples * 10 ** (decibels / 20))


def level(peak_db: float) -> Change:
    """A recording with its peak there, in 16 bits; all clips are then as loud as one another."""

    def change(samples: Samples, rate: int, rng: np.random.Generator) -> Samples:
        return _rounded(samples / max(float(np.abs(samples).max()), 1e-9) * 10 ** (peak_db / 20))

    return change


def _rounded(samples: Samples) -> Samples:
    return (np.round(samples * 32767) / 32767).astype(np.float32)


def sampled(hertz: int) -> Change:
    """A recording that was made at another rate."""
    return lambda samples, rate, rng: reader.resample(
        reader.resample(samples, rate, hertz), hertz, rate
    )


def transform(name: str, value: float, kind: str = "") -> Change:
    """One of the augmentations, at one strength."""
    return lambda samples, rate, rng: TRANSFORMS[name](value, value).apply(
        samples, rate, Parameters(value, kind), rng
    )


CONDITIONS: dict[str, Change] = {
    "as recorded": lambda samples, rate, rng: samples,
    "all 20 dB quieter": gain(-20),
    "peak at 0 dBFS": level(0),
    "peak at -20 dBFS": level(-20),
    "peak at -40 dBFS": level(-40),
    "8 kHz": sampled(8000),
    "11.025 kHz": sampled(11025),
    "48 kHz": sampled(48000),
    "telephone": transform("telephone", 3400.0),
    "white noise, 20 dB": transform("noise", 20.0, "white"),
    "white noise, 10 dB": transform("noise", 10.0, "white"),
    "pink noise, 10 dB": transform("noise", 10.0, "pink"),
    "reverberation, 0.5 s": transform("reverb", 0.5),
}


def hear(
    engine: Classifier, clips: list[Clip], sounds: list[Samples], change: Change
) -> tuple[np.ndarray, np.ndarray]:
    """Gives the probabilities of clips, without and with each voice known."""
    rate = engine.spec.sample_rate
    found = []
    for clip, samples in zip(clips, sounds, strict=True):
        rng = np.random.default_rng(list(clip.path.name.encode()))
        changed = np.asarray(change(samples, rate, rng), np.float32)
        found.append(engine.extractor.compute_all(engine.extractor.prepare(changed)))
    x = np.stack([fit_frames(matrix, engine.frames) for matrix, _ in found])
    functionals = np.stack([vector for _, vector in found])
    plain = engine.probabilities(x, functionals)
    known = np.empty_like(plain)
    speakers = np.array([clip.speaker for clip in clips])
    for speaker in set(speakers.tolist()):
        own = speakers == speaker
        voice = engine.adapt(x[own], functionals[own])
        known[own] = engine.probabilities(x[own], functionals[own], voice)
    return plain, known


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--folds", default="1,2,3,4,5")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    parser.add_argument("--only", nargs="+", choices=CONDITIONS, help="beside the first of them")
    options = parser.parse_args()
    listing = find_clips([options.corpus], "ravdess", channel="speech")
    truth: list[str] = []
    first = next(iter(CONDITIONS))
    chosen = {first: CONDITIONS[first]} | {
        name: change
        for name, change in CONDITIONS.items()
        if options.only is None or name in options.only
    }
    answers: dict[str, tuple[list[np.ndarray], list[np.ndarray]]] = {
        name: ([], []) for name in chosen
    }
    for fold in options.folds.split(","):
        engine = open_classifier(options.models / f"fold-{fold}.keras", "litert")
        trained = set(engine.card["speakers"])
        clips = [clip for clip in listing.clips if f"ravdess/{clip.speaker}" not in trained]
        sounds = [reader.read(clip.path, engine.spec.sample_rate) for clip in clips]
        truth += [clip.emotion for clip in clips]
        for name, change in chosen.items():
            for kept, part in zip(answers[name], hear(engine, clips, sounds, change), strict=True):
                kept.append(part)
    print(f"{len(truth)} clips of speakers apart, folds {options.folds}, {engine.path.parent}")
    print(f"{'condition':22}{'UAR':>7}{'voice known':>13}{'labels changed':>16}")
    usual = None
    rows = {}
    for name, (plain, known) in answers.items():
        best = np.concatenate(plain).argmax(axis=1)
        usual = best if usual is None else usual
        row = {
            "uar": evaluate(truth, np.concatenate(plain), engine.labels).scores.uar,
            "voice_known": evaluate(truth, np.concatenate(known), engine.labels).scores.uar,
            "changed": float((best != usual).mean()),
        }
        rows[name] = row
        print(f"{name:22}{row['uar']:7.3f}{row['voice_known']:13.3f}{row['changed']:16.1%}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
