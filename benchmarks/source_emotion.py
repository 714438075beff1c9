"""Recognition of the source emotion by ``ser-translate --from auto``.

    python benchmarks/source_emotion.py FOLDS RAVDESS [--every 1]

FOLDS is what ``ser-train --cv ravdess`` wrote: each actor is classified by the model that was not
trained on him or her. Printed are, by emotion, the share of recordings in which every phrase is
recognized as that emotion, so that ``--to`` leaves them as they are; and the share of neutral
recordings that are recognized as it too, and wrongly stay neutral.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import soundfile

from ser.conversion.contours import Contours
from ser.conversion.modification import Modification, identity_modification
from ser.conversion.pipeline import convert
from ser.conversion.source_emotion import SourceEmotionClassifier
from ser.corpora.registry import find_clips
from ser.inference.classifier import open_classifier
from ser.labels import COMMON, ordered


class SourceEmotionRecorder:
    """An engine that changes nothing, and records the source emotion of each phrase."""

    emotions = COMMON

    def __init__(self) -> None:
        self.emotions_of_phrases: list[str | None] = []

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Records the source emotion; see `ser.conversion.modification.Converter`."""
        self.emotions_of_phrases.append(source)
        return identity_modification(len(contours))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--every", type=int, default=1, help="one of so many recordings")
    options = parser.parse_args()
    listing = find_clips([options.corpus], "ravdess", channel="speech")
    recognized: dict[str, list[str | None]] = defaultdict(list)
    for path in sorted(options.models.glob("fold-*.keras")):
        engine = open_classifier(path, "litert")
        trained = set(engine.card["speakers"])
        held_out = [clip for clip in listing.clips if f"ravdess/{clip.speaker}" not in trained]
        for clip in held_out[:: options.every]:
            recorder = SourceEmotionRecorder()
            samples, rate = soundfile.read(clip.path, dtype="float32")
            convert(samples, rate, recorder, clip.emotion, 1.0, SourceEmotionClassifier(engine))
            one = len(set(recorder.emotions_of_phrases)) == 1
            recognized[clip.emotion].append(recorder.emotions_of_phrases[0] if one else None)
    count = sum(map(len, recognized.values()))
    print(f"{count} recordings, by the classifiers in {options.models} not trained on the actor")
    print(f"{'emotion':12}{'has it, stays':>16}{'neutral, stays':>16}")
    rates = {
        name: np.mean([emotion == name for emotion in found]) for name, found in recognized.items()
    }
    for name in ordered(recognized):
        cost = np.mean([emotion == name for emotion in recognized["neutral"]])
        print(f"{name:12}{rates[name]:16.2f}" + (f"{cost:16.2f}" if name != "neutral" else ""))
    print(f"{'mean':12}{np.mean(list(rates.values())):16.2f}")


if __name__ == "__main__":
    main()
