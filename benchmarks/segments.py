"""How to cut long recordings: window, hop and smoothing, by segments that are found again.

    python benchmarks/segments.py FOLDS RAVDESS [--folds 1,2] [--seed 0]

FOLDS is what ``ser-train --cv ravdess`` wrote: each fold's model hears the actors that it was not
trained on, and is as sure of itself as is right in the other folds. For each actor, one recording
is made of all clips: an emotion lasts for one to four clips (about 2 to 12 s), with half a second
of silence between clips. Prints for each setting the UAR and the macro F1 of the emotion at every
tenth of a second of speech, and the segment F1: a segment is found if a written one of the same
emotion covers it with an intersection over union of a half or more. Segments of the truth are
joined over the pauses.
"""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ser.audio import reader
from ser.corpora.base import Clip
from ser.corpora.registry import find_clips
from ser.evaluation.metrics import evaluate
from ser.evaluation.predictions import Predictions, read_predictions
from ser.inference import classification
from ser.inference.classifier import Classifier, open_classifier
from ser.labels import NO_SPEECH
from ser.models.calibration import fit_temperature
from ser.timeline.postprocess import join_segments, smooth
from ser.timeline.window import Window

PAUSE = 0.5
MOST_IN_A_ROW = 4
STEP = 0.1
WINDOWS = ((3.0, 3.0), (3.0, 1.5), (3.0, 1.0), (3.0, 0.5), (2.0, 1.0), (2.0, 0.5))
STAYS = (None, 0.5, 0.65, 0.8, 0.9)

Span = tuple[float, float, str]


def recording(
    clips: list[Clip], rate: int, rng: np.random.Generator
) -> tuple[np.ndarray, list[Span]]:
    """Joins an actor's clips; gives samples and what is said when."""
    waiting: dict[str, list[Clip]] = {}
    for index in rng.permutation(len(clips)):
        waiting.setdefault(clips[index].emotion, []).append(clips[index])
    samples: list[np.ndarray] = []
    spans: list[Span] = []
    position, last = 0, ""
    while waiting:
        names = [name for name in waiting if name != last] or list(waiting)
        last = str(rng.choice(names))
        for _ in range(min(int(rng.integers(1, MOST_IN_A_ROW + 1)), len(waiting[last]))):
            sound = reader.read(waiting[last].pop().path, rate)
            spans.append((position / rate, (position + len(sound)) / rate, last))
            samples += [sound, np.zeros(round(PAUSE * rate), np.float32)]
            position += len(sound) + len(samples[-1])
        if not waiting[last]:
            del waiting[last]
    return np.concatenate(samples), spans


def windows_of(
    samples: np.ndarray, engine: Classifier, duration: float, hop: float
) -> list[Window]:
    """Classifies a recording in memory as `ser-analyze` does a file."""
    rate, size = engine.spec.sample_rate, round(duration * engine.spec.sample_rate)
    starts = range(0, max(1, len(samples) - size), round(hop * rate))
    found = [(start / rate, samples[start : start + size]) for start in starts]
    result: list[Window] = []
    for i in range(0, len(found), 32):
        seconds, windows = zip(*found[i : i + 32], strict=True)
        result += classification.classify("", windows, seconds, engine, vad=True)
    return result


def temperature_without(predictions: Predictions, fold: int) -> float:
    """Gives the temperature that the answers about all other folds ask for."""
    chosen = predictions.fold != fold
    truth = np.array([predictions.labels.index(name) for name in predictions.emotion[chosen]])
    return fit_temperature(predictions.probabilities[chosen], truth)


def joined(spans: list[Span]) -> list[Span]:
    """Truth without its pauses."""
    result: list[Span] = []
    for span in spans:
        if result and result[-1][2] == span[2]:
            result[-1] = (result[-1][0], span[1], span[2])
        else:
            result.append(span)
    return result


def overlap(one: Span, other: Span) -> float:
    both = min(one[1], other[1]) - max(one[0], other[0])
    return max(0.0, both) / (max(one[1], other[1]) - min(one[0], other[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--folds", default="1,2,3,4,5")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    listing = find_clips([options.corpus], "ravdess", channel="speech")
    settings = list(itertools.product(WINDOWS, STAYS))
    said: dict[object, list[str]] = {setting: [] for setting in settings}
    hits = {setting: np.zeros(3) for setting in settings}  # found, written, in truth
    truth: list[str] = []
    labels: tuple[str, ...] = ()
    predictions = read_predictions(options.models / "predictions.csv")
    for fold in options.folds.split(","):
        engine = open_classifier(options.models / f"fold-{fold}.keras", "litert")
        engine.temperature = temperature_without(predictions, int(fold))
        labels = engine.labels
        apart = [c for c in listing.clips if f"ravdess/{c.speaker}" not in engine.card["speakers"]]
        for speaker in sorted({clip.speaker for clip in apart}):
            rng = np.random.default_rng((options.seed, int(speaker)))
            clips = [clip for clip in apart if clip.speaker == speaker]
            samples, spans = recording(clips, engine.spec.sample_rate, rng)
            moments = np.arange(STEP / 2, spans[-1][1], STEP)
            spoken = [
                (t, s[2]) for s in spans for t in moments[(moments > s[0]) & (moments < s[1])]
            ]
            truth += [name for _, name in spoken]
            for window, hop in WINDOWS:
                heard = windows_of(samples, engine, window, hop)
                for stay in STAYS:
                    after = heard if stay is None else list(smooth(iter(heard), stay))
                    cut = [w for w in join_segments(after) if w.emotion != NO_SPEECH]
                    starts = np.array([w.start for w in cut])
                    names = [w.emotion for w in cut]
                    at = np.searchsorted(starts, [t for t, _ in spoken]) - 1
                    setting = ((window, hop), stay)
                    said[setting] += [names[max(0, i)] for i in at]
                    written = [(w.start, w.end, w.emotion) for w in cut]
                    real = joined(spans)
                    found = sum(
                        any(s[2] == w[2] and overlap(s, w) >= 0.5 for w in written) for s in real
                    )
                    hits[setting] += (found, len(written), len(real))
        print(f"fold {fold}", file=sys.stderr, flush=True)
    print(
        f"RAVDESS joined, folds {options.folds}, speakers apart, seed {options.seed}, "
        f"{options.models}"
    )
    print(f"{'window':>7}{'hop':>5}{'stay':>6}{'UAR':>7}{'F1':>7}{'segment F1':>12}")
    for setting in settings:
        scores = evaluate_names(truth, said[setting], labels)
        found, written, real = hits[setting]
        (window, hop), stay = setting
        print(
            f"{window:7.1f}{hop:5.1f}{'-' if stay is None else stay!s:>6}"
            f"{scores[0]:7.3f}{scores[1]:7.3f}{2 * found / (written + real):12.3f}"
        )


def evaluate_names(
    truth: list[str], said: list[str], labels: tuple[str, ...]
) -> tuple[float, float]:
    """UAR and macro F1 of one name per moment."""
    certain = np.eye(len(labels), dtype=np.float32)[[labels.index(name) for name in said]]
    scores = evaluate(truth, certain, labels).scores
    return scores.uar, scores.macro_f1


if __name__ == "__main__":
    main()
