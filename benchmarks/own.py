"""What `ser-translate --from auto` leaves alone: recordings that have the wanted emotion already.

    python benchmarks/own.py FOLDS RAVDESS [--every 1]

FOLDS is what ``ser-train --cv ravdess`` wrote: each actor is heard by the classifier that was not
trained on him or her. Printed are, by emotion, the share of recordings in which every phrase is
taken for that emotion, so that ``--to`` leaves them as they are to the sample; and the share of
neutral recordings that are taken for it as well, and stay neutral for that: what the option costs.
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


class Watcher:
    """An engine that changes nothing, and keeps what it is told of each phrase."""

    emotions = COMMON

    def __init__(self) -> None:
        self.told: list[str | None] = []

    def __call__(
        self, contours: Contours, to: str, intensity: float = 1.0, source: str | None = None
    ) -> Modification:
        """Hears what a phrase is; see `ser.conversion.modification.Converter`."""
        self.told.append(source)
        return identity_modification(len(contours))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--every", type=int, default=1, help="one of so many recordings")
    options = parser.parse_args()
    listing = find_clips([options.corpus], "ravdess", channel="speech")
    taken: dict[str, list[str | None]] = defaultdict(list)
    for path in sorted(options.models.glob("fold-*.keras")):
        engine = open_classifier(path, "litert")
        trained = set(engine.card["speakers"])
        unheard = [clip for clip in listing.clips if f"ravdess/{clip.speaker}" not in trained]
        for clip in unheard[:: options.every]:
            watcher = Watcher()
            samples, rate = soundfile.read(clip.path, dtype="float32")
            convert(samples, rate, watcher, clip.emotion, 1.0, SourceEmotionClassifier(engine))
            one = len(set(watcher.told)) == 1
            taken[clip.emotion].append(watcher.told[0] if one else None)
    count = sum(map(len, taken.values()))
    print(f"{count} recordings, each by the classifier in {options.models} that has not heard it")
    print(f"{'emotion':12}{'has it, stays':>16}{'neutral, stays':>16}")
    kept = {name: np.mean([told == name for told in found]) for name, found in taken.items()}
    for name in ordered(taken):
        cost = np.mean([told == name for told in taken["neutral"]])
        print(f"{name:12}{kept[name]:16.2f}" + (f"{cost:16.2f}" if name != "neutral" else ""))
    print(f"{'mean':12}{np.mean(list(kept.values())):16.2f}")


if __name__ == "__main__":
    main()
