"""Whether loudness decides: the same clips at other levels, and how many labels change.

    python benchmarks/level.py MODEL.keras RAVDESS [--actors 2,5,14,15,16]

A model should hear the voice and not the distance to the microphone. Each clip is scaled as a
whole, in float32, so nothing clips. Give actors that the model was not trained on, such as the
first published fold and ``build/cv/fold-1.keras``; the default actors are that fold's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ser import audio
from ser.corpora.registry import find_clips
from ser.engine import open_engine
from ser.evaluation import evaluate
from ser.features.extract import fit_frames

GAINS_DB = (-40, -20, -10, 0, 10, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--actors", default="2,5,14,15,16")
    arguments = parser.parse_args()
    engine = open_engine(arguments.model)
    actors = {f"{int(actor):02d}" for actor in arguments.actors.split(",")}
    listing = find_clips([arguments.corpus], "ravdess", channel="speech")
    clips = [clip for clip in listing.clips if clip.speaker in actors]
    sounds = [audio.read(clip.path, engine.spec.sample_rate) for clip in clips]
    levels = [20 * np.log10(np.sqrt(np.mean(np.square(s, dtype=np.float64)))) for s in sounds]
    known = f"ravdess/{min(actors)}" in engine.card["speakers"]
    print(f"{arguments.model.name}, {len(clips)} clips of actors {', '.join(sorted(actors))}")
    print("the model was trained on them" if known else "the model was not trained on them")
    print(f"level as recorded: median {np.median(levels):.0f} dBFS RMS\n")
    print("gain, dB   labels changed     UAR")
    usual = None
    for gain in sorted(GAINS_DB, key=abs):
        factor = np.float32(10 ** (gain / 20))
        matrices = [fit_frames(engine.extractor(s * factor), engine.frames) for s in sounds]
        probabilities = engine.probabilities(np.stack(matrices))
        best = probabilities.argmax(axis=1)
        usual = best if usual is None else usual
        scores = evaluate([c.emotion for c in clips], probabilities, engine.labels).scores
        print(f"{gain:+8d}   {(best != usual).mean():14.1%}   {scores.uar:.3f}")


if __name__ == "__main__":
    main()
