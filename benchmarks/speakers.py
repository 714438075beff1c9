r"""Measures how well speakers are told apart, on conversations composed of recordings.

    python benchmarks/speakers.py data/librispeech data/nemo/samples data/ravdess --seed 1 \
        --json build/speakers.json

60 conversations of two minutes with 2, 3 or 4 voices, two thirds of LibriSpeech (every other
speaker, those that the encoder's discriminants were not made of) and a third of nEMO, whose actors
play emotions; half of them in rooms (reverberation of 0.3 or 0.5 s), a fifth by telephone. Figures
are of pyannote.metrics: the diarization error rate with a collar of 0.25 s (removed around each
border, half on each side), overlap included, with the number of voices told and found.

Then emotions: conversations of two unseen actors of RAVDESS each, whole clips, read by a model that
has not learnt from them (the folds of ``--folds``): UAR over all clips, with speakers told, found,
and mixed. An emotion counts for a clip where it holds for most of its time.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
from conversations import RATE, Conversation, compose
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from speaker_encoder import speakers

from ser.corpora.ravdess import Ravdess
from ser.evaluation.metrics import uar
from ser.inference.classifier import open_classifier
from ser.inference.config import make_config
from ser.inference.consumers import WindowList
from ser.inference.recognizer import Recognizer, analyze
from ser.inference.turns import ListedTurns
from ser.labels import NO_SPEECH
from ser.models.artifact import read_card
from ser.speakers.diarization import MOST_SPEAKERS, SpeakerTurns
from ser.timeline.turn import Turn
from ser.timeline.window import Window

COLLAR = 0.25
COUNTS = (2, 2, 3, 4)
CONVERSATIONS = 60


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("librispeech", type=Path)
    parser.add_argument("nemo", type=Path)
    parser.add_argument("ravdess", type=Path, nargs="?")
    parser.add_argument("--folds", type=Path, help="models of a cross-validation: NAME-FOLD.keras")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = {"diarization": diarization(args.librispeech, args.nemo, args.seed)}
    print(json.dumps(found, indent=1), flush=True)
    if args.ravdess is not None and args.folds is not None:
        found["emotion"] = emotion(args.ravdess, args.folds, args.seed)
        print(json.dumps(found["emotion"], indent=1))
    if args.json is not None:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def diarization(librispeech: Path, nemo: Path, seed: int) -> dict[str, object]:
    """Measures who speaks when."""
    rng = np.random.default_rng(seed)
    read = speakers(librispeech, half=1)
    actors: dict[str, list[Path]] = {}
    for path in sorted(nemo.iterdir()):
        actors.setdefault(path.name.split("_")[0], []).append(path)
    rows = []
    seconds = took = 0.0
    for number in range(CONVERSATIONS):
        files = actors if number % 3 == 2 else read
        count = COUNTS[number % len(COUNTS)]
        chosen = rng.choice(sorted(files), count, replace=False)
        room = (None, 0.3, 0.5)[number % 3] if number % 2 else None
        talk = compose(
            {name: files[name] for name in chosen}, rng, room=room, telephone=number % 5 == 4
        )
        row: dict[str, object] = {
            "corpus": "nemo" if files is actors else "librispeech",
            "count": count,
        }
        for name, limits in (("told", (count, count)), ("found", (1, MOST_SPEAKERS))):
            begun = time.monotonic()
            turns = SpeakerTurns(*limits).turns((talk.samples, RATE), "talk")
            took += time.monotonic() - begun
            seconds += len(talk.samples) / RATE
            row[name] = errors(talk, turns)
            row[f"{name} count"] = len({turn.speaker for turn in turns})
        rows.append(row)
    return {
        "all": summarize(rows),
        **{
            f"{key} {value}": summarize([row for row in rows if row[key] == value])
            for key, values in (("count", (2, 3, 4)), ("corpus", ("librispeech", "nemo")))
            for value in values
        },
        "times real time": round(seconds / took, 1),
    }


def errors(talk: Conversation, turns: list[Turn]) -> dict[str, float]:
    """Gives the seconds of each kind of error, and of all speech."""
    metric = DiarizationErrorRate(collar=COLLAR)
    parts = metric.compute_components(annotation(talk.turns), annotation(turns))
    return {name: float(parts[name]) for name in sorted(parts)}


def annotation(turns: list[Turn]) -> Annotation:
    """Makes what pyannote.metrics takes."""
    made = Annotation()
    for number, turn in enumerate(turns):
        made[Segment(turn.start, turn.end), number] = turn.speaker
    return made


def summarize(rows: list[dict[str, object]]) -> dict[str, float]:
    """Gives error rates over rows, and how often the number of voices was right."""
    found: dict[str, float] = {}
    for name in ("told", "found"):
        total = Counter[str]()
        for row in rows:
            total.update(row[name])  # type: ignore[arg-type]
        wrong = ("confusion", "missed detection", "false alarm")
        found[f"{name}: error rate"] = round(sum(total[part] for part in wrong) / total["total"], 3)
        for part in wrong:
            found[f"{name}: {part}"] = round(total[part] / total["total"], 3)
    right = [row["found count"] == row["count"] for row in rows]
    found["number right"] = round(float(np.mean(right)), 3)
    return found


def emotion(ravdess: Path, folds: Path, seed: int) -> dict[str, object]:
    """Measures emotions of unseen actors in conversations."""
    rng = np.random.default_rng(seed)
    truth: list[str] = []
    heard: dict[str, list[str]] = {"told": [], "found": [], "mixed": []}
    for path in sorted(folds.glob("*.keras")):
        classifier = open_classifier(path)
        learnt = {name for name in read_card(path)["speakers"] if name.startswith("ravdess/")}
        held = sorted(set(range(1, 25)) - {int(name.split("/")[1]) for name in learnt})
        pairs = [held[i : i + 2] for i in range(0, len(held) - 1, 2)]
        for pair in pairs:
            folders = [ravdess / f"Actor_{actor:02d}" for actor in pair]
            files = {folder.name: sorted(folder.iterdir()) for folder in folders}
            talk = compose(files, rng, seconds=240, overlap=0, whole=True)
            truth += [label for _, _, label in clips_of(talk)]
            told = [Turn(t.start, t.end, t.speaker) for t in talk.turns]
            for name, turns in (
                ("told", told),
                ("found", SpeakerTurns(2, 2).turns((talk.samples, RATE), "talk")),
                ("mixed", [Turn(t.start, t.end, "all") for t in told]),
            ):
                config = make_config(classifier, turns=ListedTurns(tuple(turns), whole=False))
                windows = WindowList()
                analyze(
                    Recognizer(classifier, config), (talk.samples, RATE), [windows], name="talk"
                )
                heard[name] += heard_in(talk, windows.windows)
    return {
        "clips": len(truth),
        **{name: round(recall(truth, labels), 3) for name, labels in heard.items()},
    }


def clips_of(talk: Conversation) -> list[tuple[float, float, str]]:
    """Gives start, end and emotion of each clip of a conversation."""
    found: dict[int, tuple[float, float, str]] = {}
    for turn, (number, path) in zip(talk.turns, talk.clips, strict=True):
        start, end, _ = found.get(number, (turn.start, turn.end, ""))
        clip = None if path is None else Ravdess().parse(path)
        if clip is None:
            raise ValueError(f"{path} is no clip of RAVDESS")
        label = clip.emotion
        found[number] = (min(start, turn.start), max(end, turn.end), label)
    return [found[number] for number in sorted(found)]


def heard_in(talk: Conversation, windows: list[Window]) -> list[str]:
    """Gives the emotion that holds for most of the time of each clip."""
    found = []
    for start, end, _ in clips_of(talk):
        held = Counter[str]()
        for window in windows:
            shared = min(end, window.end) - max(start, window.start)
            if shared > 0 and window.emotion != NO_SPEECH:
                held[window.emotion] += shared  # type: ignore[assignment]
        found.append(held.most_common(1)[0][0] if held else "")
    return found


def recall(truth: list[str], heard: list[str]) -> float:
    """Gives the unweighted average recall; what is not heard at all is wrong."""
    labels = sorted({*truth, *heard})
    confusion = np.zeros((len(labels), len(labels)))
    for a, b in zip(truth, heard, strict=True):
        confusion[labels.index(a), labels.index(b)] += 1
    return float(uar(confusion))


if __name__ == "__main__":
    main()
